# A fresh Debian of any release in a temporary folder, for the scripts beside this file, which
# source it. Nothing of it stays behind. It needs root, debootstrap and the Debian mirror that apt
# uses on this machine. No folder of this machine is mounted there, /proc neither.
# shellcheck shell=bash

# Where debootstrap and chroot are; not every shell of root's looks there.
PATH=$PATH:/usr/sbin:/sbin

fail() {
  echo "${0##*/}: $*" >&2
  exit 1
}

# The mirror of this machine's own release, without its security updates.
mirror_of_apt() {
  local codename
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  # shellcheck disable=SC2016 # apt's placeholders, not the shell's
  apt-get indextargets --format '$(CODENAME) $(SITE)' 'Created-By: Packages' 'Component: main' |
    awk -v codename="$codename" '$1 == codename { print $2; exit }'
}

# make_debian SUITE: sets `folder`, which is deleted when the script ends, and `proxy`; Debian is in
# $folder/root.
make_debian() {
  local suite=$1 mirror
  [[ "$(id -u)" == 0 ]] || fail "only root can make a Debian in a folder"
  command -v debootstrap >/dev/null || fail "debootstrap was not found (Debian: debootstrap)"
  mirror=$(mirror_of_apt)
  [[ -n "$mirror" ]] || fail "apt knows no mirror of this machine's release"

  folder=$(mktemp -d "${TMPDIR:-/tmp}/waybill-debian.XXXXXX")
  # One file system: whatever somebody may have mounted there is not ours to delete.
  trap 'rm -rf --one-file-system "$folder"' EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP

  proxy=""
  eval "$(apt-config shell proxy Acquire::http::Proxy)"
  [[ -z "$proxy" ]] || export http_proxy=$proxy
  echo "== Debian $suite"
  debootstrap --variant=minbase --include=ca-certificates "$suite" "$folder/root" "$mirror" \
    >"$folder/debootstrap.log" || {
    tail -n 20 "$folder/debootstrap.log" >&2
    fail "debootstrap failed"
  }
}

# in_debian ROOT COMMAND...: runs a command there, with nothing of this machine's environment.
in_debian() {
  local root=$1
  shift
  chroot "$root" env -i HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" DEBIAN_FRONTEND=noninteractive \
    PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    ${http_proxy:+"http_proxy=$http_proxy"} "$@"
}

# copy_project ROOT: what is committed, to /waybill there.
copy_project() {
  mkdir "$1/waybill"
  git archive HEAD | tar -x -C "$1/waybill"
}

#!/usr/bin/env bash
# Tests what is committed in a fresh Debian of another release, with that release's compiler and
# client libraries. `tools/dev/test-in-debian.sh --help` says more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

usage() {
  cat <<'TEXT'
usage: tools/dev/test-in-debian.sh SUITE [ARGUMENT OF test.sh]...
  SUITE   bookworm (Debian 12) or trixie (Debian 13)
Makes a Debian in a temporary folder with debootstrap, puts a copy of HEAD into it and runs
`./test.sh --unit` there, or test.sh with the arguments given. Nothing of it stays behind.
Needs root, debootstrap, 3 GB in TMPDIR and the Debian mirror that apt uses on this machine. No folder
of this machine is mounted there, /proc neither: test.sh cannot look for processes left behind.
TEXT
}

fail() {
  echo "test-in-debian.sh: $*" >&2
  exit 1
}

# The mirror of this machine's own release, without its security updates.
mirror_of_apt() {
  local codename
  codename=$(. /etc/os-release && echo "${VERSION_CODENAME:-}")
  # shellcheck disable=SC2016 # apt's placeholders, not the shell's
  apt-get indextargets --format '$(RELEASE) $(SITE)' 'Created-By: Packages' 'Component: main' |
    awk -v codename="$codename" '$1 == codename { print $2; exit }'
}

suite=${1:-}
case "$suite" in
  bookworm | trixie) shift ;;
  --help | -h)
    usage
    exit 0
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac
[[ $# != 0 ]] || set -- --unit
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
mkdir "$folder/root/waybill"
git archive HEAD | tar -x -C "$folder/root/waybill"
chroot "$folder/root" env -i HOME=/root LANG=C.UTF-8 TERM="${TERM:-dumb}" \
  PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
  ${http_proxy:+"http_proxy=$http_proxy"} /waybill/test.sh "$@"

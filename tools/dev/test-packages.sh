#!/usr/bin/env bash
# Makes the Debian packages of what is committed and uses them in a Debian that has nothing else.
# `tools/dev/test-packages.sh --help` says more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

usage() {
  cat <<'TEXT'
usage: tools/dev/test-packages.sh [--keep FOLDER] SUITE
  SUITE          bookworm (Debian 12) or trixie (Debian 13)
  --keep FOLDER  puts the packages there when they passed
Builds the packages in a fresh Debian of that release, made in a temporary folder by debootstrap.
Installs them with apt in another one, which has no compiler and nothing of waybill's source:
first the command, which is run; then the -dev packages, with which the programs of
integration-tests/package are built, by find_package and by pkg-config, and run. Removes them again.
Needs root, debootstrap, 4 GB in TMPDIR and the Debian mirror that apt uses on this machine.
TEXT
}

# shellcheck source=debian-chroot.sh
source tools/dev/debian-chroot.sh

keep=""
if [[ "${1:-}" == --keep && -n "${2:-}" ]]; then
  keep=$2
  shift 2
fi
suite=${1:-}
case "$suite" in
  bookworm | trixie) ;;
  --help | -h)
    usage
    exit 0
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac

make_debian "$suite"
cp -a "$folder/root" "$folder/clean"
clean=$folder/clean

echo "== build the packages"
copy_project "$folder/root"
in_debian "$folder/root" /waybill/tools/dev/install-packages.sh build package >"$folder/install.log" || {
  tail -n 20 "$folder/install.log" >&2
  fail "what the build needs could not be installed"
}
in_debian "$folder/root" sh -c 'cd /waybill && cmake --workflow --preset package'
mkdir "$clean/packages"
cp "$folder"/root/waybill/build/package/packages/*.deb "$clean/packages"
rm -rf --one-file-system "$folder/root"
cp -r integration-tests/package "$clean/package-tests"

install() {
  in_debian "$clean" apt-get install --quiet --yes --no-install-recommends "$@" >"$folder/install.log" || {
    tail -n 20 "$folder/install.log" >&2
    fail "could not be installed: $*"
  }
}

echo "== install the command"
in_debian "$clean" apt-get update --quiet
install $(cd "$clean" && echo ./packages/libwaybill-core0_*.deb ./packages/waybill_*.deb)
in_debian "$clean" waybill inspect traceparent=00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01
in_debian "$clean" waybill inspect --json baggage=user=alice

echo "== install what is built against"
install $(cd "$clean" && echo ./packages/*.deb) g++ make cmake pkg-config
in_debian "$clean" dpkg-query --show '*waybill*'

library_folder=lib/$(in_debian "$clean" gcc -print-multiarch)
# pkg_config_consumer KIND COMPONENT
pkg_config_consumer() {
  echo "== build and run the $2 consumer with pkg-config, $1"
  in_debian "$clean" env CXX=g++ LIBDIR="$library_folder" /package-tests/pkg-config-consumer.sh "$1" /usr \
    "/$1-$2" "waybill-${2//_/-}" "/package-tests/consumers/$2/main.cpp"
}
for folder in integration-tests/package/consumers/*/; do
  component=$(basename "$folder")
  echo "== build and run the $component consumer with find_package"
  in_debian "$clean" cmake -S "/package-tests/consumers/$component" -B "/$component" \
    -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror"
  in_debian "$clean" cmake --build "/$component"
  in_debian "$clean" "/$component/${component}_consumer"
  pkg_config_consumer shared "$component"
done
pkg_config_consumer fully-static core
for file in adapters/*/adapter.cmake; do
  adapter=$(basename "$(dirname "$file")")
  echo "== build and run the $adapter consumer with the static libraries"
  in_debian "$clean" cmake -S /package-tests/any-consumer -B "/$adapter-static" \
    -Dwaybill_USE_STATIC_LIBS=ON -DCONSUMER_COMPONENT="$adapter" -DCONSUMER_LIBRARY_TYPE=STATIC_LIBRARY
  in_debian "$clean" cmake --build "/$adapter-static"
  in_debian "$clean" "/$adapter-static/any_consumer"
done

echo "== remove them"
in_debian "$clean" sh -c 'apt-get purge --quiet --yes "?name(waybill)"' >"$folder/install.log" || fail "apt could not remove them"
left=$(cd "$clean" && find usr -path '*waybill*')
[[ -z "$left" ]] || fail "left behind: $left"

if [[ -n "$keep" ]]; then
  mkdir -p "$keep"
  cp "$clean"/packages/*.deb "$keep"
fi
echo "test-packages.sh: the packages for $suite passed"

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
cp -r integration-tests/package "$clean/consumers"

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

for consumer in core kafka kafka-cpp rabbitmq mqtt mqtt-cpp; do
  echo "== build and run the $consumer consumer with find_package"
  in_debian "$clean" cmake -S "/consumers/$consumer-consumer" -B "/$consumer" -DCMAKE_CXX_FLAGS="-Wall -Wextra -Werror"
  in_debian "$clean" cmake --build "/$consumer"
  in_debian "$clean" "/$consumer/${consumer//-/_}_consumer"
done
echo "== build and run the kafka consumer with the static libraries"
in_debian "$clean" cmake -S /consumers/kafka-consumer -B /kafka-static \
  -Dwaybill_USE_STATIC_LIBS=ON -DCONSUMER_LIBRARY_TYPE=STATIC_LIBRARY
in_debian "$clean" cmake --build /kafka-static
in_debian "$clean" /kafka-static/kafka_consumer

library_folder=lib/$(in_debian "$clean" gcc -print-multiarch)
pkg_config_consumer() {
  echo "== build and run $4 with pkg-config, $1"
  in_debian "$clean" env CXX=g++ LIBDIR="$library_folder" /consumers/pkg-config-consumer.sh "$1" /usr "$2" "$3" "$4"
}
pkg_config_consumer shared /with-core waybill-core /consumers/core-consumer/main.cpp
pkg_config_consumer fully-static /with-core-static waybill-core /consumers/core-consumer/main.cpp
pkg_config_consumer shared /with-kafka waybill-kafka /consumers/kafka-consumer/main.cpp
pkg_config_consumer shared /with-kafka-cpp waybill-kafka-cpp /consumers/kafka-cpp-consumer/main.cpp
pkg_config_consumer shared /with-rabbitmq waybill-rabbitmq /consumers/rabbitmq-consumer/main.cpp
pkg_config_consumer shared /with-mqtt waybill-mqtt /consumers/mqtt-consumer/main.cpp
pkg_config_consumer shared /with-mqtt-cpp waybill-mqtt-cpp /consumers/mqtt-cpp-consumer/main.cpp

echo "== remove them"
in_debian "$clean" sh -c 'apt-get purge --quiet --yes "?name(waybill)"' >"$folder/install.log" || fail "apt could not remove them"
left=$(cd "$clean" && find usr -path '*waybill*')
[[ -z "$left" ]] || fail "left behind: $left"

if [[ -n "$keep" ]]; then
  mkdir -p "$keep"
  cp "$clean"/packages/*.deb "$keep"
fi
echo "test-packages.sh: the packages for $suite passed"

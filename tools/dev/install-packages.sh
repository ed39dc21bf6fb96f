#!/usr/bin/env bash
# Installs the Debian packages that a group of tasks needs. What is there already is left alone, so
# with everything in place nothing is downloaded and no other program is run than dpkg-query.
set -euo pipefail
# What dpkg and we look for is there; not every shell of root's looks there.
PATH=$PATH:/usr/sbin:/sbin

# shellcheck source=adapters.sh
source "$(dirname "${BASH_SOURCE[0]}")/adapters.sh"

usage() {
  cat <<'TEXT'
usage: tools/dev/install-packages.sh GROUP...
  build      compiler, CMake, Ninja, CLI11, nlohmann-json, Boost, and the adapters' client libraries
  unit       GoogleTest, Python
  brokers    the adapters' brokers, or what they need to be fetched and run
  test       those, GoogleTest, nlohmann-json, Python, and the clients that the adapters' tests run
  containers Docker with Compose, unless they are here from elsewhere, and what fetches brokers
  debootstrap
             debootstrap, to make a Debian in a folder
  package    file and dpkg-dev, to make Debian packages
  doc        Doxygen
  leaks      valgrind
  ci         ccache; clang-format, clang-tidy, clang and its sanitizers, version 14, and Google Benchmark,
             which clang-tidy reads too (Debian 12 only)
  benchmark  Google Benchmark, opentelemetry-cpp, Python, and the brokers
What an adapter needs is registered in its adapter.cmake.
The group benchmark adds bookworm-backports to apt's sources on Debian 12, from the mirror that is
configured, because opentelemetry-cpp is there: in a file of its own, and only if it is not there yet.
A server that comes with a package is neither started nor enabled: the tests start brokers of their own.
Works on Debian 12 and 13, as root or through sudo. WAYBILL_SKIP_INSTALL=1 makes it do nothing, for
machines whose packages come another way.
TEXT
}

say() { echo "install-packages: $*"; }

has_package() {
  [[ "$(dpkg-query --show --showformat='${db:Status-Status}' "$1" 2>/dev/null)" == installed ]]
}

# Java and Maven often come from elsewhere; another one beside them would only be in the way.
has_java_17() {
  local version
  version=$(java -version 2>&1 | sed -nE '1s/.*"([0-9]+).*/\1/p') || return 1
  [[ -n "$version" && "$version" -ge 17 ]]
}

# unless_elsewhere PACKAGE...: leaves out Java and Maven where they came another way.
unless_elsewhere() {
  local package
  for package in "$@"; do
    case "$package" in
      default-jre-headless) has_java_17 || echo "$package" ;;
      maven) command -v mvn >/dev/null || echo "$package" ;;
      *) echo "$package" ;;
    esac
  done
}

# Whoever says where a broker is does not need what fetches it.
packages_that_fetch() {
  local name variable
  for name in $(adapters_with_fetched_broker); do
    variable=$(broker_variable "$name")
    # shellcheck disable=SC2046 # several words on purpose
    [[ -n "${!variable:-}" ]] || unless_elsewhere $(adapter_values BROKER_FETCH_PACKAGES "$name")
  done
}

packages_of() {
  case "$1" in
    build)
      echo g++ cmake ninja-build pkg-config libcli11-dev nlohmann-json3-dev libboost-dev
      adapter_values BUILD_PACKAGES
      ;;
    unit) echo libgtest-dev python3 ;;
    brokers)
      # shellcheck disable=SC2046 # several words on purpose
      unless_elsewhere $(adapter_values BROKER_PACKAGES)
      packages_that_fetch
      ;;
    test)
      packages_of brokers
      echo libgtest-dev nlohmann-json3-dev python3
      adapter_values TEST_PACKAGES
      ;;
    containers)
      if ! docker version >/dev/null 2>&1; then
        command -v dockerd >/dev/null || echo docker.io
        # The package of the server has the client on Debian 12 alone.
        [[ "$debian_version" == 12 ]] || command -v docker >/dev/null || echo docker-cli
      fi
      docker compose version >/dev/null 2>&1 || command -v docker-compose >/dev/null || echo docker-compose
      packages_that_fetch
      ;;
    debootstrap) echo debootstrap ;;
    package) echo file dpkg-dev ;;
    doc) echo doxygen ;;
    leaks) echo valgrind ;;
    ci)
      echo ccache
      if [[ "$debian_version" == 12 ]]; then
        echo clang-format-14 clang-tidy-14 clang-14 libclang-rt-14-dev libbenchmark-dev
      fi
      ;;
    benchmark)
      echo libbenchmark-dev opentelemetry-cpp-dev libgtest-dev nlohmann-json3-dev python3
      packages_of brokers
      ;;
  esac
}

# Debian 12 has opentelemetry-cpp in its backports alone. Their address is that of this machine's own
# mirror, so that nothing comes from elsewhere than the rest.
add_backports() {
  local suite=bookworm-backports mirror
  # shellcheck disable=SC2016 # apt's placeholders, not the shell's
  apt-get indextargets --format '$(SUITE) $(CODENAME) $(REPO_URI)' 'Created-By: Packages' |
    grep -q " $suite " && return 0
  # shellcheck disable=SC2016
  mirror=$(apt-get indextargets --format '$(CODENAME) $(REPO_URI)' 'Created-By: Packages' 'Component: main' |
    awk '$1 == "bookworm" { print $2; exit }')
  [[ -n "$mirror" ]] || {
    say "apt knows no mirror of bookworm on this machine; add $suite yourself and start again" >&2
    return 1
  }
  say "adding $suite to apt's sources, for opentelemetry-cpp"
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' "$mirror" "$suite" \
    /usr/share/keyrings/debian-archive-keyring.gpg |
    "$@" tee /etc/apt/sources.list.d/waybill-backports.sources >/dev/null
}

# The services that come with a package, or with one that it needs: each as PACKAGE:UNIT.
services=(docker.io:docker.service docker.io:docker.socket containerd:containerd.service)
# shellcheck disable=SC2207 # several words on purpose
services+=($(adapter_values BROKER_SERVICES))
service_policy=/usr/sbin/policy-rc.d
made_policy=""
as_root=()

restore_service_policy() {
  [[ -n "$made_policy" ]] || return 0
  if [[ -e "$service_policy.before-waybill" ]]; then
    "${as_root[@]}" mv "$service_policy.before-waybill" "$service_policy"
  else
    "${as_root[@]}" rm -f "$service_policy"
  fi
  made_policy=""
}

# Debian's packages start their servers unless this file says no. The machine's own one, if there
# is any, comes back afterwards.
forbid_starting_services() {
  made_policy=1
  trap restore_service_policy EXIT
  if [[ -e "$service_policy" ]]; then
    "${as_root[@]}" mv "$service_policy" "$service_policy.before-waybill"
  fi
  printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$service_policy" >/dev/null
  "${as_root[@]}" chmod 755 "$service_policy"
}

# Takes a service that has just come out of the machine's start. With or without systemd: links
# that the package made wait for one that may come later.
disable_service() {
  local unit=$1 name=${1%.*}
  if command -v systemctl >/dev/null; then
    "${as_root[@]}" systemctl --quiet disable "$unit"
  else
    "${as_root[@]}" find /etc/systemd/system -path '*.wants/*' -name "$unit" -type l -delete
  fi
  if [[ -x "/etc/init.d/$name" ]]; then "${as_root[@]}" update-rc.d "$name" disable; fi
}

install_missing() {
  if [[ "$(id -u)" != 0 ]]; then
    command -v sudo >/dev/null || {
      say "not root and no sudo here; install these and start again: $*" >&2
      return 1
    }
    as_root=(sudo)
  fi
  if [[ "$debian_version" == 12 && " $* " == *" opentelemetry-cpp-dev "* ]]; then
    add_backports "${as_root[@]}"
  fi
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=300)
  local service new_services=()
  for service in "${services[@]}"; do
    has_package "${service%%:*}" || new_services+=("$service")
  done
  say "installing $*"
  "${apt[@]}" update --quiet || say "the package lists could not all be updated; going on with those here" >&2
  forbid_starting_services
  "${apt[@]}" install --quiet --yes --no-install-recommends "$@"
  restore_service_policy
  for service in "${new_services[@]}"; do
    if has_package "${service%%:*}"; then disable_service "${service#*:}"; fi
  done
}

if [[ $# == 0 || "$1" == --help ]]; then
  usage
  [[ $# != 0 ]]
  exit
fi
for group in "$@"; do
  case "$group" in
    build | unit | brokers | test | containers | debootstrap | package | doc | leaks | ci | benchmark) ;;
    *)
      say "there is no group $group" >&2
      usage >&2
      exit 2
      ;;
  esac
done
if [[ "${WAYBILL_SKIP_INSTALL:-}" == 1 ]]; then
  say "WAYBILL_SKIP_INSTALL is 1: nothing looked at, nothing installed"
  exit 0
fi
if ! command -v dpkg-query >/dev/null || ! command -v apt-get >/dev/null; then
  say "this is not a Debian machine; install what CONTRIBUTING.md lists, then set WAYBILL_SKIP_INSTALL=1" >&2
  exit 1
fi
debian_version=$(. /etc/os-release && echo "${VERSION_ID:-unknown}")

missing=()
for group in "$@"; do
  if [[ "$group" == ci && "$debian_version" != 12 ]]; then
    say "group ci: clang 14 is in Debian 12 only, this is ${debian_version}: nothing to install"
  fi
  for package in $(packages_of "$group"); do
    has_package "$package" || missing+=("$package")
  done
done
if [[ ${#missing[@]} == 0 ]]; then
  say "everything for $* is here"
  exit 0
fi
install_missing "${missing[@]}"
for package in "${missing[@]}"; do
  has_package "$package" || {
    say "$package is still missing" >&2
    exit 1
  }
done

#!/usr/bin/env bash
# Installs the Debian packages that a group of tasks needs. What is there already is left alone, so
# with everything in place nothing is downloaded and no other program is run than dpkg-query.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: tools/dev/install-packages.sh GROUP...
  build      compiler, CMake, Ninja, librdkafka, CLI11, nlohmann-json
  unit       GoogleTest, Python
  test       GoogleTest, nlohmann-json, kcat, Python, Java and Maven (for a real Apache Kafka)
  package    file and dpkg-dev, to make Debian packages
  doc        Doxygen
  ci         clang-format, clang-tidy, clang and its sanitizers, version 14, and Google Benchmark, which
             clang-tidy reads too (Debian 12 only)
  benchmark  Google Benchmark, opentelemetry-cpp, Python, Java and Maven (for a real Apache Kafka)
The group benchmark adds bookworm-backports to apt's sources on Debian 12, from the mirror that is
configured, because opentelemetry-cpp is there: in a file of its own, and only if it is not there yet.
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

packages_of() {
  case "$1" in
    build) echo g++ cmake ninja-build pkg-config librdkafka-dev libcli11-dev nlohmann-json3-dev ;;
    unit) echo libgtest-dev python3 ;;
    test)
      echo libgtest-dev nlohmann-json3-dev kcat python3
      has_java_17 || echo default-jre-headless
      command -v mvn >/dev/null || echo maven
      ;;
    package) echo file dpkg-dev ;;
    doc) echo doxygen ;;
    ci)
      if [[ "$debian_version" == 12 ]]; then
        echo clang-format-14 clang-tidy-14 clang-14 libclang-rt-14-dev libbenchmark-dev
      fi
      ;;
    benchmark)
      echo libbenchmark-dev opentelemetry-cpp-dev libgtest-dev nlohmann-json3-dev python3
      has_java_17 || echo default-jre-headless
      command -v mvn >/dev/null || echo maven
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

install_missing() {
  local as_root=()
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
  say "installing $*"
  "${apt[@]}" update --quiet || say "the package lists could not all be updated; going on with those here" >&2
  "${apt[@]}" install --quiet --yes --no-install-recommends "$@"
}

if [[ $# == 0 || "$1" == --help ]]; then
  usage
  [[ $# != 0 ]]
  exit
fi
for group in "$@"; do
  case "$group" in
    build | unit | test | package | doc | ci | benchmark) ;;
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

#!/usr/bin/env bash
# Compares the ABI of the shared libraries of two commits. `tools/dev/compare-abi.sh --help` says more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

usage() {
  cat <<'TEXT'
usage: tools/dev/compare-abi.sh BEFORE [AFTER]
  BEFORE  a commit or tag, such as the last release
  AFTER   HEAD unless told
Builds the shared libraries of both in a temporary folder and compares them with abidiff (Debian:
abigail-tools), by the types of the public headers alone. Ends with 0 when the same is there, or more;
with 1 when something that a program built with BEFORE may use is gone or has another shape.
TEXT
}

fail() {
  echo "compare-abi.sh: $*" >&2
  exit 2
}

if [[ "${1:-}" == --help || "${1:-}" == -h ]]; then
  usage
  exit 0
fi
[[ $# == 1 || $# == 2 ]] || {
  usage >&2
  exit 2
}
command -v abidiff >/dev/null || fail "abidiff was not found (Debian: abigail-tools)"

folder=$(mktemp -d "${TMPDIR:-/tmp}/waybill-abi.XXXXXX")
trap 'rm -rf "$folder"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# build NAME COMMIT: installs its shared libraries, with debug information, to $folder/NAME.
build() {
  git rev-parse --quiet --verify "$2^{commit}" >/dev/null || fail "there is no commit $2"
  mkdir "$folder/$1-source"
  git archive "$2" | tar -x -C "$folder/$1-source"
  cmake -S "$folder/$1-source" -B "$folder/$1-build" -G Ninja -DCMAKE_BUILD_TYPE=Debug \
    -DCMAKE_INSTALL_LIBDIR=lib -DBUILD_SHARED_LIBS=ON -DWAYBILL_ADAPTERS=ON \
    -DWAYBILL_BUILD_TESTS=OFF -DWAYBILL_BUILD_INTEGRATION_TESTS=OFF \
    -DWAYBILL_BUILD_EXAMPLES=OFF -DWAYBILL_BUILD_TOOLS=OFF &&
    cmake --build "$folder/$1-build" -- --quiet &&
    cmake --install "$folder/$1-build" --prefix "$folder/$1"
}

for each in before after; do
  commit=$1
  [[ "$each" == before ]] || commit=${2:-HEAD}
  build "$each" "$commit" >"$folder/$each.log" 2>&1 || {
    tail -n 20 "$folder/$each.log" >&2
    fail "$commit could not be built"
  }
done

status=0
for library in "$folder"/before/lib/libwaybill_*.so; do
  name=${library##*/}
  echo "== $name"
  [[ -e "$folder/after/lib/$name" ]] || {
    echo "is gone"
    status=1
    continue
  }
  result=0
  abidiff --headers-dir1 "$folder/before/include/waybill" --headers-dir2 "$folder/after/include/waybill" \
    --drop-private-types --no-added-syms "$library" "$folder/after/lib/$name" || result=$?
  # Of its bits 1 and 2 say that abidiff failed, the others that something changed.
  (((result & 3) == 0)) || fail "abidiff could not compare them"
  [[ "$result" == 0 ]] || status=1
done
exit "$status"

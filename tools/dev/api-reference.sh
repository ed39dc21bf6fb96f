#!/usr/bin/env bash
# Makes the API reference from the comments of the public headers, with Doxygen (1.9.4 and 1.9.8 are
# tested: Debian 12 and 13). Ends with 0 only if Doxygen had nothing to say: a public entity without a
# comment is an error. Start: build/api-reference/html/index.html
# usage: tools/dev/api-reference.sh
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if [[ $# != 0 ]]; then
  sed -n '2,5s/^# //p' "$0"
  [[ "$1" == --help || "$1" == -h ]]
  exit
fi
command -v doxygen >/dev/null || {
  echo "api-reference.sh: doxygen was not found (Debian: tools/dev/install-packages.sh doc)" >&2
  exit 1
}
rm -rf build/api-reference
mkdir -p build/api-reference
# Every library has its public headers in a folder `include`.
shopt -s nullglob
folders=(*/include */*/include)
{
  cat docs/Doxyfile
  echo "INPUT = ${folders[*]} docs/api-reference.md"
  echo "STRIP_FROM_PATH = ${folders[*]}"
  echo "STRIP_FROM_INC_PATH = ${folders[*]}"
} | doxygen -
[[ -s build/api-reference/html/index.html ]]
echo "api-reference.sh: build/api-reference/html/index.html"

#!/usr/bin/env bash
# Lays out every C++ file that git knows (`--check` only tells which ones are not as they should be).
# The version is pinned: another one lays out some lines differently.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

case "${1:-}" in
  --check) arguments=(--dry-run -Werror) ;;
  "") arguments=(-i) ;;
  *)
    echo "usage: tools/dev/format.sh [--check]" >&2
    exit 2
    ;;
esac
command -v clang-format-14 >/dev/null || {
  echo "format.sh: clang-format-14 was not found (Debian 12: tools/dev/install-packages.sh ci)" >&2
  exit 1
}
mapfile -d '' files < <(git ls-files -z -- '*.cpp' '*.hpp')
[[ ${#files[@]} != 0 ]] || {
  echo "format.sh: git lists no C++ file" >&2
  exit 1
}
clang-format-14 "${arguments[@]}" "${files[@]}"
echo "format.sh: ${#files[@]} files"

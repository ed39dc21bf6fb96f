#!/usr/bin/env bash
# Includes every installed header at once as a user with strict warnings does. What CMake finds is a
# system header to the compiler, which then keeps quiet; by -I it speaks.
# usage: public-headers.sh PREFIX WORK_FOLDER COMPILER...
set -euo pipefail
prefix=$1 folder=$2
shift 2

export PKG_CONFIG_PATH=$prefix/$LIBDIR/pkgconfig
modules=$(cd "$PKG_CONFIG_PATH" && printf "%s\n" waybill-*.pc | sed "s,\.pc$,,")
# shellcheck disable=SC2086 # several words on purpose
flags=$(pkg-config --cflags $modules)
rm -rf "$folder"
mkdir -p "$folder"
(cd "$prefix/include" && find waybill -name '*.hpp' | sort) >"$folder/headers"
[[ -s "$folder/headers" ]]
sed 's/.*/#include <&>/' "$folder/headers" >"$folder/headers.cpp"
for compiler in "$@"; do
  for standard in c++20 c++2b; do
    echo "$(wc -l <"$folder/headers") headers with $compiler as $standard"
    eval "'$compiler' -std=$standard -fsyntax-only -Wall -Wextra -Wpedantic -Wconversion -Wsign-conversion \
      -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Woverloaded-virtual -Werror $flags '$folder/headers.cpp'"
  done
done

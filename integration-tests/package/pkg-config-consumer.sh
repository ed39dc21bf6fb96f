#!/usr/bin/env bash
# Builds a program as a Makefile does, by nothing but the compiler and pkg-config, and runs it.
# usage: pkg-config-consumer.sh KIND PREFIX WORK_FOLDER MODULE SOURCE
#   KIND  shared: with waybill's shared libraries; static: with its static ones, where no others are
#         installed; fully-static: the whole program is static
# CXX is the compiler, LIBDIR the folder of libraries within PREFIX.
set -euo pipefail
kind=$1 prefix=$2 folder=$3 module=$4 source=$5

fail() {
  echo "pkg-config-consumer.sh: $*" >&2
  exit 1
}

export PKG_CONFIG_PATH=$prefix/$LIBDIR/pkgconfig
mode=()
# Not for static alone: what librdkafka asks for with --static comes with other packages than its own.
[[ "$kind" != fully-static ]] || mode=(--static)
flags=$(pkg-config --cflags "$module")
libraries=$(pkg-config --libs "${mode[@]}" "$module")
[[ "$kind" != fully-static ]] || libraries="-static $libraries"
version=$(pkg-config --modversion "$module")

rm -rf "$folder"
mkdir -p "$folder"
# pkg-config quotes for a shell, as a Makefile's recipe is one: a prefix may have a space in it.
eval "'$CXX' -std=c++20 -Wall -Wextra -Wpedantic -Wconversion -Werror \
  '-DPACKAGE_VERSION=\"$version\"' $flags '$source' -o '$folder/program' $libraries"

needed=$(readelf --dynamic "$folder/program" | grep -c 'NEEDED.*libwaybill_') || true
if [[ "$kind" == shared ]]; then
  [[ "$needed" != 0 ]] || fail "the program was to need a shared library of waybill"
else
  [[ "$needed" == 0 ]] || fail "the program needs $needed shared libraries of waybill"
fi
LD_LIBRARY_PATH=$prefix/$LIBDIR "$folder/program"

if pkg-config --exists "$module >= 99"; then
  fail "pkg-config says that this is version 99"
fi

#!/usr/bin/env bash
# Checks that OpenTelemetry Go 1.41 reads what waybill writes. `tools/dev/check-go-reader.sh --help` says more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

usage() {
  cat <<'TEXT'
usage: tools/dev/check-go-reader.sh
Writes new roots, children and baggage with waybill and reads them with OpenTelemetry Go 1.41, the last
version that drops a traceparent with the flags 03 (sampled and random). Expects that it reads everything
else, new roots above all. Builds core with the preset `release`, and two small programs from
tools/dev/go-reader in build/go-reader; the Go modules come from the module proxy and are pinned by go.sum.
Ends with 0 if all contexts are read as expected, with 77 if there is no usable Go or the modules cannot
be fetched.
TEXT
}

fail() {
  echo "check-go-reader.sh: $*" >&2
  exit 2
}

skip() {
  echo "check-go-reader.sh: skipped: $*" >&2
  exit 77
}

case "${1:-}" in
  "") ;;
  --help | -h)
    usage
    exit 0
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac

source=tools/dev/go-reader
build=$PWD/build/go-reader
mkdir -p "$build"
command -v go >/dev/null || skip "Go was not found"
needed=$(awk '$1 == "go" { print $2 }' "$source/go.mod")
found=$(GOTOOLCHAIN=local go env GOVERSION)
found=${found#go}
[[ "$(printf '%s\n' "$needed" "$found" | sort --version-sort | head -n 1)" == "$needed" ]] ||
  skip "OpenTelemetry Go 1.41 needs Go $needed or later, this is $found"
export GOTOOLCHAIN=local GOFLAGS=-mod=readonly
(cd "$source" && go mod download) >"$build/log" 2>&1 || {
  cat "$build/log" >&2
  # A module that is there and is not the one of go.sum is no reason to skip.
  ! grep -q 'SECURITY ERROR\|checksum mismatch' "$build/log" || fail "a Go module does not match go.sum"
  skip "the Go modules could not be fetched"
}
(cd "$source" && go build -o "$build/read" .) || fail "the Go program could not be built"

tools/dev/install-packages.sh build
cmake --preset release >"$build/log" || {
  cat "$build/log" >&2
  fail "core could not be configured"
}
cmake --build --preset release --target waybill_core -- --quiet || fail "core could not be built"
# shellcheck disable=SC2086 # CXX may have arguments, such as those of ccache
${CXX:-g++} -std=c++20 -Wall -Wextra -I core/include "$source/writer/write_contexts.cpp" \
  build/release/core/libwaybill_core.a -o "$build/write" || fail "the writer could not be built"

"$build/write" >"$build/written"
cut -d ' ' -f 2- "$build/written" | "$build/read" >"$build/read-contexts"
[[ -s "$build/written" && "$(wc -l <"$build/written")" == "$(wc -l <"$build/read-contexts")" ]] ||
  fail "the programs do not print the same number of lines"

failed=0
lines=0
while read -r what traceparent tracestate baggage <&3 && read -r got <&4; do
  lines=$((lines + 1))
  IFS=- read -r _ trace_id span_id flags <<<"$traceparent"
  if [[ "$flags" == 03 ]]; then
    expected="- - - -" # a tracestate goes with its traceparent
  else
    expected="$trace_id $span_id $(printf '%02x' $((0x$flags & 1))) $tracestate"
  fi
  case "$baggage" in
    -) expected+=" -" ;;
    userId=alice) expected+=' userId="alice"' ;;
    note=*) expected+=' note="1+1 = 2, grün; 100 %"' ;;
    *) fail "the writer printed baggage that the script does not know: $baggage" ;;
  esac
  verdict=ok
  # A root is read whatever its flags.
  if [[ "$got" != "$expected" || ("$what" == root && "$got" == "- "*) ]]; then
    verdict=WRONG
    failed=$((failed + 1))
  fi
  printf '%-5s  %-7s  flags %s  %s\n' "$verdict" "$what" "$flags" "$got"
  if [[ "$got" != "$expected" ]]; then echo "       expected          $expected"; fi
  if [[ "$what" == root && "$got" == "- "* ]]; then echo "       OpenTelemetry Go 1.41 drops a new root of waybill: $traceparent"; fi
done 3<"$build/written" 4<"$build/read-contexts"
echo "$((lines - failed)) contexts are read by OpenTelemetry Go 1.41 as expected, $failed are not"
[[ "$failed" == 0 ]]

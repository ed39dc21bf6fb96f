#!/usr/bin/env bash
# Runs unit tests under valgrind: ends with 0 only if they pass, nothing is lost and no memory is read
# or written that is not theirs. ASan finds the same in our own code (./test.sh --sanitize); valgrind
# also sees into the client libraries, which were built without it.
#   tools/dev/leaks.sh [TESTS...]
# TESTS: executables of the preset `release`, such as waybill_core_tests; without any: those that
# waybill_look_for_leaks names. The tests that count allocations bring a malloc of their own and are
# not among them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tools/dev/install-packages.sh build unit leaks
targets=("$@")
[[ $# != 0 ]] || targets=(waybill_leak_tests)
cmake --preset release >/dev/null
cmake --build --preset release --parallel "$(nproc)" --target "${targets[@]}" -- --quiet
programs=()
for name in "$@"; do
  programs+=("$(find build/release -type f -name "$name" -perm -u+x)")
done
[[ $# != 0 ]] || mapfile -t programs <build/release/leak-tests

# Librdkafka waits for time as well as for conditions; valgrind makes everything 20 times slower, so
# tests that something is done quickly are left out. What is lost indirectly hangs on what is lost.
for program in "${programs[@]}"; do
  echo "== ${program##*/}"
  valgrind --quiet --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
    --num-callers=40 --suppressions=tools/dev/leaks.supp --error-exitcode=9 --fair-sched=yes \
    "$program" --gtest_brief=1 --gtest_filter='-*_quickly'
done
echo "leaks.sh: nothing is lost"

#!/usr/bin/env bash
# Runs unit tests under valgrind: ends with 0 only if they pass, nothing is lost and no memory is read
# or written that is not theirs. ASan finds the same in our own code (./test.sh --sanitize); valgrind
# also sees into the client libraries, which were built without it.
#   tools/dev/leaks.sh [TESTS...]
# TESTS: executables of the preset `release`, such as waybill_kafka_tests; without any: those of core
# and the adapters. The tests that count allocations bring a malloc of their own and are none of them.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

tools/dev/install-packages.sh build unit leaks
tests=("$@")
if [[ ${#tests[@]} == 0 ]]; then
  tests=(waybill_core_tests waybill_kafka_tests waybill_rabbitmq_tests waybill_mqtt_tests
    waybill_mqtt_cpp_tests)
fi
cmake --preset release >/dev/null
cmake --build --preset release --parallel "$(nproc)" --target "${tests[@]}" -- --quiet

# Librdkafka waits for time as well as for conditions; valgrind makes everything 20 times slower, so
# tests that something is done quickly are left out. What is lost indirectly hangs on what is lost.
for name in "${tests[@]}"; do
  program=$(find build/release -type f -name "$name" -perm -u+x)
  echo "== $name"
  valgrind --quiet --leak-check=full --show-leak-kinds=definite --errors-for-leak-kinds=definite \
    --num-callers=40 --suppressions=tools/dev/leaks.supp --error-exitcode=9 --fair-sched=yes \
    "$program" --gtest_brief=1 --gtest_filter='-*_quickly'
done
echo "leaks.sh: nothing is lost"

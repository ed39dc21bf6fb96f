#!/usr/bin/env bash
# Installs what is missing, builds and runs the tests. `./test.sh --help` says more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'TEXT'
usage: ./test.sh [--unit] [--integration] [--sanitize] [--threads] [--stress]
                 [--containers [--suite bookworm|trixie]]
  --unit         unit tests: no broker, no network
  --integration  tests against real brokers, and of the installed package
  --sanitize     unit tests and a few on real brokers under ASan and UBSan
  --threads      those unit tests and tests on brokers that use many threads, under the thread sanitizer
  --stress       a million messages through a real broker
  --containers   the tests built and run in containers, on Debian 12 and on Debian 13: docs/containers.md.
                 As root or with sudo, or where a Docker daemon answers that this user may use
  --suite NAME   with --containers: on that release alone
Without an argument: --unit --integration. Options may be combined.
Needs Debian 12 or 13 and root or sudo for packages that are missing; a broker that is no package
comes into a cache. Nothing is installed or downloaded twice. Builds are in build/.
Ends with 0 only if every test passed and no process that the tests started is left.
TEXT
}

fail_usage() {
  usage >&2
  exit 2
}

# shellcheck source=tools/dev/adapters.sh
source tools/dev/adapters.sh

called_with=("$@")
parts=()
suites=()
while [[ $# != 0 ]]; do
  case "$1" in
    --unit | --integration | --sanitize | --threads | --stress | --containers) parts+=("${1#--}") ;;
    --suite)
      [[ "${2:-}" =~ ^(bookworm|trixie)$ ]] || fail_usage
      suites+=("$2")
      shift
      ;;
    --help | -h)
      usage
      exit 0
      ;;
    *) fail_usage ;;
  esac
  shift
done
has_part() { [[ " ${parts[*]} " == *" $1 "* ]]; }

[[ ${#suites[@]} == 0 ]] || has_part containers || fail_usage
[[ ${#suites[@]} != 0 ]] || suites=(bookworm trixie)
[[ ${#parts[@]} != 0 ]] || parts=(unit integration)
# Before anything is installed, built or run.
if has_part containers && [[ "$(id -u)" != 0 ]] && ! docker version >/dev/null 2>&1; then
  echo "test.sh: no Docker daemon answers here, and only root can start one: sudo ./test.sh ${called_with[*]}" >&2
  exit 1
fi

jobs=$(nproc)
summary=()
built=()
interrupted=""
passed=0
failed=0
step_group=""
# How long an interrupted step may take to end by itself what it started.
step_end_seconds=0
scratch=$(mktemp -d "${TMPDIR:-/tmp}/waybill-test.XXXXXX")
# RabbitMQ runs as a user of its own, who has to pass through to its folder.
chmod 711 "$scratch"
# The mark of this run. Every process that it starts inherits it, however it detaches itself.
mark=$(od -An -N8 -tx1 /dev/urandom | tr -d ' \n')

# The processes that carry the mark. This shell is none of them, for it took the mark only after it
# was started, and what looks for them here goes without.
marked_processes() (
  unset WAYBILL_RUN_ID
  grep -lszxF "WAYBILL_RUN_ID=$mark" /proc/[0-9]*/environ | cut -d/ -f3 || true
)

# A process that was told to end may take a moment: this waits until none is left, 5 s at most.
wait_for_no_process() {
  local deadline=$((SECONDS + 5))
  while [[ -n "$(marked_processes)" ]]; do
    ((SECONDS < deadline)) || return 1
    read -rt 0.1 <> <(:) || true
  done
}

end_processes() {
  local signal pids
  for signal in TERM KILL; do
    pids=$(marked_processes)
    [[ -n "$pids" ]] || return 0
    # shellcheck disable=SC2086 # several words on purpose
    kill -s "$signal" $pids 2>/dev/null || true
    wait_for_no_process || true
  done
}

report_leftovers() {
  local pid command
  for pid in $1; do
    command=$({ tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c1-200; } 2>/dev/null) || true
    echo "test.sh: left behind: process $pid: $command" >&2
  done
}

end_step() {
  local deadline=$((SECONDS + step_end_seconds))
  kill -s TERM -- "-$step_group" 2>/dev/null || true
  while ((SECONDS < deadline)) && kill -0 -- "-$step_group" 2>/dev/null; do
    read -rt 0.1 <> <(:) || true
  done
}

at_exit() {
  local status=$? leftovers
  trap '' INT TERM HUP
  if [[ -n "$interrupted" ]]; then
    echo "test.sh: interrupted, ending what was started" >&2
    [[ -z "$step_group" ]] || end_step
  elif ! wait_for_no_process; then
    leftovers=$(marked_processes)
    report_leftovers "$leftovers"
    summary+=("processes left behind: FAILED, they were ended")
    failed=$((failed + 1))
    status=1
  fi
  # A step that failed before any test ran counts too.
  [[ $status == 0 || $failed != 0 ]] || failed=1
  end_processes
  rm -rf "$scratch"
  echo
  echo "== summary"
  printf '   %s\n' "${summary[@]}"
  echo "$passed passed, $failed failed"
  exit "$status"
}
trap at_exit EXIT
trap 'interrupted=1; exit 130' INT
trap 'interrupted=1; exit 143' TERM
trap 'interrupted=1; exit 129' HUP

# Runs one step in a process group of its own and in the background, so that an interrupt reaches
# this shell at once and the step can be ended as a whole.
run_step() {
  local name=$1 started=$SECONDS status=0
  shift
  echo
  echo "== $name"
  set -m
  "$@" </dev/null &
  step_group=$!
  set +m
  wait "$step_group" || status=$?
  step_group=""
  if [[ $status == 0 ]]; then
    summary+=("$name: ok, $((SECONDS - started)) s")
  else
    summary+=("$name: FAILED, $((SECONDS - started)) s")
  fi
  return "$status"
}

build_preset() {
  cmake --preset "$1" -DWAYBILL_ADAPTERS=ON &&
    cmake --build --preset "$1" --parallel "$jobs" --target "${@:2}" -- --quiet
}

# Builds everything of a preset, or only the targets that are named.
build() {
  [[ " ${built[*]} " != *" $1 "* ]] || return 0
  local targets=("${@:2}")
  [[ ${#targets[@]} != 0 ]] || targets=(all all_verify_interface_header_sets)
  run_step "build $1" build_preset "$1" "${targets[@]}"
  built+=("$1")
}

# ctest's own last lines are read for the numbers of the summary.
run_ctest() {
  local preset=$1 label=$2 parallel=$3
  ctest --test-dir "build/$preset" -L "^$label\$" -j "$parallel" \
    --output-on-failure --no-tests=error 2>&1 | tee "$scratch/ctest.log"
}

count_tests() {
  local line
  line=$(grep -E '[0-9]+ tests failed out of [0-9]+' "$scratch/ctest.log" 2>/dev/null | tail -n 1) || true
  if [[ "$line" =~ ([0-9]+)\ tests\ failed\ out\ of\ ([0-9]+) ]]; then
    failed=$((failed + BASH_REMATCH[1]))
    passed=$((passed + BASH_REMATCH[2] - BASH_REMATCH[1]))
  else
    failed=$((failed + 1))
  fi
  rm -f "$scratch/ctest.log"
}

run_tests() {
  local status=0
  run_step "$1" run_ctest "${@:2}" || status=$?
  count_tests
  return "$status"
}

fetch_broker() {
  "$(broker_script "$1")" >"$scratch/fetched"
}

get_brokers() {
  local name variable
  for name in $(adapters_with_fetched_broker); do
    variable=$(broker_variable "$name")
    [[ -z "${!variable:-}" ]] || continue
    run_step "fetch $(adapter_values TITLE "$name")" fetch_broker "$name"
    printf -v "$variable" %s "$(<"$scratch/fetched")"
    export "${variable?}"
  done
}

run_containers() {
  compose/run-tests.sh "$1" 2>&1 | tee "$scratch/ctest.log"
}

run_suite() {
  local status=0
  step_end_seconds=60
  run_step "tests in containers, $1" run_containers "$1" || status=$?
  step_end_seconds=0
  count_tests
  return "$status"
}

# A broker and its tests take about 1 GB.
integration_jobs() {
  local available_kib
  available_kib=$(sed -nE 's/^MemAvailable: +([0-9]+) kB/\1/p' /proc/meminfo)
  if [[ "$jobs" -ge 2 && "${available_kib:-0}" -ge 4000000 ]]; then echo 2; else echo 1; fi
}

run_part() {
  case "$1" in
    unit)
      build release
      run_tests "unit tests" release unit "$jobs"
      ;;
    integration)
      get_brokers
      build release
      run_tests "integration tests" release integration "$(integration_jobs)"
      ;;
    sanitize)
      get_brokers
      build asan-ubsan waybill_unit_tests waybill_sanitized_broker_tests
      run_tests "unit tests with ASan and UBSan" asan-ubsan unit "$jobs"
      run_tests "tests on brokers with ASan and UBSan" asan-ubsan sanitize 1
      ;;
    threads)
      get_brokers
      build tsan waybill_thread_tests
      run_tests "tests with the thread sanitizer" tsan threads 1
      ;;
    stress)
      get_brokers
      build release
      run_tests "stress tests" release stress 1
      ;;
    containers)
      get_brokers
      for suite in "${suites[@]}"; do run_suite "$suite"; done
      ;;
  esac
}

case "${parts[*]}" in
  unit) packages=(build unit) ;;
  containers) packages=(containers) ;;
  *containers*) packages=(build unit test containers) ;;
  *) packages=(build unit test) ;;
esac
# In the foreground: sudo may ask for a password.
echo "== packages"
tools/dev/install-packages.sh "${packages[@]}"

export WAYBILL_RUN_ID=$mark
export TMPDIR=$scratch
export UBSAN_OPTIONS=${UBSAN_OPTIONS:-print_stacktrace=1}
for part in "${parts[@]}"; do
  run_part "$part"
done

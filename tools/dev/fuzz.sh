#!/usr/bin/env bash
# Builds the fuzzers and runs them, one after another. `tools/dev/fuzz.sh --help` says more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

usage() {
  cat <<'TEXT'
usage: tools/dev/fuzz.sh [--seconds N] [--jobs N] [NAME...]
  --seconds N  how long each fuzzer runs: 300 unless told
  --jobs N     how many run at once: 1 unless told
  NAME         a fuzzer, such as traceparent or kafka_headers: all of them without one
Builds the preset `fuzz`. Each fuzzer begins with its seeds and with what earlier runs found, in
build/fuzz/corpus/NAME, and has its dictionary. Prints the executions of each. Ends with 0 only if
there was no finding; the inputs of findings are left in build/fuzz/findings.
TEXT
}

fail_usage() {
  usage >&2
  exit 2
}

seconds=300
jobs=1
names=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --seconds | --jobs)
      [[ "${2:-}" =~ ^[1-9][0-9]*$ ]] || fail_usage
      if [[ "$1" == --seconds ]]; then seconds=$2; else jobs=$2; fi
      shift
      ;;
    --help | -h)
      usage
      exit 0
      ;;
    -*) fail_usage ;;
    *) names+=("$1") ;;
  esac
  shift
done

build=build/fuzz
cmake --preset fuzz >/dev/null
cmake --build --preset fuzz --parallel "$(nproc)" -- --quiet
split_seeds=$build/core/fuzz/waybill_split_seeds

declare -A sources
for folder in core/fuzz messaging/fuzz adapters/*/fuzz; do
  for fuzzer in "$build/$folder"/waybill_*_fuzzer; do
    [[ -x "$fuzzer" ]] || continue
    name=${fuzzer##*/waybill_}
    sources[${name%_fuzzer}]=$folder
  done
done
if [[ ${#names[@]} == 0 ]]; then
  mapfile -t names < <(printf '%s\n' "${!sources[@]}" | sort)
fi
for name in "${names[@]}"; do
  [[ -n "${sources[$name]:-}" ]] || {
    echo "fuzz.sh: no fuzzer $name; there are: $(printf '%s\n' "${!sources[@]}" | sort | tr '\n' ' ')" >&2
    exit 2
  }
done

# A target's own file in its folder, or that of all whose input is headers.
seeds_of() {
  local own=${sources[$1]}/seeds/$1.seeds
  if [[ -f "$own" ]]; then echo "$own"; else echo core/fuzz/seeds/headers.seeds; fi
}
dictionary_of() {
  local own=${sources[$1]}/$1.dict
  if [[ -f "$own" ]]; then echo "$own"; else echo core/fuzz/headers.dict; fi
}

logs=$(mktemp -d "${TMPDIR:-/tmp}/waybill-fuzz.XXXXXX")
running=()
at_exit() {
  local status=$? left
  trap '' INT TERM HUP
  # Not those of `running`: the signal may have come before the newest was written down there. More
  # than once: a process that has not yet become its program may miss a signal.
  while left=$(jobs -pr) && [[ -n "$left" ]]; do
    # shellcheck disable=SC2086 # one word for each process
    kill $left 2>/dev/null || true
    sleep 0.05
  done
  wait
  rm -rf "$logs"
  exit "$status"
}
trap at_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

start() {
  local name=$1 folder=${sources[$1]} corpus=$build/corpus/$1
  mkdir -p "$corpus" "$build/findings"
  "$split_seeds" "$(seeds_of "$name")" "$corpus"
  "$build/$folder/waybill_${name}_fuzzer" -max_total_time="$seconds" -max_len=8192 -timeout=20 \
    -rss_limit_mb=1024 -print_final_stats=1 -dict="$(dictionary_of "$name")" \
    -artifact_prefix="$build/findings/$name-" "$corpus" >"$logs/$name" 2>&1 </dev/null &
  running+=($!)
}

status=0
finish_all() {
  local i name executions
  for i in "${!running[@]}"; do
    name=${batch[$i]}
    if wait "${running[$i]}"; then
      executions=$(sed -nE 's/^stat::number_of_executed_units: *//p' "$logs/$name")
      printf '%-16s %12s executions\n' "$name" "$executions"
    else
      status=1
      printf '%-16s FINDING, see %s\n' "$name" "$build/findings"
      tail -n 60 "$logs/$name"
    fi
  done
  running=()
}

for ((first = 0; first < ${#names[@]}; first += jobs)); do
  batch=("${names[@]:first:jobs}")
  for name in "${batch[@]}"; do start "$name"; done
  finish_all
done
exit "$status"

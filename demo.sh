#!/usr/bin/env bash
# Installs what is missing, builds and runs the order pipeline of examples/order-pipeline.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'TEXT'
usage: ./demo.sh [--embedded | --kafka HOST:PORT]
Five services over three brokers: a request enters at the gateway by HTTP, goes as an order through
Kafka to the warehouse, through RabbitMQ to dispatch, through MQTT 5 to the courier, and through MQTT
3.1.1, where the context travels in the payload, to billing. Shows for every hop what was on the wire
and what the application saw, and at the end of each order its trace as a tree.
The brokers are private ones, which this run starts on free ports and ends. Where they cannot be
installed the demo is the embedded one.
  --embedded         three services over librdkafka's own mock cluster; no broker is installed
  --kafka HOST:PORT  these three over this Kafka. Two topics are made there for this run and deleted
                     afterwards.
Needs Debian 12 or 13 and root or sudo for packages that are missing; Apache Kafka comes through
Maven into a cache. Builds in build/demo/. Ends with 0 only if every order was one trace and no
application saw a field of the context.
NO_COLOR=1 leaves the colours out; WAYBILL_SKIP_INSTALL=1 installs nothing.
TEXT
}

# shellcheck source=tools/dev/adapters.sh
source tools/dev/adapters.sh

run_options=()
is_embedded=""
while [[ $# -gt 0 ]]; do
  case "$1" in
    --help | -h)
      usage
      exit 0
      ;;
    --embedded)
      is_embedded=1
      shift
      ;;
    --kafka)
      [[ "${2:-}" == ?*:?* ]] || {
        echo "demo.sh: --kafka needs HOST:PORT" >&2
        exit 2
      }
      run_options=(--kafka "$2")
      is_embedded=1
      shift 2
      ;;
    *)
      usage >&2
      exit 2
      ;;
  esac
done

build=build/demo
log=$(mktemp "${TMPDIR:-/tmp}/waybill-demo-build.XXXXXX")
scratch=$(mktemp -d "${TMPDIR:-/tmp}/waybill-demo.XXXXXX")
step_group=""
broker_holder=""
brokers_are_ready=""

# Does not use `read -t` to wait: this may run within one.
wait_for_end_of() {
  local deadline=$((SECONDS + 10))
  while kill -0 "$1" 2>/dev/null; do
    ((SECONDS < deadline)) || return 1
    sleep 0.05
  done
}

# In order, if they are there: their holder ends them when its input does, and takes their folders away.
end_brokers() {
  exec 3>&-
  [[ -z "$brokers_are_ready" ]] || wait_for_end_of "$broker_holder" || true
  kill -s TERM -- "-$broker_holder" 2>/dev/null || true
  wait "$broker_holder" 2>/dev/null || true
}

# A broker that was not ended in order may still have been writing.
remove_folder() {
  local deadline=$((SECONDS + 5))
  until rm -rf "$scratch" 2>/dev/null; do
    ((SECONDS < deadline)) || {
      echo "demo.sh: this folder is left: $scratch" >&2
      break
    }
    sleep 0.1
  done
}

at_exit() {
  local status=$?
  trap '' INT TERM HUP
  if [[ -n "$step_group" ]]; then
    kill -s TERM -- "-$step_group" 2>/dev/null || true
    wait "$step_group" 2>/dev/null || true
  fi
  [[ -z "$broker_holder" ]] || end_brokers
  rm -f "$log"
  remove_folder
  exit "$status"
}
trap at_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# In a process group of its own and in the background, so that an interrupt reaches this shell at
# once and the step can be ended as a whole.
run_step() {
  local status=0
  set -m
  "$@" </dev/null 3>&- &
  step_group=$!
  set +m
  wait "$step_group" || status=$?
  step_group=""
  return "$status"
}

# The embedded demo wants no other adapter than Kafka's, and without them its own programs alone are built.
configure() {
  local others=ON
  [[ -z "$is_embedded" ]] || others=OFF
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DWAYBILL_KAFKA=ON \
    -DWAYBILL_ADAPTERS="$others" -DWAYBILL_BUILD_TESTS=OFF -DWAYBILL_BUILD_INTEGRATION_TESTS=OFF \
    -DWAYBILL_BUILD_TOOLS=OFF -DWAYBILL_BUILD_EXAMPLES=ON -DWAYBILL_INSTALL=OFF -DWAYBILL_WERROR=OFF
}

compile() {
  cmake --build "$build" --parallel "$(nproc)" --target "$@"
}

# What the tools say is worth reading only when they fail.
quietly() {
  run_step "$@" >"$log" 2>&1 || {
    cat "$log" >&2
    echo "demo.sh: $1 failed" >&2
    exit 1
  }
}

get_brokers() {
  tools/dev/install-packages.sh brokers || return 1
  fetch_brokers
}

# The brokers live as long as the pipe to the program that holds them, and die with it. Our end of the
# pipe is descriptor 3.
start_brokers() {
  local name address
  echo "starting Kafka, RabbitMQ and Mosquitto (about ten seconds)"
  # RabbitMQ runs as a user of its own and has to get to its folder.
  chmod 755 "$scratch"
  mkfifo "$scratch/hold" "$scratch/addresses"
  set -m
  TMPDIR=$scratch "$build/testing/brokers/waybill_hold_brokers" kafka rabbitmq mosquitto \
    <"$scratch/hold" >"$scratch/addresses" 2>"$log" &
  broker_holder=$!
  set +m
  exec 3>"$scratch/hold"
  while read -r name _ address; do
    run_options+=("--${name/mosquitto/mqtt}" "$address")
    [[ ${#run_options[@]} -lt 6 ]] || break
  done <"$scratch/addresses"
  [[ ${#run_options[@]} == 6 ]] || {
    cat "$log" >&2
    echo "demo.sh: the brokers did not start" >&2
    exit 1
  }
  brokers_are_ready=1
}

# In the foreground: sudo may have to ask for a password.
tools/dev/install-packages.sh build
if [[ -z "$is_embedded" ]] && ! get_brokers; then
  echo "demo.sh: the brokers cannot be installed here; going on with the embedded demo" >&2
  is_embedded=1
fi
targets=(order_pipeline)
[[ -n "$is_embedded" ]] || targets+=(waybill_hold_brokers)
echo "building in $build/ (about a minute the first time)"
quietly configure
quietly compile "${targets[@]}"
[[ -n "$is_embedded" ]] || start_brokers
run_step examples/order-pipeline/run.sh "$build/examples/order-pipeline" "${run_options[@]}"

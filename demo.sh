#!/usr/bin/env bash
# Installs what is missing, builds and runs the order pipeline of examples/order-pipeline.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

usage() {
  cat <<'TEXT'
usage: ./demo.sh [--kafka HOST:PORT]
Three services over Kafka: a request enters at the gateway, becomes an order that the warehouse
handles, and a shipment that billing handles. Shows for every hop what was on the wire and what the
application saw, and at the end of each order its trace as a tree.
  --kafka HOST:PORT  use this Kafka; without it librdkafka's own mock cluster runs in a fourth
                     process. Two topics are made there for this run and deleted afterwards.
Needs Debian 12 or 13 and root or sudo for packages that are missing. Builds in build/demo/. Ends
with 0 only if every order was one trace and no application saw a field of the context.
NO_COLOR=1 leaves the colours out; WAYBILL_SKIP_INSTALL=1 installs nothing.
TEXT
}

run_options=()
while [[ $# -gt 0 ]]; do
  case "$1" in
    --help | -h)
      usage
      exit 0
      ;;
    --kafka)
      [[ "${2:-}" == ?*:?* ]] || {
        echo "demo.sh: --kafka needs HOST:PORT" >&2
        exit 2
      }
      run_options=(--kafka "$2")
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
step_group=""

at_exit() {
  local status=$?
  trap '' INT TERM HUP
  if [[ -n "$step_group" ]]; then
    kill -s TERM -- "-$step_group" 2>/dev/null || true
    wait "$step_group" 2>/dev/null || true
  fi
  rm -f "$log"
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
  "$@" </dev/null &
  step_group=$!
  set +m
  wait "$step_group" || status=$?
  step_group=""
  return "$status"
}

configure() {
  cmake -S . -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DWAYBILL_KAFKA=ON -DWAYBILL_RABBITMQ=ON -DWAYBILL_MQTT=ON \
    -DWAYBILL_BUILD_TESTS=OFF -DWAYBILL_BUILD_INTEGRATION_TESTS=OFF -DWAYBILL_BUILD_EXAMPLES=ON \
    -DWAYBILL_INSTALL=OFF -DWAYBILL_WERROR=OFF
}

compile() {
  cmake --build "$build" --parallel "$(nproc)" --target order_pipeline
}

# What the tools say is worth reading only when they fail.
quietly() {
  run_step "$@" >"$log" 2>&1 || {
    cat "$log" >&2
    echo "demo.sh: $1 failed" >&2
    exit 1
  }
}

# In the foreground: sudo may have to ask for a password.
tools/dev/install-packages.sh build
echo "building in $build/ (about half a minute the first time)"
quietly configure
quietly compile
run_step examples/order-pipeline/run.sh "$build/examples/order-pipeline" "${run_options[@]}"

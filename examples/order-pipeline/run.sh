#!/usr/bin/env bash
# Runs the order pipeline once, shows what happened and ends with 0 only if the context came through.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: run.sh PROGRAMS [--kafka HOST:PORT] [--logs FOLDER]
  PROGRAMS           the folder with the built programs of this example
  --kafka HOST:PORT  use this Kafka instead of librdkafka's own mock cluster; the run makes two
                     topics with names of their own and takes them away again
  --logs FOLDER      put the logs there and keep them
Four processes with the mock cluster: broker, gateway, warehouse, billing. Two requests enter by the
gateway; a third order is sent to the topic by a client without waybill, with the fields of older
sends still in its headers.
TEXT
}

fail() {
  echo "order pipeline: $*" >&2
  exit 1
}

programs=""
kafka=""
logs=""
while [[ $# -gt 0 ]]; do
  case "$1" in
    --help | -h) usage && exit 0 ;;
    --kafka | --logs)
      [[ $# -ge 2 && -n "$2" ]] || fail "$1 needs a value; --help says more"
      if [[ "$1" == --kafka ]]; then kafka=$2; else logs=$2; fi
      shift 2
      ;;
    -*) fail "there is no option $1; --help says more" ;;
    *)
      programs=$1
      shift
      ;;
  esac
done
[[ -n "$programs" ]] || { usage >&2 && exit 2; }
for program in gateway warehouse billing broker topics wire report; do
  [[ -x "$programs/$program" ]] || fail "$programs/$program is missing; build the target order_pipeline"
done

requests=$(dirname "${BASH_SOURCE[0]}")/requests
orders=(A-1001 A-1002 A-1003)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/waybill-demo.XXXXXX")
[[ -n "$logs" ]] || logs=$scratch
started=()      # processes that this run started and has not seen end
made_topics=()  # topics to take away again

at_exit() {
  local status=$?
  trap '' INT TERM HUP
  [[ ${#started[@]} == 0 ]] || kill "${started[@]}" 2>/dev/null || true
  wait
  if [[ ${#made_topics[@]} != 0 ]]; then
    timeout 5 "$programs/topics" delete "$kafka" "${made_topics[@]}" 2>"$scratch/delete.log" ||
      echo "order pipeline: these topics may be left: ${made_topics[*]}" >&2
  fi
  rm -rf "$scratch"
  exit "$status"
}
trap at_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# What a program said on its standard error is shown only when something went wrong.
show_complaints() {
  local file
  for file in "$scratch"/*.err; do
    [[ ! -s "$file" ]] || cat "$file" >&2
  done
}

start() {
  local name=$1
  shift
  "$programs/$@" </dev/null 2>"$scratch/$name.err" &
  started+=($!)
}

ended() {
  local pid left=()
  for pid in "${started[@]}"; do
    [[ "$pid" == "$1" ]] || left+=("$pid")
  done
  started=("${left[@]}")
}

# Waits for one process to end, and for the broker not to.
wait_for_next() {
  local pid="" status=0
  wait -n -p pid "${started[@]}" || status=$?
  ended "$pid"
  [[ $status == 0 && "$pid" != "${broker_pid:-none}" ]] || {
    show_complaints
    fail "a program failed with status $status"
  }
}

run_to_its_end() {
  start "$@"
  local last=${started[-1]}
  while [[ " ${started[*]} " == *" $last "* ]]; do wait_for_next; done
}

mkdir -p "$logs"
if [[ -n "$kafka" ]]; then
  suffix=$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
  orders_topic=waybill-demo-orders-$suffix
  shipments_topic=waybill-demo-shipments-$suffix
  for topic in "$orders_topic" "$shipments_topic"; do
    made_topics+=("$topic")
    start topics topics create "$kafka" "$topic"
    wait "${started[-1]}" || {
      unset 'made_topics[-1]'
      show_complaints
      fail "cannot make the topic $topic"
    }
    ended "${started[-1]}"
  done
  echo "broker: $kafka, with the topics $orders_topic and $shipments_topic"
else
  orders_topic=orders
  shipments_topic=shipments
  coproc broker { exec "$programs/broker" "$orders_topic" "$shipments_topic" 2>"$scratch/broker.err"; }
  broker_pid=$!
  started+=("$broker_pid")
  read -r -t 10 -u "${broker[0]:--}" kafka 2>/dev/null || {
    show_complaints
    fail "the broker did not start"
  }
  echo "broker: librdkafka's mock cluster at $kafka, process $broker_pid"
fi

count=${#orders[@]}
start warehouse warehouse "$kafka" "$orders_topic" "$shipments_topic" "$logs/warehouse.log" "$count"
start billing billing "$kafka" "$shipments_topic" "$logs/billing.log" "$count"
start wire-orders wire read "$kafka" "$orders_topic" "$count" "$logs/orders.wire"
start wire-shipments wire read "$kafka" "$shipments_topic" "$count" "$logs/shipments.wire"
echo "services: warehouse is process ${started[-4]}, billing ${started[-3]}; gateway comes and goes"
run_to_its_end gateway gateway "$kafka" "$orders_topic" "$logs/gateway.log" \
  "$requests/with-context.http" "$requests/without-context.http"
run_to_its_end neighbour wire send "$kafka" "$orders_topic" "$requests/sent-again.message"
while [[ "${started[*]}" != "${broker_pid:-}" ]]; do wait_for_next; done

"$programs/report" "$logs" "${orders[@]}"

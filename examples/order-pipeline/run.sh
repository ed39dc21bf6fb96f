#!/usr/bin/env bash
# Runs the order pipeline once, shows what happened and ends with 0 only if the context came through.
set -euo pipefail

usage() {
  cat <<'TEXT'
usage: run.sh PROGRAMS [--kafka HOST:PORT [--rabbitmq HOST:PORT --mqtt HOST:PORT]] [--logs FOLDER]
  PROGRAMS              the folder with the built programs of this example
  --kafka HOST:PORT     use this Kafka instead of librdkafka's own mock cluster
  --rabbitmq HOST:PORT  and this RabbitMQ, with the user guest,
  --mqtt HOST:PORT      and this MQTT broker, with a user that needs no password: the whole pipeline
  --logs FOLDER         put the logs there and keep them
With Kafka alone three services run: gateway, warehouse and billing; with all brokers five: gateway,
warehouse, dispatch, courier and billing. Topics and queues get names of their own and are taken away
again. Two requests enter by the gateway; a third order is sent to its topic by a client without
waybill, with the fields of older sends still in its headers.
TEXT
}

fail() {
  echo "order pipeline: $*" >&2
  exit 1
}

programs=""
kafka=""
rabbitmq=""
mqtt=""
logs=""
while [[ $# -gt 0 ]]; do
  case "$1" in
    --help | -h) usage && exit 0 ;;
    --kafka | --rabbitmq | --mqtt | --logs)
      [[ $# -ge 2 && -n "$2" ]] || fail "$1 needs a value; --help says more"
      printf -v "${1#--}" %s "$2"
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
if [[ -n "$rabbitmq$mqtt" ]]; then
  [[ -n "$kafka" && -n "$rabbitmq" && -n "$mqtt" ]] ||
    fail "the whole pipeline wants --kafka, --rabbitmq and --mqtt; --help says more"
  needed=(gateway warehouse dispatch courier billing shop kafka-topics kafka-wire
    rabbitmq-wire mqtt-wire report)
else
  needed=(gateway embedded-warehouse embedded-billing shop kafka-wire report)
  if [[ -n "$kafka" ]]; then needed+=(kafka-topics); else needed+=(embedded-broker); fi
fi
for program in "${needed[@]}"; do
  [[ -x "$programs/$program" ]] || fail "$programs/$program is missing; build the target order_pipeline"
done

requests=$(dirname "${BASH_SOURCE[0]}")/requests
orders=(A-1001 A-1002 A-1003)
scratch=$(mktemp -d "${TMPDIR:-/tmp}/waybill-demo.XXXXXX")
[[ -n "$logs" ]] || logs=$scratch
started=()      # processes that this run started and has not seen end
made_topics=()  # topics of Kafka to take away again
made_queues=()  # exchanges and queues of RabbitMQ

at_exit() {
  local status=$?
  trap '' INT TERM HUP
  # Not those of `started`: the signal may have come before the newest was written down there. More
  # than once: a process that has not yet become its program may miss a signal.
  local running
  while running=$(jobs -pr) && [[ -n "$running" ]]; do
    # shellcheck disable=SC2086  # one word for each process
    kill $running 2>/dev/null || true
    sleep 0.05  # not `read -t`: this may run within one
  done
  wait
  if [[ ${#made_topics[@]} != 0 ]]; then
    timeout 30 "$programs/kafka-topics" delete "$kafka" "${made_topics[@]}" 2>"$scratch/delete.log" ||
      echo "order pipeline: these topics may be left: ${made_topics[*]}" >&2
  fi
  if [[ ${#made_queues[@]} != 0 ]]; then
    timeout 30 "$programs/rabbitmq-wire" remove "$rabbitmq" "${made_queues[@]}" 2>"$scratch/delete.log" ||
      echo "order pipeline: this exchange and its queue may be left: ${made_queues[*]}" >&2
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
  {
    # In the new process: to open a pipe means to wait for its other end.
    [[ -z "${output:-}" ]] || exec >"$output"
    exec "$programs/$1" "${@:2}" </dev/null 2>"$scratch/$name.err"
  } &
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

# A program that says on its standard output that it is ready, and how to reach it.
start_and_read() {
  local variable=$1 name=$2 ready=$scratch/$2.ready
  shift
  mkfifo "$ready"
  output=$ready start "$@"
  read -r -t 60 "${variable?}" <"$ready" || {
    show_complaints
    fail "$name did not start"
  }
}

make_topics() {
  local topic
  for topic in "$@"; do
    made_topics+=("$topic")
    start kafka-topics kafka-topics create "$kafka" "$topic"
    wait "${started[-1]}" || {
      unset 'made_topics[-1]'
      show_complaints
      fail "cannot make the topic $topic"
    }
    ended "${started[-1]}"
  done
}

# The requests, and an order that a neighbour sends a second time.
send_orders() {
  run_to_its_end shop shop "$gateway_port" "$requests/with-context.http" "$requests/without-context.http"
  run_to_its_end neighbour kafka-wire send "$kafka" "$1" "$requests/sent-again.message"
}

start_gateway() {
  start_and_read gateway_port gateway gateway "$kafka" "$1" "$logs/gateway.log" 2
}

mkdir -p "$logs"
count=${#orders[@]}
suffix=$(od -An -N4 -tx4 /dev/urandom | tr -d ' ')
broker_pid=""
gateway_port=""
stages="gateway,warehouse=orders,billing=shipments"

run_embedded() {
  local orders_topic=orders shipments_topic=shipments
  if [[ -n "$kafka" ]]; then
    orders_topic=orders-$suffix
    shipments_topic=shipments-$suffix
    make_topics "$orders_topic" "$shipments_topic"
    echo "broker: $kafka, with the topics $orders_topic and $shipments_topic"
  else
    coproc broker { exec "$programs/embedded-broker" "$orders_topic" "$shipments_topic" 2>"$scratch/broker.err"; }
    broker_pid=$!
    started+=("$broker_pid")
    read -r -t 60 -u "${broker[0]:--}" kafka 2>/dev/null || {
      show_complaints
      fail "the broker did not start"
    }
    echo "broker: librdkafka's mock cluster at $kafka, process $broker_pid"
  fi
  start warehouse embedded-warehouse "$kafka" "$orders_topic" "$shipments_topic" "$logs/warehouse.log" "$count"
  start billing embedded-billing "$kafka" "$shipments_topic" "$logs/billing.log" "$count"
  start wire-orders kafka-wire read "$kafka" "$orders_topic" "$count" "$logs/orders.wire"
  start wire-shipments kafka-wire read "$kafka" "$shipments_topic" "$count" "$logs/shipments.wire"
  echo "services: warehouse is process ${started[-4]}, billing ${started[-3]}; gateway comes and goes"
  start_gateway "$orders_topic"
  send_orders "$orders_topic"
}

# gateway -> Kafka -> warehouse -> RabbitMQ -> dispatch -> MQTT 5 -> courier -> MQTT 3.1.1 -> billing
run_whole() {
  local orders_topic=orders-$suffix shipments=shipments-$suffix
  local vans=vans-$suffix doors=doors-$suffix uri=tcp://$mqtt ready
  stages="gateway,warehouse=orders,dispatch=shipments,courier=vans,billing=doors"
  make_topics "$orders_topic"
  made_queues=("$shipments")
  run_to_its_end rabbitmq-make rabbitmq-wire make "$rabbitmq" "$shipments"
  # From the last to the first, each after the one that it sends to: MQTT keeps nothing for those who
  # come late.
  start_and_read ready billing billing "$uri" "$doors" "$logs/billing.log" "$count"
  start_and_read ready wire-doors mqtt-wire "$uri" 3.1.1 "$doors/+" "$count" "$logs/doors.wire"
  start_and_read ready courier courier "$uri" "$vans" "$doors" "$logs/courier.log" "$count"
  start_and_read ready wire-vans mqtt-wire "$uri" 5 "$vans/+" "$count" "$logs/vans.wire"
  start_and_read ready wire-shipments rabbitmq-wire read "$rabbitmq" "$shipments" "$count" "$logs/shipments.wire"
  start dispatch dispatch "$rabbitmq" "$shipments" "$uri" "$vans" "$logs/dispatch.log" "$count"
  start warehouse warehouse "$kafka" "$orders_topic" "$rabbitmq" "$shipments" "$logs/warehouse.log" "$count"
  start wire-orders kafka-wire read "$kafka" "$orders_topic" "$count" "$logs/orders.wire"
  start_gateway "$orders_topic"
  echo "brokers: Kafka at $kafka, RabbitMQ at $rabbitmq, MQTT at $mqtt"
  echo "services: gateway, warehouse, dispatch, courier and billing, a process each"
  send_orders "$orders_topic"
}

if [[ -z "$rabbitmq" ]]; then run_embedded; else run_whole; fi
while [[ "${started[*]}" != "${broker_pid:-}" ]]; do wait_for_next; done

"$programs/report" "$logs" "$stages" "${orders[@]}"

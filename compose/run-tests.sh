#!/usr/bin/env bash
# Builds waybill in a container and runs the integration tests there. `compose/run-tests.sh --help`
# says more.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

usage() {
  cat <<'TEXT'
usage: compose/run-tests.sh bookworm|trixie|--check
Makes the images of compose/compose.yaml for that release of Debian, starts the brokers, runs the service
`tests` and takes containers, networks and volumes away again; images stay, so that the next run is
quick. Uses the Docker daemon that answers, or as root starts one of its own and ends it.
Images of other people, which are pulled and not built: WAYBILL_KAFKA_IMAGE, WAYBILL_RABBITMQ_IMAGE,
WAYBILL_MOSQUITTO_IMAGE.
  --check   only says, by ending with 0, that a Docker daemon answers here or can be started
TEXT
}

case "${1:-}" in
  bookworm | trixie) export WAYBILL_DEBIAN=$1 ;;
  --check) export WAYBILL_DEBIAN="" ;;
  --help | -h)
    usage
    exit 0
    ;;
  *)
    usage >&2
    exit 2
    ;;
esac

say() { echo "run-tests.sh: $*"; }
fail() {
  echo "run-tests.sh: $*" >&2
  exit 1
}

# shellcheck source=docker-daemon.sh
source compose/docker-daemon.sh
# shellcheck source=../tools/dev/adapters.sh
source tools/dev/adapters.sh

work=$(mktemp -d "${TMPDIR:-/tmp}/waybill-containers.XXXXXX")
project=waybill-$WAYBILL_DEBIAN-$$
# All services but `tests`. Each has a folder of its name.
brokers=()
for file in compose/*/Dockerfile; do
  service=$(basename "$(dirname "$file")")
  [[ "$service" == tests ]] || brokers+=("$service")
done
child=""
started=""

compose() { "${compose_command[@]}" --project-name "$project" --file compose/compose.yaml "$@"; }

at_exit() {
  local status=$?
  set +e
  # Nothing must stop this: not a second signal either, nor a reader of our output that is gone.
  trap '' INT TERM HUP PIPE
  [[ -z "$child" ]] || kill "$child" 2>/dev/null
  if [[ -n "$started" ]]; then
    # A client that was told to end may still be making a container.
    [[ -z "$child" ]] || wait "$child"
    compose down --volumes --remove-orphans --timeout 5 >"$work/log" 2>&1 || tail -n 20 "$work/log" >&2
    # The images that the ones of this run replaced.
    docker image prune --force --filter label=waybill >/dev/null
  fi
  end_docker
  rm -rf --one-file-system "$work"
  exit "$status"
}
trap at_exit EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# In the background, so that an interrupt reaches this shell at once.
run() {
  local status=0
  "$@" </dev/null &
  child=$!
  wait "$child" || status=$?
  child=""
  return "$status"
}

# The same, with its output in a file unless it fails.
quietly() {
  local name=$1 begin=$SECONDS
  shift
  say "$name"
  run "$@" >"$work/log" 2>&1 || {
    tail -n 100 "$work/log" >&2
    fail "failed: $name"
  }
  say "$name: $((SECONDS - begin)) s"
}

has_image() { docker image inspect "$1" >/dev/null 2>&1; }

pull() { run timeout 600 docker pull --quiet "$1" >"$work/log" 2>&1; }

get_base_image() {
  local image=debian:$WAYBILL_DEBIAN-slim
  has_image "$image" && return 0
  pull "$image" && return 0
  say "$image cannot be pulled: $(tail -n 1 "$work/log")"
  quietly "make $image" compose/base-image.sh "$WAYBILL_DEBIAN"
}

# What git knows, as it is in the folders now, and the brokers that were fetched, each as build/NAME-libs.
copy_context() {
  local context=$work/context file name variable
  mkdir -p "$context/build"
  git ls-files -z |
    while IFS= read -rd '' file; do [[ ! -e "$file" ]] || printf '%s\0' "$file"; done |
    tar --null --files-from - --create | tar --extract --directory "$context"
  for name in $(adapters_with_fetched_broker); do
    variable=$(broker_variable "$name")
    cp -r "${!variable}" "$context/build/$name-libs"
  done
  # Whatever the umask here, the users in the containers have to read it.
  chmod -R u=rwX,go=rX "$context"
  export WAYBILL_CONTEXT=$context
}

# One after another: what needs memory is the compiler in the last one.
get_images() {
  local service variable image
  for service in "${brokers[@]}"; do
    variable=WAYBILL_${service^^}_IMAGE
    image=${!variable:-}
    if [[ -z "$image" ]]; then
      export "$variable=waybill-$service:$WAYBILL_DEBIAN"
      quietly "build $service" compose build "$service"
    elif ! has_image "$image"; then
      pull "$image" || fail "$image cannot be pulled: $(tail -n 1 "$work/log")"
    fi
  done
  quietly "build tests" compose build tests
}

use_docker "$work" "${WAYBILL_CACHE:-${XDG_CACHE_HOME:-${HOME:?}/.cache}/waybill}/docker"
[[ -n "$WAYBILL_DEBIAN" ]] || exit 0
if docker compose version >/dev/null 2>&1; then
  compose_command=(docker compose)
elif command -v docker-compose >/dev/null; then
  compose_command=(docker-compose)
else
  fail "no Compose was found (tools/dev/install-packages.sh containers)"
fi
# Where the client lacks what BuildKit needs, it has to be told not to try.
docker buildx version >/dev/null 2>&1 || export DOCKER_BUILDKIT=0
fetch_brokers

get_base_image
copy_context
get_images
started=1
quietly "start the brokers" compose up -d "${brokers[@]}"
status=0
run compose run --rm -T tests || status=$?
if [[ "$status" != 0 ]]; then
  say "the ends of the brokers' logs"
  compose logs --no-color --tail 20 "${brokers[@]}"
fi
exit "$status"

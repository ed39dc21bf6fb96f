# A Docker daemon for the time of a script, for those beside this file, which source it.
# shellcheck shell=bash

# Where dockerd, iptables and ip are; not every shell of root's looks there.
PATH=$PATH:/usr/sbin:/sbin
daemon=""
daemon_folder=""
forwarding=/proc/sys/net/ipv4/ip_forward
forwarded=""
forward_policies=()
had_bridge=""

firewalls() {
  local tool
  for tool in iptables ip6tables; do
    if command -v "$tool" >/dev/null && "$tool" -w -S FORWARD >/dev/null 2>&1; then echo "$tool"; fi
  done
}

# use_docker FOLDER CACHE: uses the daemon that answers. Where none does, and root asks, it starts one
# that keeps its images in CACHE and all else in FOLDER; then DOCKER_HOST names it.
use_docker() {
  docker version >/dev/null 2>&1 && return 0
  [[ -z "${DOCKER_HOST:-}" ]] || fail "no Docker daemon answers at $DOCKER_HOST"
  [[ "$(id -u)" == 0 ]] || fail "no Docker daemon answers here, and only root can start one: use sudo"
  command -v dockerd >/dev/null || fail "dockerd was not found (tools/dev/install-packages.sh containers)"

  mkdir -p "$2"
  exec 8>"$2/.lock"
  flock --nonblock 8 || {
    echo "${0##*/}: waiting for another run to end its Docker daemon"
    flock 8
  }
  daemon_folder=$1
  [[ ! -e /sys/class/net/docker0 ]] || had_bridge=1
  forwarded=$(<"$forwarding")
  local tool
  for tool in $(firewalls); do
    forward_policies+=("$tool $("$tool" -w -S FORWARD | awk '$1 == "-P" { print $3 }')")
  done
  export DOCKER_HOST=unix://$daemon_folder/docker.sock
  # In a session of its own, because what interrupts us must not end it before its containers.
  setsid dockerd --data-root "$2" --exec-root "$daemon_folder/exec" --pidfile "$daemon_folder/pid" \
    --host "$DOCKER_HOST" >"$daemon_folder/dockerd.log" 2>&1 8>&- </dev/null &
  daemon=$!
  local deadline=$((SECONDS + 60))
  until docker version >/dev/null 2>&1; do
    if ! kill -0 "$daemon" 2>/dev/null || ((SECONDS >= deadline)); then
      tail -n 20 "$daemon_folder/dockerd.log" >&2
      fail "the Docker daemon did not start"
    fi
    read -rt 0.1 <> <(:) || true
  done
  # What a run left that could not end in order.
  docker container prune --force >/dev/null
  docker network prune --force >/dev/null
  docker volume prune --force >/dev/null
}

# Ends the daemon, if it is ours, and takes away its bridge and its rules of the firewall: all of
# them, because there was no such bridge before.
end_docker() {
  [[ -n "$daemon" ]] || return 0
  local deadline=$((SECONDS + 30))
  kill "$daemon" 2>/dev/null || true
  while kill -0 "$daemon" 2>/dev/null; do
    ((SECONDS < deadline)) || {
      kill -KILL "$daemon" 2>/dev/null || true
      break
    }
    sleep 0.1  # not `read -t`: this may run within one
  done
  wait "$daemon" 2>/dev/null || true
  daemon=""
  unset DOCKER_HOST
  [[ -z "$had_bridge" ]] || return 0
  ip link delete docker0 || true
  local line tool
  for line in "${forward_policies[@]}"; do
    tool=${line% *}
    remove_rules "$tool"
    "$tool" -w -P FORWARD "${line#* }"
  done
  echo "$forwarded" >"$forwarding"
}

# Docker's chains all have names that begin with DOCKER; every other rule of its own names its bridge.
remove_rules() {
  local table rule chain
  for table in nat filter; do
    "$1" -w -t "$table" -S 2>/dev/null | sed -nE '/^-A/{/DOCKER|docker0/s/^-A/-D/p}' |
      while read -ra rule; do "$1" -w -t "$table" "${rule[@]}" || true; done
    for chain in $("$1" -w -t "$table" -S 2>/dev/null | sed -nE 's/^-N (DOCKER.*)/\1/p'); do
      "$1" -w -t "$table" -X "$chain" || true
    done
  done
}

#!/usr/bin/env bash
# Puts the jars of the pinned Apache Kafka into a cache folder and prints that folder.
#
#   WAYBILL_KAFKA_LIBS=$(testing/brokers/kafka/fetch-kafka.sh)
#
# A complete and unchanged cache is used as it is: no network, no Maven, no Java. Every call checks
# every jar against SHA256SUMS next to this file, and that there is no other file: the broker's class path is
# the whole folder, so an extra jar would be run too.
#
# The cache is $WAYBILL_CACHE, else $XDG_CACHE_HOME/waybill, else ~/.cache/waybill.
# The result alone goes to standard output; everything else goes to standard error.
set -euo pipefail
export LC_ALL=C

say() { printf 'fetch-kafka: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
sums=$here/SHA256SUMS
pom=$here/pom.xml
version=$(sed -n 's/.* kafka_2\.13-\(.*\)\.jar$/\1/p' "$sums")
[ -n "$version" ] || fail "no kafka_2.13 jar is listed in $sums"

if [ -n "${WAYBILL_CACHE:-}" ]; then
  cache=$WAYBILL_CACHE
elif [ -n "${XDG_CACHE_HOME:-}" ]; then
  cache=$XDG_CACHE_HOME/waybill
elif [ -n "${HOME:-}" ]; then
  cache=$HOME/.cache/waybill
else
  fail "set WAYBILL_CACHE, XDG_CACHE_HOME or HOME: one of them names the cache"
fi

# Exactly the listed files, each with the listed sum.
is_good() {
  local folder=$1
  [ -d "$folder" ] || return 1
  if ! diff <(awk '{print $2}' "$sums" | sort) <(ls -A "$folder" | sort) >&2; then
    say "$folder does not hold exactly the listed jars (< missing, > not listed)"
    return 1
  fi
  (cd "$folder" && sha256sum --check --strict --quiet "$sums") >&2
}

mkdir -p "$cache"
cache=$(cd "$cache" && pwd)
libs=$cache/kafka-$version

# Two runs at once must neither download twice nor see each other's unfinished folder.
exec 9>"$cache/.kafka.lock"
flock 9

if is_good "$libs"; then
  printf '%s\n' "$libs"
  exit 0
fi

[ ! -e "$libs" ] || say "$libs is not what SHA256SUMS says: fetching it again"
command -v mvn >/dev/null || fail "mvn was not found: install Maven (Debian: maven)"

# Nobody else is at work while we hold the lock: these are left from runs that were killed.
rm -rf "$cache"/.kafka-fetch.*
work=$(mktemp -d "$cache/.kafka-fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

say "fetching Apache Kafka $version with Maven"
# Maven works on a copy of the pom, whose jars go beside it.
cp "$pom" "$work/pom.xml"
mvn --quiet --batch-mode --file "$work/pom.xml" package </dev/null >&2 9>&- ||
  fail "Maven did not bring Apache Kafka $version; it says why above"

is_good "$work/libs" || fail "what Maven brought is not what $sums lists: nothing was installed"

# The old folder steps aside by a rename and the new one comes by a rename: a reader sees a whole
# folder or none.
[ ! -e "$libs" ] || mv "$libs" "$work/old"
mv "$work/libs" "$libs"
say "fetched into $libs"
printf '%s\n' "$libs"

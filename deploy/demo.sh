#!/usr/bin/env bash
# Two minutes of RaftKV's life on one machine: shards split and move, leaders change, a node is killed,
# another joins and leaves again, while clients write. A line per second says how many commands were
# answered in it; a counter that one client increments all the time shows that none was lost or doubled.
#
#   demo.sh [PORT]    client ports from PORT on, 7201 if not given
#
# Needs a build (mvn -q -DskipTests package) and redis-cli and redis-benchmark. Data and logs are in a
# temporary directory, deleted at the end.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
first=${1:-7201}
work=$(mktemp -d "${TMPDIR:-/tmp}/raftkv-demo.XXXXXX")
background=()

finish() {
  local pid
  for pid in ${background[@]+"${background[@]}"}; do kill "$pid" 2>/dev/null || true; done
  (cd "$work" && "$here/local-cluster.sh" clean >/dev/null 2>&1) || true
  wait 2>/dev/null || true
  rm -rf -- "$work"
}
trap finish EXIT
trap 'exit 1' INT TERM

command -v redis-benchmark >/dev/null || {
  echo "demo: redis-cli and redis-benchmark are needed (Debian: redis-tools)" >&2
  exit 1
}

port() { echo $((first + $1 - 1)); }
ask() { redis-cli -p "$(port 3)" "$@"; }
step() { printf '\n== %s\n' "$*"; }

# Runs a command of RAFTKV at n3, shows it and how it ended.
run() {
  printf '   > %s\n' "$*"
  ask "$@" | paste -sd' ' | sed 's/^/     /'
}

# Waits so many seconds until "$@" succeeds.
within() {
  local deadline=$((SECONDS + $1)) what=$2
  shift 2
  until "$@"; do
    [ "$SECONDS" -lt "$deadline" ] || {
      echo "demo: $what; its log ends with:" >&2
      tail -n 5 "$work/n4.log" >&2
      exit 1
    }
    sleep 0.2
  done
}

n4_is_online() { ask RAFTKV.CLUSTER STATUS | grep -q '^n4 online, .* connected'; }
n4_has_ended() { ! kill -0 "$fourth" 2>/dev/null; }

# Commands that clients of n1 and n3 had answered so far; n2 is the one that is killed.
answered() {
  local n
  for n in 1 3; do
    redis-cli -p "$(port "$n")" INFO stats | tr -d '\r' | sed -n 's/^total_commands_processed://p'
  done | awk '{ sum += $1 } END { printf "%d\n", sum }'
}

throughput() {
  local before now
  before=$(answered)
  while sleep 1; do
    now=$(answered)
    printf '   %3d s %8d commands/s\n' "$SECONDS" $((now - before))
    before=$now
  done
}

cd "$work"
step "three nodes"
"$here/local-cluster.sh" start "$first" | sed '/^All three/,$d'
SECONDS=0
for n in 1 3; do
  redis-benchmark -p "$(port "$n")" -c 8 -r 100000 -n 1000000000 -q \
    SET key:__rand_int__ value >/dev/null 2>&1 &
  background+=($!)
done
redis-cli -p "$(port 1)" -r 1000000000 INCR demo:counter >"$work/counted" 2>&1 &
counter=$!
background+=("$counter")
throughput &
background+=($!)
sleep 8

step "the shard s1 is split in two"
run RAFTKV.SHARD SPLIT s1 SYNC
sleep 3

step "another node leads s2"
run RAFTKV.SHARD TRANSFER-LEADER s2 TO n3 SYNC
sleep 3

step "a fourth node joins"
JAVA_OPTS=-Xmx512m "$here/raftkv" server --node-id n4 --join "127.0.0.1:$(port 1)" \
  --port "$(port 4)" --raft-port $((first + 10003)) --http-port $((first + 1003)) \
  --data-dir "$work/n4" >"$work/n4.log" 2>&1 &
fourth=$!
background+=("$fourth")
within 60 "n4 is not online" n4_is_online

step "a replica of s3 moves to it"
run RAFTKV.SHARD MIGRATE s3 FROM n1 TO n4 SYNC
sleep 3

step "n2 is killed, and started again"
"$here/local-cluster.sh" kill 2
sleep 6
"$here/local-cluster.sh" restart 2
sleep 3

step "the fourth node gives away what it has, and leaves"
run RAFTKV.NODE DRAIN n4 SYNC
run RAFTKV.NODE REMOVE n4 SYNC
within 30 "n4 has not ended" n4_has_ended
sleep 2

step "what the client of the counter saw"
kill "$counter"
wait "$counter" 2>/dev/null || true
acknowledged=$(grep -c '^[0-9][0-9]*$' "$work/counted" || true)
errors=$(grep -vc '^[0-9][0-9]*$' "$work/counted" || true)
stored=$(ask GET demo:counter)
echo "   $acknowledged increments acknowledged, $errors errors; the counter is $stored"
# The one under way when the client was stopped may have been applied without an answer.
[ "$errors" -eq 0 ] && [ $((stored - acknowledged)) -ge 0 ] && [ $((stored - acknowledged)) -le 1 ] || {
  echo "demo: increments were refused, lost or doubled, see above" >&2
  exit 1
}
echo
ask RAFTKV.CLUSTER STATUS

#!/usr/bin/env bash
# RaftKV beside Redis on this machine, in one run, as one markdown table.
#
#   compare.sh [--duration SECONDS] [--warmup SECONDS] [--settle SECONDS] [--only redis|raftkv] [--keep]
#
# Redis: a primary with two replicas, appendonly yes, appendfsync always; its writes are followed by
# WAIT 1 (behind each write, or behind each pipeline of 16), which is as near as it comes to a write
# that a majority has on disk. Its reads are measured at the primary. RaftKV: three nodes, connections
# spread over them, every write and every linearizable read as it is by default. Both run alone, one
# after the other, with the same load generator. --settle: seconds of writes and of reads before the
# first row of RaftKV, for the compiler of three JVMs; --warmup: seconds before each row of either.
#
# Environment: SERVER_JAR, BENCH_JAR, SERVER_JVM (flags of each node's JVM), SERVER_FLAGS (of each
# node), VALUE_SIZE, KEYS. Needs a build: mvn -pl resp-server,jmh -am package -DskipTests
set -euo pipefail

root=$(cd "$(dirname "$0")/../.." && pwd)
raftkv_jar=${SERVER_JAR:-$root/resp-server/target/raftkv.jar}
bench_jar=${BENCH_JAR:-$root/jmh/target/benchmarks.jar}
raftkv_jvm=${SERVER_JVM:--Xmx768m -XX:+UseSerialGC}
raftkv_flags=${SERVER_FLAGS:-}
value_size=${VALUE_SIZE:-64}
keys=${KEYS:-100000}
duration=10
warmup=10
settle=60
only=
keep=
read_rate=1000
ready_seconds=90

redis_ports=(25379 25380 25381)
resp_ports=(25001 25002 25003)
raft_ports=(25011 25012 25013)
http_ports=(25021 25022 25023)

fail() {
  echo "compare: $*" >&2
  exit 1
}

while [ $# -gt 0 ]; do
  case $1 in
    --duration) duration=$2; shift 2 ;;
    --warmup) warmup=$2; shift 2 ;;
    --settle) settle=$2; shift 2 ;;
    --only) only=$2; shift 2 ;;
    --keep) keep=yes; shift ;;
    *) sed -n '2,16s/^# \{0,1\}//p' "$0"; exit 2 ;;
  esac
done

[ -f "$bench_jar" ] || fail "no load generator at $bench_jar"

work=$(mktemp -d "${TMPDIR:-/tmp}/raftkv-compare.XXXXXX")
pids=()

stop_all() {
  local pid
  for pid in ${pids[@]+"${pids[@]}"}; do
    kill "$pid" 2>/dev/null || true
  done
  for pid in ${pids[@]+"${pids[@]}"}; do
    wait "$pid" 2>/dev/null || true
  done
  pids=()
}

finish() {
  stop_all
  if [ -n "$keep" ]; then
    echo "data and logs are in $work" >&2
  else
    rm -rf "$work"
  fi
}
trap finish EXIT

now_ms() {
  date +%s%3N
}

# Runs "$@" until it succeeds, at most ready_seconds.
await() {
  local deadline=$((SECONDS + ready_seconds))
  until "$@" >/dev/null 2>&1; do
    kill -0 "${pids[@]}" 2>/dev/null || fail "a server has ended, its log is in $work: use --keep"
    [ $SECONDS -lt $deadline ] || fail "not ready in ${ready_seconds} s: $* (see $work, use --keep)"
    sleep 0.05
  done
}

http_ready() {
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    printf 'GET /health/ready HTTP/1.0\r\n\r\n' >&3
    timeout 3 head -n 1 <&3
  ) 2>/dev/null | grep -q ' 200 '
}

redis_answers() {
  [ "$(redis-cli -p "$1" PING)" = PONG ]
}

redis_replicates() {
  [ "$(redis-cli -p "${redis_ports[0]}" INFO replication | grep -c 'state=online')" = 2 ]
}

start_redis() {
  local i dir replicaof started
  started=$(now_ms)
  for i in 0 1 2; do
    dir=$work/redis-$i
    mkdir -p "$dir"
    replicaof=()
    [ $i = 0 ] || replicaof=(--replicaof 127.0.0.1 "${redis_ports[0]}")
    redis-server --port "${redis_ports[$i]}" --dir "$dir" --save '' --appendonly yes \
      --appendfsync always --repl-diskless-sync-delay 0 \
      ${replicaof[@]+"${replicaof[@]}"} >"$dir/log" 2>&1 &
    pids+=($!)
  done
  await redis_answers "${redis_ports[0]}"
  await redis_replicates
  redis_ready=$(($(now_ms) - started))
}

start_raftkv() {
  local i n dir members started
  members=
  for i in 0 1 2; do
    n=$((i + 1))
    members=$members${members:+,}n$n=127.0.0.1:${raft_ports[$i]}:${resp_ports[$i]}
  done
  started=$(now_ms)
  for i in 0 1 2; do
    n=$((i + 1))
    dir=$work/raftkv-$n
    mkdir -p "$dir"
    # shellcheck disable=SC2086
    java $raftkv_jvm -jar "$raftkv_jar" server --node-id "n$n" --port "${resp_ports[$i]}" \
      --raft-port "${raft_ports[$i]}" --http-port "${http_ports[$i]}" --data-dir "$dir/data" \
      --cluster "$members" $raftkv_flags >"$dir/log" 2>&1 &
    pids+=($!)
  done
  for i in 0 1 2; do
    await http_ready "${http_ports[$i]}"
  done
  raftkv_ready=$(($(now_ms) - started))
}

# load HOSTS OPTION…: the result as JSON; errors other than abandoned requests are shown.
load() {
  local hosts=$1 json
  shift
  json=$(java -Xmx256m -XX:+UseSerialGC -cp "$bench_jar" io.raftkv.bench.LoadGenerator \
    --hosts "$hosts" --value-size "$value_size" --keys "$keys" --warmup "$warmup" \
    --duration "$duration" --json "$@") || fail "the load generator failed: $*"
  echo "$* $json" >>"$work/results"
  case $json in
    *'"errors":{}'*) ;;
    *) echo "compare: errors with $*: $json" >&2 ;;
  esac
  echo "$json"
}

# field NAME: the first value of that name in the JSON on standard input.
field() {
  grep -o "\"$1\":[0-9.]*" | head -n 1 | cut -d: -f2
}

declare -A result

# measure SYSTEM HOSTS [WRITE-OPTION…]: all rows for one system. The options go with writes; those
# for pipelines differ for Redis.
measure() {
  local system=$1 hosts=$2 json
  shift 2
  local wait_each=() wait_pipeline=()
  if [ "$system" = redis ]; then
    wait_each=(--wait 1)
    wait_pipeline=(--wait 1 --wait-every pipeline)
  fi
  echo "compare: measuring $system" >&2
  json=$(load "$hosts" --command set --pipeline 1 ${wait_each[@]+"${wait_each[@]}"})
  result[$system.set1]=$(field perSecond <<<"$json")
  json=$(load "$hosts" --command set --pipeline 16 ${wait_pipeline[@]+"${wait_pipeline[@]}"})
  result[$system.set16]=$(field perSecond <<<"$json")
  json=$(load "$hosts" --command get --preload --pipeline 1)
  result[$system.get1]=$(field perSecond <<<"$json")
  json=$(load "$hosts" --command get --pipeline 16)
  result[$system.get16]=$(field perSecond <<<"$json")
  json=$(load "$hosts" --command get --connections 8 --rate $read_rate)
  result[$system.getalone]=$(field p50Micros <<<"$json")
  json=$(load "$hosts" --command get --connections 8 --rate $read_rate --background set:8 \
    ${wait_each[@]+"${wait_each[@]}"})
  result[$system.getbusy]=$(field p50Micros <<<"$json")
  json=$(load "$hosts" --command set --connections 1 ${wait_each[@]+"${wait_each[@]}"})
  result[$system.set_lone]=$(field p50Micros <<<"$json")
  json=$(load "$hosts" --command get --connections 1)
  result[$system.get_lone]=$(field p50Micros <<<"$json")
  json=$(load "$hosts" --command set --connections 16 ${wait_each[@]+"${wait_each[@]}"})
  result[$system.set_p99]=$(field p99Micros <<<"$json")
  json=$(load "$hosts" --command get --connections 16)
  result[$system.get_p99]=$(field p99Micros <<<"$json")
}

if [ "$only" != raftkv ]; then
  command -v redis-server >/dev/null || fail "no redis-server on the path"
  start_redis
  result[redis.ready]=$redis_ready
  measure redis "127.0.0.1:${redis_ports[0]}"
  stop_all
fi
if [ "$only" != redis ]; then
  [ -f "$raftkv_jar" ] || fail "no server at $raftkv_jar"
  start_raftkv
  result[raftkv.ready]=$raftkv_ready
  raftkv_hosts=127.0.0.1:${resp_ports[0]},127.0.0.1:${resp_ports[1]},127.0.0.1:${resp_ports[2]}
  echo "compare: settling raftkv for 3 x $settle s" >&2
  duration=$settle load "$raftkv_hosts" --command set --pipeline 1 >/dev/null
  duration=$settle load "$raftkv_hosts" --command set --pipeline 16 >/dev/null
  duration=$settle load "$raftkv_hosts" --command get --pipeline 1 >/dev/null
  measure raftkv "$raftkv_hosts"
  stop_all
fi

# row LABEL KEY: both values, and RaftKV's divided by Redis'.
row() {
  awk -v label="$1" -v redis="${result[redis.$2]:-}" -v raftkv="${result[raftkv.$2]:-}" 'BEGIN {
    ratio = redis > 0 && raftkv > 0 ? sprintf("%.2f", raftkv / redis) : "-"
    printf "| %s | %s | %s | %s |\n", label, redis == "" ? "-" : sprintf("%.0f", redis),
      raftkv == "" ? "-" : sprintf("%.0f", raftkv), ratio
  }'
}

cpu=$(grep -m 1 'model name' /proc/cpuinfo 2>/dev/null | cut -d: -f2 | sed 's/^ //' || true)
echo "$(date +%F), $(nproc) processors${cpu:+ ($cpu)}, values of $value_size bytes, $keys keys," \
  "$duration s per row after warm-up."
echo
echo "| | Redis, fsync always, 2 replicas, WAIT 1 | RaftKV, 3 nodes | RaftKV / Redis |"
echo "|---|---:|---:|---:|"
row "SET, 50 connections, per second" set1
row "SET, 50 connections, pipeline 16, per second" set16
row "GET, 50 connections, per second" get1
row "GET, 50 connections, pipeline 16, per second" get16
row "GET p50, 8 connections, $read_rate per second, us" getalone
row "the same while 8 connections write flat out, us" getbusy
row "SET p50, lone connection, us" set_lone
row "GET p50, lone connection, us" get_lone
row "SET p99, 16 connections, us" set_p99
row "GET p99, 16 connections, us" get_p99
row "start to ready, ms" ready

# What compare.sh and families.sh share: their options, Redis and RaftKV on this machine, and loads on
# them. To be sourced, with set -euo pipefail; the options' defaults may be changed before
# parse_options.
#
# Redis: a primary with two replicas, appendonly yes, appendfsync always; its writes are followed by
# WAIT 1, which is as near as it comes to a write that a majority has on disk. Its reads are measured
# at the primary. RaftKV: three nodes, connections spread over them, every write and every
# linearizable read as it is by default. Both run alone, one after the other, with the same load
# generator.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
program=$(basename "$0" .sh)
raftkv_jar=${SERVER_JAR:-$root/resp-server/target/raftkv.jar}
bench_jar=${BENCH_JAR:-$root/jmh/target/benchmarks.jar}
raftkv_jvm=${SERVER_JVM:--Xmx768m -XX:+UseSerialGC}
raftkv_flags=${SERVER_FLAGS:-}
value_size=${VALUE_SIZE:-64}
keys=${KEYS:-100000}
duration=10
warmup=10
only=
keep=
ready_seconds=90

redis_ports=(25379 25380 25381)
resp_ports=(25001 25002 25003)
raft_ports=(25011 25012 25013)
http_ports=(25021 25022 25023)
redis_hosts=127.0.0.1:${redis_ports[0]}
raftkv_hosts=127.0.0.1:${resp_ports[0]},127.0.0.1:${resp_ports[1]},127.0.0.1:${resp_ports[2]}

fail() {
  echo "$program: $*" >&2
  exit 1
}

# Shows the comment at the head of the script that was called.
usage() {
  sed -n '2,/^[^#]/s/^# \{0,1\}//p' "$0"
  exit 2
}

# parse_options "$@": those of both scripts; others are given to the script's own_option NAME VALUE,
# which returns 1 for one that it does not know.
parse_options() {
  while [ $# -gt 0 ]; do
    case $1 in
      --duration) duration=$2; shift 2 ;;
      --warmup) warmup=$2; shift 2 ;;
      --settle) settle_seconds=$2; shift 2 ;;
      --only) only=$2; shift 2 ;;
      --keep) keep=yes; shift ;;
      *)
        [ $# -ge 2 ] && own_option "$1" "$2" || usage
        shift 2
        ;;
    esac
  done
  [ -f "$bench_jar" ] || fail "no load generator at $bench_jar"
  [ "$only" = raftkv ] || command -v redis-server >/dev/null || fail "no redis-server on the path"
  [ "$only" = redis ] || [ -f "$raftkv_jar" ] || fail "no server at $raftkv_jar"
  work=$(mktemp -d "${TMPDIR:-/tmp}/raftkv-$program.XXXXXX")
  trap finish EXIT
}

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

# start_alone SYSTEM: one server of it; alone_ready is then how long that took, in milliseconds.
start_alone() {
  local dir=$work/$1-alone started
  mkdir -p "$dir"
  started=$(now_ms)
  if [ "$1" = redis ]; then
    redis-server --port "${redis_ports[0]}" --dir "$dir" --save '' --appendonly yes \
      --appendfsync always >>"$dir/log" 2>&1 &
    pids+=($!)
    await redis_answers "${redis_ports[0]}"
  else
    # shellcheck disable=SC2086
    java $raftkv_jvm -jar "$raftkv_jar" server --port "${resp_ports[0]}" \
      --raft-port "${raft_ports[0]}" --http-port "${http_ports[0]}" --data-dir "$dir/data" \
      $raftkv_flags >>"$dir/log" 2>&1 &
    pids+=($!)
    await http_ready "${http_ports[0]}"
  fi
  alone_ready=$(($(now_ms) - started))
}

generator() {
  java -Xmx256m -XX:+UseSerialGC -cp "$bench_jar" io.raftkv.bench.LoadGenerator "$@"
}

# load HOSTS OPTION…: the result as JSON. A run with error replies is shown and noted, see verdict.
load() {
  local hosts=$1 json
  shift
  json=$(generator --hosts "$hosts" --value-size "$value_size" --keys "$keys" --warmup "$warmup" \
    --duration "$duration" --json "$@") || [ -n "$json" ] || fail "the load generator failed: $*"
  echo "$* $json" >>"$work/results"
  case $json in
    *'"errors":{"'*)
      echo "$program: errors with $*: $json" >&2
      echo "$*" >>"$work/failed"
      ;;
  esac
  echo "$json"
}

# The status of the whole run: 1 if any load was answered with an error.
verdict() {
  [ ! -s "$work/failed" ] || fail "not all replies were good with: $(paste -sd ';' "$work/failed")"
}

# each_system: the script's measure SYSTEM HOSTS for Redis and for RaftKV, unless --only says otherwise;
# for RaftKV after its settle HOSTS, unmeasured loads for the compilers of three JVMs.
each_system() {
  if [ "$only" != raftkv ]; then
    start_redis
    echo "$program: measuring redis" >&2
    measure redis "$redis_hosts"
    stop_all
  fi
  if [ "$only" != redis ]; then
    start_raftkv
    echo "$program: settling raftkv" >&2
    settle "$raftkv_hosts"
    echo "$program: measuring raftkv" >&2
    measure raftkv "$raftkv_hosts"
    stop_all
  fi
}

# field NAME: the first value of that name in the JSON on standard input.
field() {
  grep -o "\"$1\":[0-9.]*" | head -n 1 | cut -d: -f2
}

# wait_options SYSTEM PIPELINE: how writes wait for Redis' replicas.
wait_options() {
  case $1-$2 in
    redis-1) echo --wait 1 ;;
    redis-*) echo --wait 1 --wait-every pipeline ;;
  esac
}

declare -A result

# cells KEY: both systems' results, and RaftKV's divided by Redis', as cells of a table.
cells() {
  awk -v redis="${result[redis.$1]:-}" -v raftkv="${result[raftkv.$1]:-}" 'BEGIN {
    ratio = redis > 0 && raftkv > 0 ? sprintf("%.2f", raftkv / redis) : "-"
    printf " %s | %s | %s |", redis == "" ? "-" : sprintf("%.0f", redis),
      raftkv == "" ? "-" : sprintf("%.0f", raftkv), ratio
  }'
}

# What was measured, on what.
heading() {
  local cpu
  cpu=$(grep -m 1 'model name' /proc/cpuinfo 2>/dev/null | cut -d: -f2 | sed 's/^ //' || true)
  echo "$(date +%F), $(nproc) processors${cpu:+ ($cpu)}, values of $value_size bytes, $keys keys," \
    "$duration s per row after warm-up."
  echo
}

#!/usr/bin/env bash
# What shards cost a node that nobody uses: three nodes on this machine, idle, as one markdown table.
#
#   idle.sh [--settle SECONDS] [--duration SECONDS] [--shards "N N ..."] [--keep]
#
# Every node has a replica of every shard. CPU is the time that a node's process used, not how busy the
# machine was, and memory what is resident after a full garbage collection. Values are bounded to 1 MB,
# since each replica keeps a log buffer for the largest one.
#
# Environment: SERVER_JAR, SERVER_JVM, SERVER_FLAGS as for compare.sh. Needs a build and a JDK (jcmd).
set -euo pipefail

. "$(dirname "$0")/servers.sh"
settle_seconds=60
duration=60
shard_counts="1 10 100"
bench_jar=$raftkv_jar # none is needed
only=raftkv
ready_seconds=600

own_option() {
  [ "$1" = --shards ] || return 1
  shard_counts=$2
}
parse_options "$@"
base_flags=$raftkv_flags
ticks_per_second=$(getconf CLK_TCK)

# Ticks of CPU that process $1 has used.
ticks() {
  awk '{sub(/.*\) /, ""); print $12 + $13}' "/proc/$1/stat"
}

# The mean over the nodes of what "$@" PID prints.
mean() {
  local pid sum=0
  for pid in "${pids[@]}"; do
    sum=$((sum + $("$@" "$pid")))
  done
  echo $((sum / ${#pids[@]}))
}

threads_of() { find "/proc/$1/task" -mindepth 1 -maxdepth 1 | wc -l; }
files_of() { find "/proc/$1/fd" -mindepth 1 -maxdepth 1 | wc -l; }
resident_of() { awk '/^VmRSS/ {print int($2 / 1024)}' "/proc/$1/status"; }
collect() { jcmd "$1" GC.run >/dev/null && echo 0; }

echo "| shards | ready, s | CPU of a node, ms/s | resident, MB | threads | open files |"
echo "|---|---|---|---|---|---|"
for shards in $shard_counts; do
  raftkv_flags="--shards $shards --max-value-bytes 1mb $base_flags"
  start_raftkv
  sleep "$settle_seconds"
  before=$(mean ticks)
  sleep "$duration"
  used=$((($(mean ticks) - before) * 1000 / ticks_per_second / duration))
  mean collect >/dev/null
  echo "| $shards | $((raftkv_ready / 1000)) | $used | $(mean resident_of) | $(mean threads_of) |" \
    "$(mean files_of) |"
  stop_all
  rm -rf "$work"/raftkv-*
done

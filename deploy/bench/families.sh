#!/usr/bin/env bash
# RaftKV beside Redis on this machine, in one run, as one markdown table: the usual commands of each
# family of data types, by 50 connections, in requests per second.
#
#   families.sh [--duration SECONDS] [--warmup SECONDS] [--settle SECONDS] [--only redis|raftkv] [--keep]
#               [--rows PATTERN]
#
# What the servers are is in servers.sh, what each row sends in the load generator's Workloads. The
# commands of a row are sent in turn. --settle: seconds of each row's commands before the first row of
# RaftKV, for the compiler of three JVMs; --warmup: seconds before each row of either; --rows: only
# workloads whose names match this extended regular expression, such as '^(hashes|sets)-'. As it is,
# a run takes some ten minutes.
#
# Environment: SERVER_JAR, BENCH_JAR, SERVER_JVM (flags of each node's JVM), SERVER_FLAGS (of each
# node), VALUE_SIZE, KEYS (elements of all keys of a row together). Needs a build:
# mvn -pl resp-server,jmh -am package -DskipTests
set -euo pipefail

. "$(dirname "$0")/servers.sh"
duration=3
warmup=2
settle_seconds=2
rows=.

own_option() {
  case $1 in
    --rows) rows=$2 ;;
    *) return 1 ;;
  esac
}
parse_options "$@"

generator --list | grep -E -- '^[a-z]+-(read|write)'$'\t' >"$work/families"
names=$(cut -f 1 "$work/families" | grep -E -- "$rows") || fail "no row matches $rows"

settle() {
  local duration=$settle_seconds warmup=0 name
  for name in $names; do
    load "$1" --workload "$name" --preload --pipeline 16 >/dev/null
  done
}

# measure SYSTEM HOSTS: all rows for one system, each at both depths on keys made anew.
measure() {
  local system=$1 hosts=$2 name pipeline json waits
  for name in $names; do
    for pipeline in 1 16; do
      read -ra waits <<<"$(wait_options "$system" $pipeline)"
      json=$(load "$hosts" --workload "$name" --preload --pipeline $pipeline \
        ${waits[@]+"${waits[@]}"})
      result[$system.$name.$pipeline]=$(field perSecond <<<"$json")
    done
  done
}

each_system

heading
echo "Redis: fsync always, 2 replicas, WAIT 1. RaftKV: 3 nodes."
echo
echo "| | | Redis | RaftKV | RaftKV / Redis | Redis, pipeline 16 | RaftKV, pipeline 16 | RaftKV / Redis |"
echo "|---|---|---:|---:|---:|---:|---:|---:|"
for name in $names; do
  commands=$(awk -F '\t' -v name="$name" '$1 == name { print $2 }' "$work/families")
  echo "| $name | $commands |$(cells "$name.1")$(cells "$name.16")"
done
verdict

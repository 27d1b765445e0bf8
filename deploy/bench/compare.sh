#!/usr/bin/env bash
# RaftKV beside Redis on this machine, in one run, as one markdown table: SET and GET.
#
#   compare.sh [--duration SECONDS] [--warmup SECONDS] [--settle SECONDS] [--only redis|raftkv] [--keep]
#
# What the servers are is in servers.sh. --settle: seconds of writes and of reads before the first row
# of RaftKV, for the compiler of three JVMs; --warmup: seconds before each row of either.
#
# Environment: SERVER_JAR, BENCH_JAR, SERVER_JVM (flags of each node's JVM), SERVER_FLAGS (of each
# node), VALUE_SIZE, KEYS. Needs a build: mvn -pl resp-server,jmh -am package -DskipTests
set -euo pipefail

. "$(dirname "$0")/servers.sh"
settle_seconds=60
read_rate=1000

own_option() {
  return 1
}
parse_options "$@"

settle() {
  local duration=$settle_seconds
  load "$1" --workload set >/dev/null
  load "$1" --workload set --pipeline 16 >/dev/null
  load "$1" --workload get >/dev/null
}

# measure SYSTEM HOSTS: all rows for one system.
measure() {
  local system=$1 hosts=$2 wait_each wait_pipeline
  read -ra wait_each <<<"$(wait_options "$system" 1)"
  read -ra wait_pipeline <<<"$(wait_options "$system" 16)"

  # take ROW FIELD OPTION…: one load and what is wanted of it.
  take() {
    local row=$1 wanted=$2 json
    shift 2
    json=$(load "$hosts" "$@")
    result[$system.$row]=$(field "$wanted" <<<"$json")
  }
  take set1 perSecond --workload set ${wait_each[@]+"${wait_each[@]}"}
  take set16 perSecond --workload set --pipeline 16 ${wait_pipeline[@]+"${wait_pipeline[@]}"}
  take get1 perSecond --workload get --preload
  take getp50 p50Micros --workload get
  take getp50busy p50Micros --workload get --background set:8 ${wait_each[@]+"${wait_each[@]}"}
  take get16 perSecond --workload get --pipeline 16
  take getalone p50Micros --workload get --connections 8 --rate $read_rate
  take getbusy p50Micros --workload get --connections 8 --rate $read_rate --background set:8 \
    ${wait_each[@]+"${wait_each[@]}"}
  take set_lone p50Micros --workload set --connections 1 ${wait_each[@]+"${wait_each[@]}"}
  take get_lone p50Micros --workload get --connections 1
  take set_p99 p99Micros --workload set --connections 16 ${wait_each[@]+"${wait_each[@]}"}
  take get_p99 p99Micros --workload get --connections 16

  stop_all
  start_alone "$system"
  load "${hosts%%,*}" --workload get --preload >/dev/null
  stop_all
  start_alone "$system"
  result[$system.again]=$alone_ready
}

each_system
result[redis.ready]=${redis_ready:-}
result[raftkv.ready]=${raftkv_ready:-}

# row LABEL KEY
row() {
  echo "| $1 |$(cells "$2")"
}

heading
echo "| | Redis, fsync always, 2 replicas, WAIT 1 | RaftKV, 3 nodes | RaftKV / Redis |"
echo "|---|---:|---:|---:|"
row "SET, 50 connections, per second" set1
row "SET, 50 connections, pipeline 16, per second" set16
row "GET, 50 connections, per second" get1
row "GET, 50 connections, pipeline 16, per second" get16
row "GET p50, 50 connections, us" getp50
row "the same while 8 connections write flat out, us" getp50busy
row "GET p50, 8 connections, $read_rate per second, us" getalone
row "the same while 8 connections write flat out, us" getbusy
row "SET p50, lone connection, us" set_lone
row "GET p50, lone connection, us" get_lone
row "SET p99, 16 connections, us" set_p99
row "GET p99, 16 connections, us" get_p99
row "three fresh servers, start to ready, ms" ready
row "one server with these keys, start to ready, ms" again
verdict

#!/usr/bin/env bash
# Three nodes on this machine, each a process of its own.
#
#   local-cluster.sh start [PORT] start the nodes that are not running, wait until they are ready
#   local-cluster.sh stop         stop all in order
#   local-cluster.sh kill N       kill -9 node N (1 to 3)
#   local-cluster.sh restart N    stop node N if it runs, start it again, wait until it is ready
#   local-cluster.sh status       show what runs and what it says of itself
#   local-cluster.sh clean        stop all and delete the data
#
# Clients: ports 7001-7003. Replication: 17001-17003. HTTP: 8001-8003. If PORT is given, it takes the
# place of 7001, and the others move with it; the cluster keeps the ports that it began with. Data and
# logs are in ./raftkv-cluster. Further settings can be given in the environment, as
# RAFTKV_REQUIREPASS=secret.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
data=$PWD/raftkv-cluster
ready_seconds=90
stop_seconds=40

fail() {
  echo "local-cluster: $*" >&2
  exit 1
}

usage() {
  sed -n '2,/^set /s/^# \{0,1\}//p' "$0"
}

# The client port of n1: as this cluster began, else as asked for.
first_port() {
  cat "$data/port" 2>/dev/null || echo "${1:-7001}"
}

client_port() { echo $((first + $1 - 1)); }
raft_port() { echo $((first + $1 + 9999)); }
http_port() { echo $((first + $1 + 999)); }

member() {
  echo "n$1=127.0.0.1:$(raft_port "$1"):$(client_port "$1")"
}

# The pid of node $1 if it runs. A recycled pid is not taken for it: its command line must match.
pid_of() {
  local pid
  pid=$(cat "$data/n$1/pid" 2>/dev/null) || return 1
  ps -p "$pid" -o args= 2>/dev/null | grep -qF -- "--data-dir $data/n$1/data" || return 1
  echo "$pid"
}

# Body of a GET request, status line first; no HTTP client needed.
get() {
  (
    exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
    printf 'GET %s HTTP/1.0\r\n\r\n' "$2" >&3
    timeout 3 cat <&3
  ) 2>/dev/null | tr -d '\r'
}

is_ready() {
  get "$(http_port "$1")" /health/ready | head -n 1 | grep -q ' 200 '
}

start_node() {
  local n=$1
  if pid_of "$n" >/dev/null; then
    echo "n$n runs already"
    return
  fi
  mkdir -p "$data/n$n"
  JAVA_OPTS=${JAVA_OPTS:--Xmx512m} nohup "$root/deploy/raftkv" server \
    --node-id "n$n" --cluster "$(member 1),$(member 2),$(member 3)" \
    --http-port "$(http_port "$n")" --data-dir "$data/n$n/data" \
    >>"$data/n$n/log" 2>&1 </dev/null &
  echo $! >"$data/n$n/pid"
  echo "n$n started, pid $!, log $data/n$n/log"
}

wait_ready() {
  local n deadline=$((SECONDS + ready_seconds))
  for n in "$@"; do
    until is_ready "$n"; do
      # By its number alone: a process that was just forked has not its own command line yet.
      kill -0 "$(cat "$data/n$n/pid")" 2>/dev/null || {
        tail -n 20 "$data/n$n/log" >&2
        fail "n$n has stopped, see its log above"
      }
      [ "$SECONDS" -lt "$deadline" ] || {
        get "$(http_port "$n")" /health/ready >&2 || true
        fail "n$n is not ready after $ready_seconds s, see $data/n$n/log"
      }
      sleep 0.2
    done
  done
}

# Stops the given nodes at the same time: one that is left alone would report its lost majority.
stop_nodes() {
  local n pid deadline=$((SECONDS + stop_seconds))
  local -a stopping=()
  for n in "$@"; do
    if pid=$(pid_of "$n"); then
      kill "$pid"
      stopping+=("$n")
    fi
  done
  for n in ${stopping[@]+"${stopping[@]}"}; do
    while pid_of "$n" >/dev/null; do
      [ "$SECONDS" -lt "$deadline" ] || fail "n$n does not stop, see $data/n$n/log"
      sleep 0.1
    done
    echo "n$n stopped"
  done
}

node_argument() {
  case ${1:-} in
    1 | 2 | 3) echo "$1" ;;
    n1 | n2 | n3) echo "${1#n}" ;;
    *) fail "which node? 1, 2 or 3" ;;
  esac
}

first=$(first_port)
case ${1:-} in
  start)
    if [ -n "${2:-}" ]; then
      [[ $2 =~ ^[0-9]{1,5}$ ]] && [ "$2" -ge 1 ] && [ "$2" -le 55533 ] ||
        fail "$2 is not a port from 1 to 55533"
      first=$(first_port "$2")
      [ "$first" -eq "$2" ] || fail "this cluster has begun at port $first; see clean"
    fi
    mkdir -p "$data"
    echo "$first" >"$data/port"
    for n in 1 2 3; do start_node "$n"; done
    wait_ready 1 2 3
    cat <<EOF
All three nodes are ready. Any node answers any command:

  redis-cli -p $(client_port 1) set greeting hello
  redis-cli -p $(client_port 3) get greeting
  redis-cli -p $(client_port 2) cluster shards
  $0 kill 1; redis-cli -p $(client_port 2) get greeting; $0 restart 1
EOF
    ;;
  stop) stop_nodes 1 2 3 ;;
  kill)
    n=$(node_argument "${2:-}")
    pid=$(pid_of "$n") || fail "n$n does not run"
    kill -9 "$pid"
    echo "n$n killed"
    ;;
  restart)
    n=$(node_argument "${2:-}")
    stop_nodes "$n"
    start_node "$n"
    wait_ready "$n"
    echo "n$n is ready"
    ;;
  status)
    for n in 1 2 3; do
      if pid=$(pid_of "$n"); then
        echo "n$n: pid $pid, port $(client_port "$n")"
        get "$(http_port "$n")" /health/ready | sed '1,/^$/d; s/^/  /' ||
          echo "  no answer on port $(http_port "$n")"
      else
        echo "n$n: not running"
      fi
    done
    ;;
  clean)
    stop_nodes 1 2 3
    rm -rf -- "$data"
    ;;
  -h | --help | help) usage ;;
  *)
    usage >&2
    exit 2
    ;;
esac

#!/usr/bin/env bash
# Checks docker-compose.yml and all it refers to, with or without a container engine.
#
#   check-compose.sh            also runs one node with the image's commands, outside a container
#   check-compose.sh --static   reads the files only
#
# Needs python3 with PyYAML, and the built raftkv.jar.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)

# 1. The file itself, by Compose if it is installed (that needs no engine).
if docker compose version >/dev/null 2>&1; then
  docker compose -f "$here/docker-compose.yml" --profile monitoring config --quiet
  echo "compose: docker compose accepts the file"
else
  echo "compose: docker compose is not installed, checking the file by hand"
fi

# 2. What Compose does not check: references, and that the nodes' settings go together. Prints, per
# node, a line "id VARIABLE=value ..." for step 3.
environments=$(
  python3 - "$here" <<'PYTHON'
import json
import pathlib
import re
import sys

import yaml

here = pathlib.Path(sys.argv[1])
compose = yaml.safe_load((here / "docker-compose.yml").read_text())
problems = []


def check(holds, problem):
    if not holds:
        problems.append(problem)


KEYS = {
    "image", "build", "restart", "stop_grace_period", "ulimits", "healthcheck", "environment",
    "ports", "volumes", "profiles", "depends_on", "pull_policy", "mem_limit",
}
services = compose["services"]
published = {}
builders = {}
for name, service in services.items():
    if "build" in service:
        builders.setdefault(service["image"], []).append(name)
for image, names in builders.items():
    check(len(names) == 1, f"{names} all build {image}: they would race for its tag")
for name, service in services.items():
    check(service.keys() <= KEYS, f"{name}: unknown keys {service.keys() - KEYS}")
    for port in service.get("ports", []):
        match = re.fullmatch(r"127\.0\.0\.1:(\d+):(\d+)", port)
        check(match, f"{name}: port {port} is not address:host:container on this machine only")
        if match:
            check(match[1] not in published, f"{name} and {published.get(match[1])}: port {match[1]}")
            published[match[1]] = name
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        if source.startswith("."):
            check((here / source).exists(), f"{name}: {source} does not exist")
        else:
            check(source in compose["volumes"], f"{name}: volume {source} is not declared")
    for other in service.get("depends_on", []):
        check(other in services, f"{name}: depends on {other}, which does not exist")
    if service["image"] in builders:
        check(service.get("pull_policy") == "never", f"{name}: would pull {service['image']}")
    # A variable that is no setting would stop every raftkv that is started from the same shell.
    for key, value in service.get("environment", {}).items():
        for used in re.findall(r"\$\{(\w+)", value):
            check(used == key, f"{name}: {key} is taken from {used}")
    if "build" in service:
        context = here / service["build"]["context"]
        dockerfile = context / service["build"]["dockerfile"]
        check(dockerfile.is_file(), f"{name}: {dockerfile} does not exist")
        for line in dockerfile.read_text().splitlines():
            copied = re.match(r"COPY (?!--from)(\S+) ", line)
            if copied:
                check((context / copied[1]).exists(), f"Dockerfile copies {copied[1]}")


def expand(value):
    """${NAME:-default} with nothing set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", value)


nodes = {name: s for name, s in services.items() if "RAFTKV_NODE_ID" in s.get("environment", {})}
check(len(nodes) == 3, f"nodes: {sorted(nodes)}")
for name, service in nodes.items():
    environment = service["environment"]
    check(environment["RAFTKV_NODE_ID"] == name, f"{name}: its node id is another")
    check("mem_limit" in service, f"{name}: no mem_limit, each heap would be 40 % of the machine")
    check(f"{name}:/data" in service["volumes"], f"{name}: its data is not on its own volume")
    check(service["healthcheck"]["test"] == ["CMD", "raftkv", "healthcheck"], f"{name}: health check")
    members = dict(m.split("=") for m in environment["RAFTKV_CLUSTER"].split(","))
    check(members.keys() == nodes.keys(), f"{name}: cluster is {members}")
    for member, address in members.items():
        check(address == f"{member}:16379:6379", f"{name}: {member} has address {address}")
    print(name, *(f"{key}={expand(value)}" for key, value in environment.items()))

prometheus = yaml.safe_load((here / "monitoring/prometheus.yml").read_text())
targets = prometheus["scrape_configs"][0]["static_configs"][0]["targets"]
check(targets == [f"{name}:8379" for name in nodes], f"prometheus scrapes {targets}")
for source in (here / "monitoring/grafana").glob("*/*.yml"):
    yaml.safe_load(source.read_text())
dashboard = json.loads((here / "monitoring/grafana/dashboards/raftkv.json").read_text())
ids = [panel["id"] for panel in dashboard["panels"]]
check(len(ids) == len(set(ids)), "dashboard: panels with one id")
for panel in dashboard["panels"]:
    for target in panel.get("targets", []):
        check(target["expr"].count("(") == target["expr"].count(")"), panel["title"])

for problem in problems:
    print("compose:", problem, file=sys.stderr)
sys.exit(1 if problems else 0)
PYTHON
)
echo "compose: file, volumes, ports, mounted files and dashboard are consistent"

# 3. The image's commands with each node's settings. A node that is not there gives 1; settings that
# are wrong or unknown would give 2.
while read -r name settings; do
  code=0
  # shellcheck disable=SC2086 # settings are words, none with blanks
  env $settings RAFTKV_HTTP_PORT=1 "$here/raftkv" healthcheck >/dev/null 2>&1 || code=$?
  [ "$code" -eq 1 ] || {
    # shellcheck disable=SC2086
    env $settings RAFTKV_HTTP_PORT=1 "$here/raftkv" healthcheck || true
    echo "compose: the settings of $name are refused (exit code $code)" >&2
    exit 1
  }
done <<<"$environments"
"$here/raftkv" --version >/dev/null
echo "compose: the nodes' settings are accepted"
[ "${1:-}" != --static ] || exit 0

# 4. One node, alone, from start over a passing health check to an orderly stop.
scratch=$(mktemp -d)
node=
cleanup() {
  [ -z "$node" ] || kill -9 "$node" 2>/dev/null || true
  rm -rf -- "$scratch"
}
trap cleanup EXIT
read -r RAFTKV_PORT RAFTKV_RAFT_PORT RAFTKV_HTTP_PORT < <(
  python3 - <<'PYTHON'
import socket

probes = [socket.create_server(("127.0.0.1", 0)) for _ in range(3)]
print(*(probe.getsockname()[1] for probe in probes))
PYTHON
)
export RAFTKV_DATA_DIR=$scratch/data RAFTKV_PORT RAFTKV_RAFT_PORT RAFTKV_HTTP_PORT
"$here/raftkv" >"$scratch/log" 2>&1 &
node=$!
deadline=$((SECONDS + 90))
until "$here/raftkv" healthcheck --ready >"$scratch/health" 2>&1; do
  if ! kill -0 "$node" 2>/dev/null || [ "$SECONDS" -ge "$deadline" ]; then
    cat "$scratch/health" "$scratch/log" >&2
    echo "compose: a node started with the image's commands is not ready" >&2
    exit 1
  fi
done
"$here/raftkv" healthcheck
kill "$node"
code=0
wait "$node" || code=$?
node=
[ "$code" -eq 143 ] || {
  cat "$scratch/log" >&2
  echo "compose: the node stopped with exit code $code instead of 143 (asked by a signal)" >&2
  exit 1
}
echo "compose: a node started, was healthy and stopped"

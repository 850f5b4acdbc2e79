#!/usr/bin/env bash
# Server-sent events: an id without data.
#
# Guessed: a block of an `id` and a comment tells a client where to resume, and nothing else. So a server can move those
#          forward about whom nothing happens.
# Version: eventsource 4.1.1 and undici 6.29.1 (npm), sseclient-py 1.9.0 and httpx-sse 0.4.3 (PyPI).
# Seen:    undici does that. eventsource comes again with the id of the last event that had data. sseclient-py gives no id but
#          with data. httpx-sse hands out an event that nobody sent, a `message` without data, and after the first id one for
#          each comment that keeps the connection alive, too.
# Source:  https://html.spec.whatwg.org/multipage/server-sent-events.html#dispatchMessage: step 1 sets the last event id, step
#          2 ends where there is no data. https://github.com/florimondmanca/httpx-sse, `SSEDecoder.decode`.
# So:      what only moves a client forward is an event of its own, `checkpoint`, with data.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check sseclient-py==1.9.0 httpx-sse==0.4.3 httpx==0.28.1
npm install --silent --no-audit --no-fund eventsource@4.1.1 undici@6.29.1
printf ': checkpoint\nid: 41\n\nevent: logged\ndata: 5 x 100 kg\nid: 42\n\n: checkpoint\nid: 50\n\n: still here\n\n' >stream
cat > read.py <<'PYTHON'
import httpx, httpx_sse, sseclient

stream = open("stream", "rb").read()
print("sseclient-py:", [(event.id, event.event, event.data) for event in sseclient.SSEClient(iter([stream])).events()])
answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=stream)
with httpx.Client(transport=httpx.MockTransport(lambda _: answer)) as client:
    with httpx_sse.connect_sse(client, "GET", "http://localhost/") as source:
        print("httpx-sse:", [(event.id, event.event, event.data) for event in source.iter_sse()])
PYTHON
cat > read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { EventSource } from "eventsource";
import * as undici from "undici";

const stream = readFileSync("stream");
for (const [name, Source] of [["eventsource", EventSource], ["undici", undici.EventSource]]) {
  let came = 0;
  await new Promise((done) => {
    const server = createServer((request, response) => {
      if (++came === 2) {
        console.log(`${name}: comes again with Last-Event-ID ${request.headers["last-event-id"]}`);
        source.close();
        server.closeAllConnections();
        server.close(done);
        return;
      }
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.end("retry: 50\n\n" + stream);
    }).listen(0, "127.0.0.1");
    let source;
    server.on("listening", () => (source = new Source(`http://127.0.0.1:${server.address().port}/`)));
  });
}
JS
{ venv/bin/python read.py; node --no-warnings read.mjs; } | tee seen
diff seen - <<'EXPECTED'
sseclient-py: [('42', 'logged', '5 x 100 kg')]
httpx-sse: [('41', 'message', ''), ('42', 'logged', '5 x 100 kg'), ('50', 'message', ''), ('50', 'message', '')]
eventsource: comes again with Last-Event-ID 42
undici: comes again with Last-Event-ID 50
EXPECTED
echo "as seen"

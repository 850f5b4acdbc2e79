#!/usr/bin/env bash
# curl --retry, when its output goes to a pipe.
#
# Guessed: `curl --retry 5 … | program` gives the program the answer that ended the retries.
# Version: curl 7.88.1 (Debian 12).
# Seen:    the program gets the bodies of all attempts, one after another: two 503 and the answer are no JSON any more. The
#          same with --fail-with-body. With -f the bodies of errors are left out, also the one that says why a request was
#          refused. With -o each attempt begins the file anew.
# Source:  `curl --manual`, --retry-all-errors: what a pipe or a redirection got before a retry is not taken back.
# So:      examples/shell/plyo.sh has curl write to a file, and prints that.
set -euo pipefail
directory=$(mktemp -d)
trap 'kill "$server" 2>/dev/null || true; rm -rf "$directory"' EXIT
server=
cd "$directory"
cat > serve.py <<'PYTHON'
import http.server

class Handler(http.server.BaseHTTPRequestHandler):
    count = 0

    def do_GET(self):
        Handler.count += 1
        done = Handler.count % 3 == 0
        body = b'{"done":true}\n' if done else b'{"status":503}\n'
        self.send_response(200 if done else 503)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
with open("port", "w") as port:
    print(server.server_port, file=port)
server.serve_forever()
PYTHON
python3 serve.py &
server=$!
until [ -s port ]; do sleep 0.1; done
ask() { curl -sS --retry 5 --retry-delay 0 --retry-max-time 30 "http://127.0.0.1:$(cat port)/" "$@" 2>/dev/null | cat; }
curl --version | head -n 1
{
    echo "to a pipe:"; ask
    echo "to a pipe, with --fail-with-body:"; ask --fail-with-body
    echo "to a pipe, with -f:"; ask -f
    echo "to a file:"; ask -o answer; cat answer
} | tee seen
diff seen - <<'EXPECTED'
to a pipe:
{"status":503}
{"status":503}
{"done":true}
to a pipe, with --fail-with-body:
{"status":503}
{"status":503}
{"done":true}
to a pipe, with -f:
{"done":true}
to a file:
{"done":true}
EXPECTED
echo "as seen"

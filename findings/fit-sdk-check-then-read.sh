#!/usr/bin/env bash
# FIT: Garmin's Python SDK, asked whether a file is whole and then for what is in it.
#
# Guessed: `if decoder.check_integrity(): messages, errors = decoder.read()` gives the messages of a good file.
# Version: garmin-fit-sdk 21.218.0 (PyPI), @garmin/fitsdk 21.217.0 (npm).
# Seen:    in Python it gives no messages and no errors: the check has read the stream to its end, and `read` takes that for a
#          file that is over. Nothing is raised, so an import would file an empty workout. In JavaScript the same two calls
#          give all.
# Source:  garmin_fit_sdk/decoder.py: `check_integrity` leaves the stream where it has read it to, and `read` goes on from there.
# So:      a decoder for each question.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check garmin-fit-sdk==21.218.0
npm install --silent --no-audit --no-fund @garmin/fitsdk@21.217.0
cat > read.py <<'PYTHON'
from datetime import UTC, datetime
from garmin_fit_sdk import Decoder, Encoder, Stream

encoder = Encoder()
at = datetime(2026, 11, 28, 17, 5, tzinfo=UTC)
encoder.write_mesg({"mesg_num": 0, "type": "activity", "manufacturer": "development", "time_created": at})
encoder.write_mesg({"mesg_num": 225, "timestamp": at, "repetitions": 5, "set_type": "active"})
open("sets.fit", "wb").write(encoder.close())

decoder = Decoder(Stream.from_file("sets.fit"))
print("Python, read alone:", sorted(decoder.read()[0]))
decoder = Decoder(Stream.from_file("sets.fit"))
print("Python, checked first:", decoder.check_integrity(), decoder.read())
PYTHON
cat > read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { Decoder, Stream } from "@garmin/fitsdk";

const decoder = new Decoder(Stream.fromBuffer(readFileSync("sets.fit")));
console.log("JavaScript, checked first:", decoder.checkIntegrity(), Object.keys(decoder.read().messages).sort());
JS
{ venv/bin/python read.py; node read.mjs; } | tee seen
diff seen - <<'EXPECTED'
Python, read alone: ['file_id_mesgs', 'set_mesgs']
Python, checked first: True ({}, [])
JavaScript, checked first: true [ 'fileIdMesgs', 'setMesgs' ]
EXPECTED
echo "as seen"

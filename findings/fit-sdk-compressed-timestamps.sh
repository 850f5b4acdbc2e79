#!/usr/bin/env bash
# FIT: Garmin's own SDK, and records with compressed timestamps.
#
# Guessed: the SDK of those who made the format reads every valid file, or raises an error.
# Version: garmin-fit-sdk 21.218.0 and fitdecode 0.11.0 (PyPI), @garmin/fitsdk 21.217.0 and fit-file-parser 6.1.2 (npm).
# Seen:    where a record's timestamp is five bits of its header, as older watches write it to save space, both SDKs stop. They
#          call the file whole (CRC), raise nothing, and give the records before it; that there is more is said in a list of
#          errors beside the messages, which has no text in JSON. The two libraries of others read all six.
# Source:  https://developer.garmin.com/fit/protocol/, "Compressed Timestamp Header"; garmin_fit_sdk/decoder.py: "Compressed
#          timestamp messages are not currently supported".
# So:      who reads FIT with the SDK has to look at the errors before he believes the records.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check garmin-fit-sdk==21.218.0 fitdecode==0.11.0
npm install --silent --no-audit --no-fund @garmin/fitsdk@21.217.0 fit-file-parser@6.1.2
cat > write.py <<'PYTHON'
"""A file_id, a record with a whole timestamp, and five with a compressed one."""
import struct
from garmin_fit_sdk import CrcCalculator

def with_crc(data):
    return data + struct.pack("<H", CrcCalculator.calculate_crc(data, 0, len(data)))

def definition(local, message, *fields):
    return struct.pack("<BBBHB", 0x40 | local, 0, 0, message, len(fields)) + b"".join(map(bytes, fields))

ENUM, UINT8, UINT16, UINT32 = 0x00, 0x02, 0x84, 0x86
start = 1_164_819_900
data = definition(0, 0, (0, 1, ENUM), (1, 2, UINT16), (4, 4, UINT32)) + struct.pack("<BBHI", 0, 4, 255, start)
data += definition(1, 20, (253, 4, UINT32), (3, 1, UINT8)) + struct.pack("<BIB", 1, start, 120)
data += definition(2, 20, (3, 1, UINT8))
for second in range(1, 6):
    data += struct.pack("<BB", 0x80 | 2 << 5 | (start + second) & 0x1F, 120 + second)
header = with_crc(struct.pack("<BBHI4s", 14, 0x10, 2132, len(data), b".FIT"))
open("run.fit", "wb").write(with_crc(header + data))
PYTHON
cat > read.py <<'PYTHON'
import fitdecode
from garmin_fit_sdk import Decoder, Stream

print("Python SDK: whole", Decoder(Stream.from_file("run.fit")).check_integrity())
messages, errors = Decoder(Stream.from_file("run.fit")).read()
print("Python SDK:", len(messages["record_mesgs"]), "record,", errors)
with fitdecode.FitReader("run.fit", check_crc=fitdecode.CrcCheck.RAISE) as reader:
    records = [frame for frame in reader if isinstance(frame, fitdecode.FitDataMessage) and frame.name == "record"]
print("fitdecode:", len(records), "records, the last one at", records[-1].get_value("timestamp"))
PYTHON
cat > read.mjs <<'JS'
import { readFileSync } from "node:fs";
import { Decoder, Stream } from "@garmin/fitsdk";
import Parser from "fit-file-parser";

const bytes = readFileSync("run.fit");
console.log("JavaScript SDK: whole", new Decoder(Stream.fromBuffer(bytes)).checkIntegrity());
const { messages, errors } = new Decoder(Stream.fromBuffer(bytes)).read();
console.log(`JavaScript SDK: ${messages.recordMesgs.length} record, ${JSON.stringify(errors)}`);
new (Parser.default ?? Parser)({ mode: "list" }).parse(bytes, (error, file) => {
  console.log(`fit-file-parser: ${file.records.length} records, the last one at ${file.records.at(-1).timestamp.toISOString()}`);
});
JS
venv/bin/python write.py
{ venv/bin/python read.py; node read.mjs; } | tee seen
diff seen - <<'EXPECTED'
Python SDK: whole True
Python SDK: 1 record, [RuntimeError('FIT Runtime Error at byte: 64 Compressed timestamp messages are not currently supported')]
fitdecode: 6 records, the last one at 2026-11-28 17:05:05+00:00
JavaScript SDK: whole true
JavaScript SDK: 1 record, [{}]
fit-file-parser: 6 records, the last one at 2026-11-28T17:05:05.000Z
EXPECTED
echo "as seen"

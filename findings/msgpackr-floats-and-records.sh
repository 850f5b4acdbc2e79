#!/usr/bin/env bash
# MessagePack from msgpackr: a time in milliseconds, and a list of sets.
#
# Guessed: an integer is packed as an integer, and what one encoder of MessagePack writes, every other reads.
# Version: msgpackr 2.1.3 and @msgpack/msgpack 3.1.3 (npm), msgpack 1.2.4 and msgspec 0.22.0 (PyPI).
# Seen:    msgpackr packs integers from 2^32 on as 64-bit floats, so each time in milliseconds is one: Python gives a float,
#          and a reader with types refuses it. `new Packr().pack` writes lists of objects as records, an extension of its own.
#          msgpack for Python calls that extra data; its stream reader gives a list, and then each number as a message of its
#          own, without an error. The function `pack` of the same package does not do that.
# Source:  https://github.com/kriszyp/msgpackr, pack.js; README, "Record / Object Structures".
# So:      whoever sends frames to /api/v1/live with msgpackr takes `pack`, or `useRecords: false`, and a string for each large
#          number, as Plyo does with cursors.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check msgpack==1.2.4 msgspec==0.22.0
npm install --silent --no-audit --no-fund msgpackr@2.1.3 @msgpack/msgpack@3.1.3
cat > write.mjs <<'JS'
import { writeFileSync } from "node:fs";
import { encode } from "@msgpack/msgpack";
import { Packr, pack } from "msgpackr";
const at = { at: 1795885500000 };
const sets = [{ kg: 60, reps: 5 }, { kg: 62.5, reps: 5 }];
writeFileSync("at.msgpackr", pack(at));
writeFileSync("at.msgpack", encode(at));
writeFileSync("sets.pack", pack(sets));
writeFileSync("sets.packr", new Packr().pack(sets));
JS
cat > read.py <<'PYTHON'
import msgpack, msgspec

class At(msgspec.Struct):
    at: int

for name in ("at.msgpack", "at.msgpackr"):
    data = open(name, "rb").read()
    try:
        typed = msgspec.msgpack.decode(data, type=At)
    except msgspec.ValidationError as error:
        typed = error
    print(f"{name}: {msgpack.unpackb(data)}, with a type: {typed}")
for name in ("sets.pack", "sets.packr"):
    data = open(name, "rb").read()
    try:
        one = msgpack.unpackb(data)
    except msgpack.ExtraData as error:
        one = error
    stream = msgpack.Unpacker()
    stream.feed(data)
    print(f"{name}: {one}")
    print(f"{name}, as a stream: {list(stream)}")
PYTHON
node write.mjs
venv/bin/python read.py | tee seen
diff seen - <<'EXPECTED'
at.msgpack: {'at': 1795885500000}, with a type: At(at=1795885500000)
at.msgpackr: {'at': 1795885500000.0}, with a type: Expected `int`, got `float` - at `$.at`
sets.pack: [{'kg': 60, 'reps': 5}, {'kg': 62.5, 'reps': 5}]
sets.pack, as a stream: [[{'kg': 60, 'reps': 5}, {'kg': 62.5, 'reps': 5}]]
sets.packr: unpack(b) received extra data.
sets.packr, as a stream: [[ExtType(code=114, data=b'@'), ['kg', 'reps']], 60, 5, 64, 62.5, 5]
EXPECTED
echo "as seen"

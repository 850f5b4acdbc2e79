#!/usr/bin/env bash
# FIT: a set of 22.5 pounds, and what the athlete's clock showed.
#
# Guessed: a weight that was entered comes back, and a local time is a local time.
# Version: garmin-fit-sdk 21.218.0, fitdecode 0.11.0 and fitparse 1.2.0 (PyPI).
# Seen:    the format keeps the weight of a set in sixteenths of a kilogram: 22.5 lb come back as 22.46, 45 as 45.06, 225 as
#          225.01. What an athlete entered in pounds has to be rounded to the nearest plate, or every comparison fails. The
#          local time of an activity, 18:05 on the clock in Berlin, is a number of seconds since 1989 from the SDK, which gives
#          every other time as a datetime; from fitdecode it is 18:05 UTC, which is an hour wrong, and from fitparse 18:05
#          without a zone, as are its times in UTC.
# Source:  Garmin's profile: set.weight, uint16, scale 16, kg; activity.local_timestamp, local_date_time.
# So:      the offset of an activity is local_timestamp - timestamp in raw seconds, whatever a reader makes of them.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check garmin-fit-sdk==21.218.0 fitdecode==0.11.0 fitparse==1.2.0
cat > read.py <<'PYTHON'
from datetime import UTC, datetime
import fitdecode, fitparse
from garmin_fit_sdk import FIT_EPOCH_S, Decoder, Encoder, Stream

encoder = Encoder()
at = datetime(2026, 11, 28, 17, 5, tzinfo=UTC)
encoder.write_mesg({"mesg_num": 0, "type": "activity", "manufacturer": "development", "time_created": at})
pounds = [22.5, 45, 135, 225]
for load in pounds:
    encoder.write_mesg({"mesg_num": 225, "timestamp": at, "weight": load * 0.45359237, "weight_display_unit": "pound"})
local = int(at.timestamp()) - FIT_EPOCH_S + 3600
encoder.write_mesg({"mesg_num": 34, "timestamp": at, "local_timestamp": local, "num_sessions": 1})
open("sets.fit", "wb").write(encoder.close())

messages, errors = Decoder(Stream.from_file("sets.fit")).read()
assert not errors
for load, message in zip(pounds, messages["set_mesgs"], strict=True):
    print(f"{load} lb: {message['weight']} kg, {message['weight'] / 0.45359237:.3f} lb")
[activity] = messages["activity_mesgs"]
print("SDK:", activity["timestamp"], "and local", activity["local_timestamp"])
with fitdecode.FitReader("sets.fit") as reader:
    for frame in reader:
        if isinstance(frame, fitdecode.FitDataMessage) and frame.name == "activity":
            print("fitdecode:", frame.get_value("timestamp"), "and local", frame.get_value("local_timestamp"))
for message in fitparse.FitFile("sets.fit").get_messages("activity"):
    print("fitparse:", message.get_value("timestamp"), "and local", message.get_value("local_timestamp"))
PYTHON
venv/bin/python read.py | tee seen
diff seen - <<'EXPECTED'
22.5 lb: 10.1875 kg, 22.460 lb
45 lb: 20.4375 kg, 45.057 lb
135 lb: 61.25 kg, 135.033 lb
225 lb: 102.0625 kg, 225.009 lb
SDK: 2026-11-28 17:05:00+00:00 and local 1164823500
fitdecode: 2026-11-28 17:05:00+00:00 and local 2026-11-28 18:05:00+00:00
fitparse: 2026-11-28 17:05:00 and local 2026-11-28 18:05:00
EXPECTED
echo "as seen"

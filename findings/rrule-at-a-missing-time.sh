#!/usr/bin/env bash
# RRULE: three days at half past two, in the week in which Berlin has no such time on Sunday.
#
# Guessed: RRULE:FREQ=DAILY;COUNT=3 from Saturday 02:30 is Saturday, Sunday and Monday, with Sunday's at 03:30.
# Version: python-dateutil 2.9.0.post0 (PyPI), rrule 2.8.1, rrule-temporal 2.2.8 and node-ical 0.27.2 (npm).
# Seen:    only rrule-temporal and node-ical do what the RFC has: they leave Sunday out and do not count it, so the third one
#          is on Tuesday. dateutil has three days in a row, and when Sunday's is depends on who made the zone: an hour earlier
#          with dateutil's own than with zoneinfo. rrule has three days, too, and where the machine is in New York, each four
#          hours early. dateutil's FREQ=HOURLY counts what the clock shows, and so names one instant twice.
# Source:  RFC 5545, 3.3.10: instances at a local time that does not exist are ignored and not counted (3.3.5, which takes the
#          offset before the gap, is for times that are written down). https://github.com/jakubroztocil/rrule, "Important: Use
#          UTC dates".
# So:      events/src/recurrence.rs decides such times itself, and takes the first moment after the gap.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check python-dateutil==2.9.0.post0
npm install --silent --no-audit --no-fund rrule@2.8.1 rrule-temporal@2.2.8 node-ical@0.27.2
cat > recur.py <<'PYTHON'
from datetime import UTC, datetime
from zoneinfo import ZoneInfo
from dateutil import rrule, tz

def instants(frequency, count, start):
    return " ".join(f"{time.astimezone(UTC):%d.T%H:%MZ}" for time in rrule.rrule(frequency, count=count, dtstart=start))

for name, zone in (("its own zone", tz.gettz("Europe/Berlin")), ("zoneinfo", ZoneInfo("Europe/Berlin"))):
    print(f"dateutil, {name}: {instants(rrule.DAILY, 3, datetime(2027, 3, 27, 2, 30, tzinfo=zone))}")
print(f"dateutil, hourly: {instants(rrule.HOURLY, 4, datetime(2027, 3, 28, 0, 30, tzinfo=ZoneInfo('Europe/Berlin')))}")
PYTHON
cat > recur.mjs <<'JS'
import rrule from "rrule";
import { RRuleTemporal } from "rrule-temporal";
import ical from "node-ical";

const rule = "DTSTART;TZID=Europe/Berlin:20270327T023000\nRRULE:FREQ=DAILY;COUNT=3";
const calendar = `BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//finding//EN\nBEGIN:VEVENT\nUID:a\nDTSTAMP:20270101T000000Z\n${rule}\nEND:VEVENT\nEND:VCALENDAR\n`;
const [event] = Object.values(ical.sync.parseICS(calendar.replaceAll("\n", "\r\n"))).filter(({ type }) => type === "VEVENT");
const show = (name, times) => {
  const instants = times.map((time) => new Date(time).toISOString().replace(/.*-(..)T(.....).*/, "$1.T$2Z"));
  console.log(`${name}, machine in ${process.env.TZ}: ${instants.join(" ")}`);
};
show("rrule", rrule.rrulestr(rule).all());
show("rrule-temporal", new RRuleTemporal({ rruleString: rule }).all().map((time) => time.epochMilliseconds));
show("node-ical", event.rrule.all());
JS
{ venv/bin/python recur.py; TZ=UTC node recur.mjs; TZ=America/New_York node recur.mjs; } | tee seen
diff seen - <<'EXPECTED'
dateutil, its own zone: 27.T01:30Z 28.T00:30Z 29.T00:30Z
dateutil, zoneinfo: 27.T01:30Z 28.T01:30Z 29.T00:30Z
dateutil, hourly: 27.T23:30Z 28.T00:30Z 28.T01:30Z 28.T01:30Z
rrule, machine in UTC: 27.T01:30Z 28.T00:30Z 29.T00:30Z
rrule-temporal, machine in UTC: 27.T01:30Z 29.T00:30Z 30.T00:30Z
node-ical, machine in UTC: 27.T01:30Z 29.T00:30Z 30.T00:30Z
rrule, machine in America/New_York: 26.T21:30Z 27.T20:30Z 28.T20:30Z
rrule-temporal, machine in America/New_York: 27.T01:30Z 29.T00:30Z 30.T00:30Z
node-ical, machine in America/New_York: 27.T01:30Z 29.T00:30Z 30.T00:30Z
EXPECTED
echo "as seen"

#!/usr/bin/env bash
# iCalendar: ten hours, over a night in which the clock changes.
#
# Guessed: an event of DURATION:PT10H ends ten hours after it began, and one of P1D at the same time on the next day.
# Version: icalendar 7.3.0 and recurring-ical-events 3.8.2 (PyPI), ical.js 2.2.1 and node-ical 0.27.2 (npm).
# Seen:    in icalendar, and what rests on it, PT10H ends after nine hours where the clock goes forward and after eleven where
#          it goes back, and PT24H is the same as P1D: both become a timedelta, and adding that to a time with a zone moves the
#          hands of the clock. ical.js does so as well. node-ical takes PT10H for ten hours, and P1D for 24.
# Source:  RFC 5545, 3.3.6: weeks and days are nominal, hours, minutes and seconds exact, and an implementation has to add them
#          so. https://docs.python.org/3/library/datetime.html: aware arithmetic within one zone does not look at the zone.
# So:      Plyo keeps a start with its offset and seconds; the end is a sum of instants.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check icalendar==7.3.0 recurring-ical-events==3.8.2
npm install --silent --no-audit --no-fund ical.js@2.2.1 node-ical@0.27.2
cat > write.py <<'PYTHON'
zone = """BEGIN:VTIMEZONE
TZID:Europe/Berlin
BEGIN:DAYLIGHT
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
DTSTART:19810329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
END:DAYLIGHT
BEGIN:STANDARD
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
DTSTART:19961027T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
END:STANDARD
END:VTIMEZONE
"""
for day in ("20270327", "20271030"):
    for duration in ("PT10H", "PT24H", "P1D"):
        text = f"""BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//finding//EN
{zone}BEGIN:VEVENT
UID:night
DTSTAMP:20270101T000000Z
DTSTART;TZID=Europe/Berlin:{day}T200000
DURATION:{duration}
END:VEVENT
END:VCALENDAR
"""
        open(f"{day}-{duration}.ics", "w", newline="").write(text.replace("\n", "\r\n"))
PYTHON
cat > read.py <<'PYTHON'
import glob
from datetime import UTC, datetime
import icalendar, recurring_ical_events

def hours(event):
    return f"{(event.end.astimezone(UTC) - event.start.astimezone(UTC)).total_seconds() / 3600:g}"

for path in sorted(glob.glob("*.ics")):
    calendar = icalendar.Calendar.from_ical(open(path, "rb").read())
    [event] = calendar.walk("VEVENT")
    [occurrence] = recurring_ical_events.of(calendar).between(datetime(2027, 1, 1), datetime(2028, 1, 1))
    print(f"{path[:-4]}: icalendar {hours(event)} h, recurring-ical-events {hours(occurrence)} h")
PYTHON
cat > read.mjs <<'JS'
import { readdirSync, readFileSync } from "node:fs";
import ICAL from "ical.js";
import ical from "node-ical";

for (const path of readdirSync(".").filter((name) => name.endsWith(".ics")).sort()) {
  const text = readFileSync(path, "utf8");
  const calendar = new ICAL.Component(ICAL.parse(text));
  ICAL.TimezoneService.register(calendar.getFirstSubcomponent("vtimezone"));
  const event = new ICAL.Event(calendar.getFirstSubcomponent("vevent"));
  const one = (event.endDate.toUnixTime() - event.startDate.toUnixTime()) / 3600;
  const { start, end } = ical.sync.parseICS(text).night;
  console.log(`${path.slice(0, -4)}: ical.js ${one} h, node-ical ${(end - start) / 3_600_000} h`);
}
JS
venv/bin/python write.py
{ venv/bin/python read.py; node read.mjs; } | tee seen
diff seen - <<'EXPECTED'
20270327-P1D: icalendar 23 h, recurring-ical-events 23 h
20270327-PT10H: icalendar 9 h, recurring-ical-events 9 h
20270327-PT24H: icalendar 23 h, recurring-ical-events 23 h
20271030-P1D: icalendar 25 h, recurring-ical-events 25 h
20271030-PT10H: icalendar 11 h, recurring-ical-events 11 h
20271030-PT24H: icalendar 25 h, recurring-ical-events 25 h
20270327-P1D: ical.js 23 h, node-ical 24 h
20270327-PT10H: ical.js 9 h, node-ical 10 h
20270327-PT24H: ical.js 23 h, node-ical 24 h
20271030-P1D: ical.js 25 h, node-ical 24 h
20271030-PT10H: ical.js 11 h, node-ical 10 h
20271030-PT24H: ical.js 25 h, node-ical 24 h
EXPECTED
echo "as seen"

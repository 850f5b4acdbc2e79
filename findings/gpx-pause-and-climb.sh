#!/usr/bin/env bash
# GPX: a track with a pause in it, over five small hills.
#
# Guessed: how long a track is and how much it climbs follows from its points, whoever adds up.
# Version: gpxpy 1.6.2 (PyPI), gpxparser 3.0.8 (npm).
# Seen:    of the same file, gpxpy says 2,226 m with 12 m of climb, gpxparser 12,231 m with 50 m. gpxparser joins the segments
#          of a track, and so counts the straight line from where the recording was paused to where it went on. gpxpy does not,
#          but smooths the elevations before it adds (0.3, 0.4, 0.3), which takes most of a climb that is up and down from
#          point to point, and nothing of a steady one.
# Source:  https://github.com/tkrajina/gpxpy, gpxpy/geo.py, `calculate_uphill_downhill`; https://github.com/Luuka/GPXParser.js,
#          src/GPXParser.js: `trk.querySelectorAll('trkpt')`. GPX 1.1: a segment is a continuous span of points.
# So:      a distance or a climb that is imported is kept with who reckoned it, and never compared across sources.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check gpxpy==1.6.2
npm install --silent --no-audit --no-fund gpxparser@3.0.8
cat > write.py <<'PYTHON'
def segment(latitude, elevations, hour):
    points = "".join(
        f'<trkpt lat="{latitude + n / 1000:.3f}" lon="13"><ele>{elevation}</ele><time>2026-11-01T{hour}:{n:02}:00Z</time></trkpt>'
        for n, elevation in enumerate(elevations)
    )
    return f"<trkseg>{points}</trkseg>"

before, after = segment(52.0, [100, 110] * 5 + [100], 10), segment(52.1, [100] * 11, 12)
print('<?xml version="1.0"?><gpx version="1.1" creator="finding" xmlns="http://www.topografix.com/GPX/1/1">'
      f"<trk>{before}{after}</trk></gpx>")
PYTHON
cat > read.py <<'PYTHON'
import gpxpy
track = gpxpy.parse(open("track.gpx")).tracks[0]
print(f"gpxpy: {track.length_2d():.0f} m, climb {track.get_uphill_downhill().uphill:.0f} m, {track.get_points_no()} points")
PYTHON
cat > read.mjs <<'JS'
import { readFileSync } from "node:fs";
import Parser from "gpxparser";
const gpx = new (Parser.default ?? Parser)();
gpx.parse(readFileSync("track.gpx", "utf8"));
const [{ distance, elevation, points }] = gpx.tracks;
console.log(`gpxparser: ${distance.total.toFixed(0)} m, climb ${elevation.pos} m, ${points.length} points`);
JS
venv/bin/python write.py >track.gpx
{ venv/bin/python read.py; node read.mjs; } | tee seen
diff seen - <<'EXPECTED'
gpxpy: 2226 m, climb 12 m, 22 points
gpxparser: 12231 m, climb 50 m, 22 points
EXPECTED
echo "as seen"

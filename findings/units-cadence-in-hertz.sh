#!/usr/bin/env bash
# A cadence of 180 a minute in hertz, by two libraries of units.
#
# Guessed: 180 rpm are 3 Hz, and a heart that beats 180 times a minute does so 3 times a second.
# Version: Pint 0.25.3 (PyPI), js-quantities 1.8.0 (npm).
# Seen:    Pint says 18.85 Hz: a revolution is 2 pi radians, a radian is 1, and so rpm has the dimension of Hz without being
#          it. It converts in both directions without a word. 180/min are 3 Hz. js-quantities refuses rpm in Hz, and takes bpm.
#          It inverts a pace by itself, 5 min/km to 12 km/h, which Pint refuses. And to js-quantities a body of 37 degC has
#          66.6 degF, for that is how many degrees of Fahrenheit 37 degrees of Celsius are wide; 98.6 is the answer for tempC
#          to tempF.
# Source:  https://pint.readthedocs.io/en/stable/user/angular_frequency.html; the README of js-quantities, "Temperatures".
# So:      Plyo uses no library of units; `events/src/training.rs` has the few conversions that it needs.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check pint==0.25.3
npm install --silent --no-audit --no-fund js-quantities@1.8.0
cat > convert.py <<'PYTHON'
import pint

units = pint.UnitRegistry()
for value, unit in [("180 rpm", "Hz"), ("3 Hz", "rpm"), ("180/min", "Hz"), ("5 min/km", "km/hour")]:
    try:
        print(f"Pint: {value} is {units(value).to(unit):.2f}")
    except pint.DimensionalityError as error:
        print(f"Pint: {value} is no {unit}: {type(error).__name__}")
PYTHON
cat > convert.mjs <<'JS'
import Qty from "js-quantities";
const pairs = [["180 rpm", "Hz"], ["180 bpm", "Hz"], ["5 min/km", "km/h"], ["37 degC", "degF"], ["37 tempC", "tempF"]];
for (const [value, unit] of pairs) {
  try {
    console.log(`js-quantities: ${value} is ${Qty(value).to(unit).toPrec(`0.01 ${unit}`)}`);
  } catch (error) {
    console.log(`js-quantities: ${value} is no ${unit}: ${error.message}`);
  }
}
JS
{ venv/bin/python convert.py; node convert.mjs; } | tee seen
diff seen - <<'EXPECTED'
Pint: 180 rpm is 18.85 hertz
Pint: 3 Hz is 28.65 revolutions_per_minute
Pint: 180/min is 3.00 hertz
Pint: 5 min/km is no km/hour: DimensionalityError
js-quantities: 180 rpm is no Hz: Incompatible units: rpm and Hz
js-quantities: 180 bpm is 3 Hz
js-quantities: 5 min/km is 12 km/h
js-quantities: 37 degC is 66.6 degF
js-quantities: 37 tempC is 98.6 tempF
EXPECTED
echo "as seen"

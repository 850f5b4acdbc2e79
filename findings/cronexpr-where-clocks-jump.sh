#!/usr/bin/env bash
# cronexpr, where clocks jump and at the end of the year.
#
# Guessed: a cron library that carries a time zone and rests on jiff fires once on each local day that its rule matches.
# Version: cronexpr 1.7.0 (crates.io, the newest on 2026-11-29) with jiff 0.2.46.
# Seen:    a time that the clock jumps over is left out for that day, so a weekly rule at a midnight that does not exist loses
#          its week; a time that the clock shows twice fires twice; `L` and `5L` never fire in December, for which alone they
#          have no next time at all; and a 29 February after one more than four years ahead is not found.
# Source:  https://github.com/fast/cronexpr, src/crontab.rs: `(value + 1.day()).month() > value.month()`.
# So:      events/src/recurrence.rs searches with croner on a clock without a zone and decides the jumps itself.
set -euo pipefail
directory=$(mktemp -d)
trap 'rm -rf "$directory"' EXIT
cd "$directory"
mkdir src
cat > Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2024"
[dependencies]
cronexpr = "=1.7.0"
jiff = "=0.2.46"
TOML
cat > src/main.rs <<'RUST'
fn main() {
    for (rule, after) in [
        ("30 2 * * * Europe/Berlin", "2027-03-27T12:00:00Z"),
        ("30 2 * * * Europe/Berlin", "2027-10-30T12:00:00Z"),
        ("0 0 * * FRI Africa/Cairo", "2027-04-28T12:00:00Z"),
        ("0 0 L * * UTC", "2026-12-01T00:00:00Z"),
        ("0 0 L 12 * UTC", "2026-12-01T00:00:00Z"),
        ("0 0 29 2 * UTC", "2096-03-01T00:00:00Z"),
    ] {
        let times = cronexpr::parse_crontab(rule).unwrap().iter_after(after).unwrap().take(2);
        let times: Vec<String> = times.map(|time| time.map_or("none".to_owned(), |time| time.to_string())).collect();
        println!("{rule} after {after}: {}", times.join(", "));
    }
}
RUST
CARGO_TARGET_DIR="$directory/target" cargo run --quiet | tee seen
diff seen - <<'EXPECTED'
30 2 * * * Europe/Berlin after 2027-03-27T12:00:00Z: 2027-03-29T02:30:00+02:00[Europe/Berlin], 2027-03-30T02:30:00+02:00[Europe/Berlin]
30 2 * * * Europe/Berlin after 2027-10-30T12:00:00Z: 2027-10-31T02:30:00+02:00[Europe/Berlin], 2027-10-31T02:30:00+01:00[Europe/Berlin]
0 0 * * FRI Africa/Cairo after 2027-04-28T12:00:00Z: 2027-05-07T00:00:00+03:00[Africa/Cairo], 2027-05-14T00:00:00+03:00[Africa/Cairo]
0 0 L * * UTC after 2026-12-01T00:00:00Z: 2027-01-31T00:00:00+00:00[UTC], 2027-02-28T00:00:00+00:00[UTC]
0 0 L 12 * UTC after 2026-12-01T00:00:00Z: none, none
0 0 29 2 * UTC after 2096-03-01T00:00:00Z: none, none
EXPECTED
echo "as seen"

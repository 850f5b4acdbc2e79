//! Twelve weeks of one person's training: progressive overload, deloads, missed days, one typing error. The same each time.

use jiff::{ToSpan, civil::Date};
use serde_json::{Value, json};

/// A lift of the programme: its slug, the load of the first week in kilograms, and the step from week to week.
struct Lift {
    slug: &'static str,
    start_kg: f64,
    step_kg: f64,
    reps: u32,
}

const fn lift(slug: &'static str, start_kg: f64, step_kg: f64, reps: u32) -> Lift {
    Lift { slug, start_kg, step_kg, reps }
}

/// Four days of a week: squat, press, pull, and what is left.
const PROGRAMME: [&[Lift]; 4] = [
    &[lift("barbell-back-squat", 80.0, 2.5, 5), lift("leg-press", 140.0, 5.0, 10), lift("plank", 0.0, 0.0, 0)],
    &[
        lift("barbell-bench-press", 60.0, 1.25, 6),
        lift("dumbbell-shoulder-press", 18.0, 0.5, 8),
        lift("dip", 0.0, 0.0, 8),
    ],
    &[lift("barbell-deadlift", 100.0, 5.0, 5), lift("pull-up", 0.0, 0.0, 6), lift("cable-row", 45.0, 2.5, 10)],
    &[
        lift("barbell-overhead-press", 40.0, 1.25, 5),
        lift("dumbbell-curl", 12.0, 0.5, 10),
        lift("face-pull", 20.0, 1.25, 15),
    ],
];

/// Weeks of the programme.
pub(super) const WEEKS: i32 = 12;
/// In these weeks the loads go down, to come back stronger.
const DELOADS: [i32; 2] = [4, 8];
/// The week with a workout on each of its seven days.
const EVERY_DAY: i32 = 6;

/// Every workout in order, ending the day before `today`.
pub fn twelve_weeks(today: Date) -> Vec<Value> {
    let first = today.checked_sub((7 * WEEKS).days()).unwrap_or(today);
    let mut workouts = Vec::new();
    for week in 1..=WEEKS {
        for day in 0..7 {
            let date = first.checked_add((7 * (week - 1) + day).days()).unwrap_or(first);
            workouts.extend(session(week, day).map(|session| workout(week, date, session)));
        }
    }
    workouts
}

/// Which day of the programme is trained: Monday, Tuesday, Thursday, Saturday, but for days that life takes.
fn session(week: i32, day: i32) -> Option<usize> {
    let is_missed = (week * 7 + day) % 11 == 3;
    match (week, day) {
        (EVERY_DAY, day) => Some((day % 4).unsigned_abs() as usize),
        _ if is_missed => None,
        (_, 0) => Some(0),
        (_, 1) => Some(1),
        (_, 3) => Some(2),
        (_, 5) => Some(3),
        _ => None,
    }
}

fn workout(week: i32, date: Date, session: usize) -> Value {
    let is_deload = DELOADS.contains(&week);
    let entry = |lift: &Lift| {
        let sets: Vec<Value> =
            (0..if is_deload { 2 } else { 3 }).map(|set| set_of(lift, week, set, is_deload)).collect();
        json!({ "exercise": lift.slug, "sets": sets })
    };
    json!({
        "started_at": format!("{date}T18:30:00+01:00"),
        "ended_at": format!("{date}T19:{:02}:00+01:00", 20 + week),
        "exercises": PROGRAMME[session].iter().map(entry).collect::<Vec<_>>(),
    })
}

fn set_of(lift: &Lift, week: i32, set: i32, is_deload: bool) -> Value {
    let rpe = if is_deload { 6.0 } else { 7.0 + 0.5 * f64::from(set + i32::from(week % 4 == 3)) };
    if lift.reps == 0 {
        return json!({ "duration_s": 45 + 5 * week, "rpe": rpe });
    }
    if lift.start_kg == 0.0 {
        return json!({ "reps": lift.reps + week.unsigned_abs() / 3, "rpe": rpe });
    }
    // Two loading weeks are lost to deloads; a deload is nine tenths, on the smallest plates.
    let steps = week - 1 - DELOADS.iter().filter(|deload| **deload < week).count() as i32;
    let full = lift.start_kg + lift.step_kg * f64::from(steps);
    let kg = if is_deload { (full * 0.9 / 1.25).round() * 1.25 } else { full };
    json!({ "reps": lift.reps, "load": { "kg": kg }, "rpe": rpe })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_programme_is_the_same_each_time_and_a_year_of_life() {
        let today = Date::constant(2026, 11, 24);
        let workouts = twelve_weeks(today);
        assert_eq!(workouts, twelve_weeks(today));
        assert!((45..60).contains(&workouts.len()), "{}", workouts.len());
        let read: Result<Vec<plyo_events::workout::Workout>, _> =
            workouts.into_iter().map(serde_json::from_value).collect();
        assert!(
            read.unwrap().iter().all(|workout| workout.violations("2026-11-24T00:00:00Z".parse().unwrap()).is_empty())
        );
    }
}

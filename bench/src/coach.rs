//! The coach's mind: what it costs to learn from a workout, and to rebuild somebody who trained 500 times.

use std::time::Instant;

use anyhow::Result;
use jiff::{ToSpan as _, civil::date};
use plyo_coach::domain::{
    event::{Performed, Set, SetKind, Workout, WorkoutEvent},
    exercise::{Exercise, Exercises},
    global::Global,
    profile::Unit,
    state::{History, Knowledge, Training, stored::Stored as _},
};
use plyo_events::{EventId, WorkoutId, training::ExerciseSlug};
use uuid::Uuid;

use crate::{
    Scale,
    figures::{Figures, percentile},
};

const SESSIONS: u32 = 500;
/// Three days in turn, of six exercises with three rated sets each.
const SLUGS: [&str; 18] = [
    "barbell-bench-press",
    "barbell-overhead-press",
    "dumbbell-incline-bench-press",
    "dumbbell-lateral-raise",
    "triceps-pushdown",
    "machine-chest-fly",
    "barbell-deadlift",
    "barbell-bent-over-row",
    "lat-pulldown",
    "cable-row",
    "dumbbell-curl",
    "face-pull",
    "barbell-back-squat",
    "leg-press",
    "barbell-romanian-deadlift",
    "leg-curl",
    "leg-extension",
    "seated-calf-raise",
];

pub async fn measure(scale: Scale) -> Result<Figures> {
    let exercises: Exercises = SLUGS.into_iter().filter_map(Exercise::of_catalogue).collect();
    let knowledge = Knowledge { global: Global::shipped(), exercises: &exercises };
    let workouts: Vec<Workout> = (0..SESSIONS).map(workout).collect();
    let mut stored = Training::new(knowledge.global).to_bytes();
    let mut events = Vec::new();
    for _ in 0..scale.of(10) {
        stored = Training::new(knowledge.global).to_bytes();
        for workout in &workouts {
            // As for a service: the state is read, learns and is written.
            let started = Instant::now();
            let mut training = Training::from_bytes(&stored)?;
            training.fold(knowledge, workout);
            stored = training.to_bytes();
            events.push(started.elapsed().as_secs_f64() * 1e6);
        }
    }
    let mut rebuilds: Vec<f64> = (0..scale.of(20)).map(|_| rebuild(knowledge, &workouts)).collect();
    let (event, rebuild) = (percentile(&mut events, 0.5), percentile(&mut rebuilds, 0.5));
    let mut figures = Figures::default();
    figures.add("coach_event_us", event, "µs").at_most(60.0);
    figures.add("coach_rebuild_500_ms", rebuild, "ms").at_most(50.0);
    figures.add("coach_state_bytes", stored.len() as f64, "B").at_most(65_536.0);
    Ok(figures)
}

/// Milliseconds.
fn rebuild(knowledge: Knowledge<'_>, workouts: &[Workout]) -> f64 {
    let started = Instant::now();
    let mut history = History::new(knowledge);
    for workout in workouts {
        history.apply(knowledge, WorkoutEvent::Completed(workout.clone()));
    }
    std::hint::black_box(history.training());
    started.elapsed().as_secs_f64() * 1e3
}

fn workout(number: u32) -> Workout {
    let id = Uuid::from_u128(u128::from(number));
    let day = &SLUGS[6 * (number as usize % 3)..][..6];
    let set = |place: u32| Set {
        load_kg: 40.0 + 2.5 * f64::from((number / 9 + place) % 20),
        reps: 5 + (number % 4) as u16,
        rpe: Some(7.0 + f64::from((number + place) % 5) / 2.0),
        kind: SetKind::Working,
    };
    let performed = |slug: &&str| Performed {
        exercise: ExerciseSlug::try_from((*slug).to_owned()).expect("a slug"),
        sets: (0..3).map(set).collect(),
        planned: None,
    };
    Workout {
        id: WorkoutId::new(id),
        event: EventId::derive(id, "completed"),
        start: date(2024, 1, 1).at(18, 0, 0, 0) + (2 * i64::from(number)).days(),
        minutes: Some(60),
        heart: None,
        routine: None,
        unit: Unit::Kg,
        exercises: day.iter().map(performed).collect(),
    }
}

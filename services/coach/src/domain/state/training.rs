//! What the workouts of one person tell: the state that they are folded into, and what it foresees.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use plyo_events::{EventId, training::ExerciseSlug};
use serde::{Deserialize, Serialize};

use super::Lift;
use crate::domain::{
    event::Workout,
    exercise::Exercises,
    global::Global,
    models::{habits::Habits, load::TrainingLoad, muscles::Muscles},
};

/// What is known beforehand: the global starting point and the facts about exercises.
#[derive(Clone, Copy, Debug)]
pub struct Knowledge<'a> {
    pub global: &'a Global,
    pub exercises: &'a Exercises,
}

/// Everything that was learnt from workouts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Workouts so far.
    pub sessions: u32,
    pub lifts: BTreeMap<ExerciseSlug, Lift>,
    pub habits: Habits,
    pub muscles: Muscles,
    pub load: TrainingLoad,
}

/// What load is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub exercise: &'a ExerciseSlug,
    /// Repetitions of the top set, 1 to 20.
    pub reps: u8,
    pub on: DateTime,
    /// The smallest change of load, in kilograms.
    pub step_kg: f64,
    /// The plan that is followed, where it is known.
    pub routine: Option<&'a str>,
}

/// The load of the top set that is foreseen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// On the grid of the plates, in kilograms.
    pub load_kg: f64,
    /// Before it was put on the grid.
    pub exact_kg: f64,
    /// What is lifted in 80 and in 90 of 100 cases, in kilograms.
    pub range80_kg: (f64, f64),
    pub range90_kg: (f64, f64),
}

impl Training {
    /// Folds a workout that began after all before it; [`super::History`] sees to the order.
    pub fn fold(&mut self, _knowledge: Knowledge<'_>, _workout: &Workout) {
        self.sessions += 1;
    }

    /// The load of the next top set; `None` for a lift that was never done with a load.
    pub fn forecast(&self, _knowledge: Knowledge<'_>, ask: &Ask<'_>) -> Option<Forecast> {
        let lift = self.lifts.get(ask.exercise)?;
        let kg = lift.last().load_kg;
        Some(Forecast { load_kg: kg, exact_kg: kg, range80_kg: (kg, kg), range90_kg: (kg, kg) })
    }

    /// The event that told of a session, of the last 80.
    pub fn evidence(&self, _session: u32) -> Option<EventId> {
        None
    }

    /// The moment of the first and of the last workout.
    pub fn span(&self) -> Option<(DateTime, DateTime)> {
        None
    }

    /// How strong the person is beside the population's medians: 1 for the same, `None` without a comparable lift.
    pub fn strength_factor(&self, _knowledge: Knowledge<'_>) -> Option<f64> {
        None
    }
}

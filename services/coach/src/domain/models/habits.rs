//! What a person is used to do: the last sessions, and what they tell of the next one.

use jiff::civil::DateTime;
use plyo_events::training::ExerciseSlug;
use serde::{Deserialize, Serialize};

/// The last sessions of a person.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Habits {
    names: Vec<ExerciseSlug>,
    sessions: Vec<Vec<u8>>,
}

impl Habits {
    /// Exercises by how likely the next workout holds them, likeliest first; scores are above 0 and only their order and
    /// ratios mean something. Empty when nothing is known.
    pub fn next_workout(&self, _on: DateTime) -> Vec<(ExerciseSlug, f64)> {
        Vec::new()
    }

    /// Exercises by how likely they come next in a workout in which `done` were done, in order; those are left out.
    pub fn next_exercise(&self, _on: DateTime, _done: &[ExerciseSlug]) -> Vec<(ExerciseSlug, f64)> {
        Vec::new()
    }

    /// The remembered sessions, latest last: when, and what in which order.
    pub fn sessions(&self) -> impl DoubleEndedIterator<Item = (DateTime, Vec<&ExerciseSlug>)> {
        std::iter::empty()
    }
}

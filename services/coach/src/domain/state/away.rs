//! Time away from a lift, and what it leaves.

use jiff::civil::DateTime;
use plyo_events::training::ExerciseSlug;

use super::Training;
use crate::domain::{
    exercise::{Exercise, Exercises, OTHER, Pattern},
    models::{
        layoff,
        time::{day_of, minutes_of},
    },
};

impl Training {
    /// Days since a lift that was done last on a day, its pattern or its main muscle was trained: it rests while others keep up
    /// what it needs.
    pub fn days_away(&self, exercises: &Exercises, exercise: &Exercise, last_day: i32, on: DateTime) -> u32 {
        let today = day_of(minutes_of(on));
        let since = |day: i32| u32::try_from(today.saturating_sub(day)).unwrap_or(0);
        let own = since(last_day);
        if own <= layoff::FREE_DAYS {
            return own;
        }
        let muscle = exercise.primary.first().and_then(|muscle| self.muscles.last(*muscle));
        let of_muscle = muscle.map_or(own, |last| since(day_of(minutes_of(last))));
        let is_same = |slug| exercises.get(slug).is_some_and(|other| other.pattern == exercise.pattern);
        let counts = !matches!(exercise.pattern, Pattern::Isolation | OTHER);
        let alike = self.lifts.iter().filter(|(slug, _)| counts && is_same(slug));
        let of_pattern = alike.map(|(_, other)| since(other.last().day)).min().unwrap_or(own);
        own.min(of_muscle).min(of_pattern)
    }

    /// What time away leaves of a lift's load, as a share.
    pub(super) fn left(&self, exercises: &Exercises, slug: &ExerciseSlug, on: DateTime) -> f64 {
        let (Some(exercise), Some(lift)) = (exercises.get(slug), self.lift(slug)) else { return 1.0 };
        layoff::after_days_away(self.days_away(exercises, exercise, lift.last().day, on))
    }
}

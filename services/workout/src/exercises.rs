//! Exercises that a workout can contain: those of the catalogue, and the person's own.

use std::borrow::Cow;

use plyo_events::{
    training::{ExerciseSlug, Measure},
    workout::Workout,
};
use plyo_exercises::{BodyShare, Catalogue};

use crate::domain::rows::CustomRow;

/// What the log needs to know of an exercise.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Known {
    pub measure: Measure,
    pub body_share: Option<&'static BodyShare>,
}

/// The exercise of a slug of the catalogue.
pub(crate) fn of_catalogue(slug: &ExerciseSlug) -> Option<Known> {
    let exercise = Catalogue::get().by_slug(slug.as_str())?;
    Some(Known { measure: exercise.measure, body_share: exercise.body_share.as_ref() })
}

/// Whether a workout has an exercise that is not of the catalogue.
pub(crate) fn has_own(workout: &Workout) -> bool {
    workout.exercises.iter().any(|entry| entry.exercise.custom_id().is_some())
}

/// The exercises that somebody can log.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Exercises<'a> {
    own: Option<&'a CustomRow>,
}

impl<'a> Exercises<'a> {
    pub(crate) const fn with(own: Option<&'a CustomRow>) -> Self {
        Self { own }
    }

    /// Also one that was archived or merged: what was logged with it stays.
    pub(crate) fn find(self, slug: &ExerciseSlug) -> Option<Known> {
        let Some(id) = slug.custom_id() else { return of_catalogue(slug) };
        let kept = self.own?.exercises.get(&id)?;
        Some(Known { measure: kept.exercise.measure, body_share: None })
    }

    /// The exercise that it is now: the one that it was merged into, if it was.
    pub(crate) fn now<'b>(self, slug: &'b ExerciseSlug) -> &'b ExerciseSlug
    where
        'a: 'b,
    {
        let kept = slug.custom_id().and_then(|id| self.own?.exercises.get(&id));
        kept.and_then(|kept| kept.merged_into.as_ref()).unwrap_or(slug)
    }

    /// The slugs under which the history of an exercise was logged: its own, and those of what was merged into it.
    pub(crate) fn histories(self, slug: &ExerciseSlug) -> Vec<ExerciseSlug> {
        let now = self.now(slug);
        let own = self.own.into_iter().flat_map(|own| &own.exercises);
        let merged = own.filter(|(_, kept)| kept.merged_into.as_ref() == Some(now));
        [now.clone()].into_iter().chain(merged.map(|(id, _)| ExerciseSlug::custom(*id))).collect()
    }

    /// A workout with the exercises that its own are now.
    pub(crate) fn as_of_now<'b>(self, workout: &'b Workout) -> Cow<'b, Workout>
    where
        'a: 'b,
    {
        if !workout.exercises.iter().any(|entry| self.now(&entry.exercise) != &entry.exercise) {
            return Cow::Borrowed(workout);
        }
        let mut workout = workout.clone();
        for entry in &mut workout.exercises {
            entry.exercise = self.now(&entry.exercise).clone();
        }
        Cow::Owned(workout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// They are older than the catalogue: stored workouts and records name them.
    const FIRST: [&str; 40] = [
        "ab-wheel-rollout",
        "assisted-pull-up",
        "barbell-back-squat",
        "barbell-bench-press",
        "barbell-bent-over-row",
        "barbell-curl",
        "barbell-deadlift",
        "barbell-front-squat",
        "barbell-hip-thrust",
        "barbell-overhead-press",
        "barbell-romanian-deadlift",
        "bulgarian-split-squat",
        "cable-crunch",
        "cable-fly",
        "cable-row",
        "chin-up",
        "close-grip-bench-press",
        "dip",
        "dumbbell-bench-press",
        "dumbbell-curl",
        "dumbbell-lateral-raise",
        "dumbbell-row",
        "dumbbell-shoulder-press",
        "face-pull",
        "farmers-walk",
        "goblet-squat",
        "hanging-leg-raise",
        "incline-dumbbell-press",
        "kettlebell-swing",
        "lat-pulldown",
        "leg-curl",
        "leg-extension",
        "leg-press",
        "lunge",
        "plank",
        "pull-up",
        "push-up",
        "seated-calf-raise",
        "standing-calf-raise",
        "triceps-pushdown",
    ];

    #[test]
    fn what_workouts_already_name_stays_known() {
        let is_known = |slug: &str| of_catalogue(&slug.to_owned().try_into().unwrap()).is_some();
        assert!(FIRST.iter().all(|slug| is_known(slug)));
        assert!(!is_known("moonwalk"));
    }
}

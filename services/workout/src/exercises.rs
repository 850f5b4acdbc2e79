//! Exercises that a workout can contain: those of the catalogue.

use plyo_events::training::ExerciseSlug;
use plyo_exercises::{Catalogue, Exercise};

pub(crate) fn find(slug: &ExerciseSlug) -> Option<&'static Exercise> {
    Catalogue::get().by_slug(slug.as_str())
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
        let is_known = |slug: &str| find(&slug.to_owned().try_into().unwrap()).is_some();
        assert!(FIRST.iter().all(|slug| is_known(slug)));
        assert!(!is_known("moonwalk"));
    }
}

//! The exercises that a workout can name.

use plyo_events::workout::ExerciseView;

/// Slug and English name.
const EXERCISES: [(&str, &str); 40] = [
    ("ab-wheel-rollout", "Ab wheel rollout"),
    ("assisted-pull-up", "Assisted pull-up"),
    ("barbell-back-squat", "Barbell back squat"),
    ("barbell-bench-press", "Barbell bench press"),
    ("barbell-bent-over-row", "Barbell bent-over row"),
    ("barbell-curl", "Barbell curl"),
    ("barbell-deadlift", "Barbell deadlift"),
    ("barbell-front-squat", "Barbell front squat"),
    ("barbell-hip-thrust", "Barbell hip thrust"),
    ("barbell-overhead-press", "Barbell overhead press"),
    ("barbell-romanian-deadlift", "Barbell Romanian deadlift"),
    ("bulgarian-split-squat", "Bulgarian split squat"),
    ("cable-crunch", "Cable crunch"),
    ("cable-fly", "Cable fly"),
    ("cable-row", "Cable row"),
    ("chin-up", "Chin-up"),
    ("close-grip-bench-press", "Close-grip bench press"),
    ("dip", "Dip"),
    ("dumbbell-bench-press", "Dumbbell bench press"),
    ("dumbbell-curl", "Dumbbell curl"),
    ("dumbbell-lateral-raise", "Dumbbell lateral raise"),
    ("dumbbell-row", "Dumbbell row"),
    ("dumbbell-shoulder-press", "Dumbbell shoulder press"),
    ("face-pull", "Face pull"),
    ("farmers-walk", "Farmer's walk"),
    ("goblet-squat", "Goblet squat"),
    ("hanging-leg-raise", "Hanging leg raise"),
    ("incline-dumbbell-press", "Incline dumbbell press"),
    ("kettlebell-swing", "Kettlebell swing"),
    ("lat-pulldown", "Lat pulldown"),
    ("leg-curl", "Leg curl"),
    ("leg-extension", "Leg extension"),
    ("leg-press", "Leg press"),
    ("lunge", "Lunge"),
    ("plank", "Plank"),
    ("pull-up", "Pull-up"),
    ("push-up", "Push-up"),
    ("seated-calf-raise", "Seated calf raise"),
    ("standing-calf-raise", "Standing calf raise"),
    ("triceps-pushdown", "Triceps pushdown"),
];

/// Whether there is such an exercise.
pub(crate) fn is_known(slug: &str) -> bool {
    EXERCISES.binary_search_by_key(&slug, |(known, _)| known).is_ok()
}

/// All of them, by slug.
pub(crate) fn all() -> Vec<ExerciseView> {
    let view = |(slug, name): &(&str, &str)| {
        let slug = (*slug).to_owned().try_into().ok()?;
        Some(ExerciseView { slug, name: (*name).to_owned() })
    };
    EXERCISES.iter().filter_map(view).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exercise_is_found_and_has_a_slug() {
        assert!(EXERCISES.iter().all(|(slug, _)| is_known(slug)), "the list must be in order");
        assert_eq!(all().len(), EXERCISES.len());
        assert!(!is_known("moonwalk"));
    }
}

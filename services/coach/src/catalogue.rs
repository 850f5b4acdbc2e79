//! The exercises of the catalogue as the coach sees them, and what else is known before anybody is.

use std::sync::LazyLock;

use plyo_exercises::Catalogue;

use crate::domain::{
    exercise::{Exercise, Exercises},
    global::Global,
    state::Knowledge,
};

/// What is known beforehand: the starting point that is shipped, and every exercise of the catalogue.
pub fn knowledge() -> Knowledge<'static> {
    static EXERCISES: LazyLock<Exercises> =
        LazyLock::new(|| Catalogue::get().all().iter().map(Exercise::from).collect());
    Knowledge { global: Global::shipped(), exercises: &EXERCISES }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_exercise_is_known_and_counts_for_a_muscle() {
        let trained = |exercise: &&Exercise| !exercise.primary.is_empty();
        assert_eq!(knowledge().exercises.iter().filter(trained).count(), Catalogue::get().all().len());
    }
}

//! The exercises of the catalogue as the coach sees them, and what else is known before anybody is.

use std::sync::LazyLock;

use plyo_exercises::{self as catalogue, Catalogue, Measure};

use crate::domain::{
    exercise::{Equipment, Exercise, Exercises, Loading, Mechanic, Muscle, Names, Pattern},
    global::Global,
    state::Knowledge,
};

/// What is known beforehand: the starting point that is shipped, and every exercise of the catalogue.
pub fn knowledge() -> Knowledge<'static> {
    static EXERCISES: LazyLock<Exercises> = LazyLock::new(|| Catalogue::get().all().iter().map(exercise).collect());
    Knowledge { global: Global::shipped(), exercises: &EXERCISES }
}

fn exercise(known: &catalogue::Exercise) -> Exercise {
    let name = |text: &catalogue::Text| text.name.as_str().into();
    let needed = known.equipment.iter().filter(|one| **one != catalogue::Equipment::Bodyweight);
    Exercise {
        slug: known.slug.clone(),
        names: Names { en: name(&known.texts.en), de: name(&known.texts.de), es: name(&known.texts.es) },
        primary: muscles(&known.primary),
        secondary: muscles(&known.secondary),
        equipment: needed.map(|one| Equipment(one.to_string().into())).collect(),
        pattern: pattern(known.pattern),
        mechanic: match known.mechanic {
            catalogue::Mechanic::Compound => Mechanic::Compound,
            catalogue::Mechanic::Isolation => Mechanic::Isolation,
        },
        loading: loading(known),
        reps: match known.band.unit {
            catalogue::Unit::Reps => (known.band.low, known.band.high),
            // Seconds and metres are no repetitions.
            catalogue::Unit::Seconds | catalogue::Unit::Metres => (8, 15),
        },
        for_beginners: known.level == catalogue::Level::Beginner,
    }
}

fn muscles(known: &[catalogue::Muscle]) -> Vec<Muscle> {
    let mut muscles: Vec<Muscle> = Vec::with_capacity(known.len());
    for muscle in known.iter().map(|muscle| muscle_of(*muscle)) {
        if !muscles.contains(&muscle) {
            muscles.push(muscle);
        }
    }
    muscles
}

/// The 17 that the coach counts.
const fn muscle_of(muscle: catalogue::Muscle) -> Muscle {
    use catalogue::Muscle as M;
    match muscle {
        M::Chest | M::UpperChest | M::Serratus => Muscle::Chest,
        M::FrontDelts | M::SideDelts | M::RearDelts | M::RotatorCuff => Muscle::Shoulders,
        M::Lats => Muscle::Lats,
        M::UpperBack => Muscle::MiddleBack,
        M::Traps => Muscle::Traps,
        M::LowerBack => Muscle::LowerBack,
        M::Neck => Muscle::Neck,
        M::Biceps | M::Brachialis => Muscle::Biceps,
        M::Triceps => Muscle::Triceps,
        M::Forearms => Muscle::Forearms,
        M::Abs | M::Obliques => Muscle::Abdominals,
        M::HipFlexors | M::Quads => Muscle::Quadriceps,
        M::Glutes => Muscle::Glutes,
        M::Abductors => Muscle::Abductors,
        M::Adductors => Muscle::Adductors,
        M::Hamstrings => Muscle::Hamstrings,
        M::Calves | M::Soleus | M::Tibialis => Muscle::Calves,
    }
}

const fn pattern(pattern: catalogue::Pattern) -> Pattern {
    use catalogue::Pattern as P;
    match pattern {
        P::Squat => Pattern::Squat,
        P::Hinge => Pattern::Hinge,
        P::Lunge => Pattern::Lunge,
        P::HorizontalPush => Pattern::HorizontalPush,
        P::VerticalPush => Pattern::VerticalPush,
        P::HorizontalPull => Pattern::HorizontalPull,
        P::VerticalPull => Pattern::VerticalPull,
        P::Rotation | P::AntiRotation | P::AntiExtension | P::TrunkFlexion => Pattern::Trunk,
        P::Isolation => Pattern::Isolation,
        P::OlympicLift | P::Carry | P::Gait | P::Jump | P::Throw | P::Mobility | P::Stretch | P::Conditioning => {
            Pattern::Other
        }
    }
}

fn loading(known: &catalogue::Exercise) -> Loading {
    match known.measure {
        Measure::WeightReps if known.equipment.contains(&catalogue::Equipment::Band) => Loading::Uncounted,
        Measure::WeightReps => Loading::External,
        Measure::BodyweightReps | Measure::AddedBodyweightReps => Loading::Added,
        Measure::AssistedBodyweightReps => Loading::Assisted,
        Measure::Reps
        | Measure::Duration
        | Measure::WeightDuration
        | Measure::DistanceDuration
        | Measure::WeightDistance => Loading::Uncounted,
    }
}

#[cfg(test)]
mod tests {
    use plyo_events::training::ExerciseSlug;

    use super::*;

    fn one(slug: &str) -> &'static Exercise {
        knowledge().exercises.get(&ExerciseSlug::try_from(slug.to_owned()).unwrap()).unwrap()
    }

    #[test]
    fn the_catalogue_tells_the_coach_what_it_must_know() {
        assert_eq!(knowledge().exercises.iter().count(), Catalogue::get().all().len());
        let squat = one("barbell-back-squat");
        assert_eq!(
            (squat.pattern, squat.mechanic, squat.loading),
            (Pattern::Squat, Mechanic::Compound, Loading::External)
        );
        assert_eq!(squat.primary.first(), Some(&Muscle::Quadriceps));
        assert!(squat.equipment.contains(&Equipment::from("barbell")));
        assert_eq!(one("assisted-pull-up").loading, Loading::Assisted);
        assert_eq!(one("plank").loading, Loading::Uncounted);
        assert!(one("pull-up").equipment.contains(&Equipment::from("pull-up-bar")));
    }

    #[test]
    fn an_exercise_that_names_a_muscle_counts_for_it() {
        let trained = |exercise: &&Exercise| !exercise.primary.is_empty();
        assert_eq!(knowledge().exercises.iter().filter(trained).count(), Catalogue::get().all().len());
    }
}

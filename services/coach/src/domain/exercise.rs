//! What the coach must know of an exercise. The kinds are the catalogue's ([`plyo_exercises`]); what it does not tell, because
//! only a plan needs it, is here: the joints at stake, and what a logged load means.

use std::collections::BTreeMap;

pub use plyo_events::profile::Joint;
use plyo_events::training::ExerciseSlug;
use plyo_exercises::{self as catalogue, Level, Measure, Muscle, Text, Unit};
pub use plyo_exercises::{Equipment, Mechanic, MuscleGroup, Pattern};
use serde::{Deserialize, Serialize};

/// Several joints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Joints(u8);

impl Joints {
    pub const fn of(joints: &[Joint]) -> Self {
        let (mut bits, mut i) = (0, 0);
        while i < joints.len() {
            bits |= 1 << joints[i] as u8;
            i += 1;
        }
        Self(bits)
    }

    pub const fn contains(self, joint: Joint) -> bool {
        self.0 & (1 << joint as u8) != 0
    }

    pub const fn overlaps(self, other: Self) -> bool {
        self.0 & other.0 != 0
    }

    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    pub fn iter(self) -> impl Iterator<Item = Joint> {
        Joint::ALL.into_iter().filter(move |joint| self.contains(*joint))
    }
}

/// What the logged load means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Loading {
    /// All of the resistance.
    External,
    /// What is added to the body.
    Added,
    /// What is taken off the body: less of it is harder.
    Assisted,
    /// There is none, or it is not counted.
    Uncounted,
}

/// Their loads are the same on every lift; a machine has a stack of its own.
pub const FREE_WEIGHTS: [Equipment; 3] = [Equipment::Barbell, Equipment::Dumbbell, Equipment::Kettlebell];

/// What an exercise is called in each language.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Names {
    pub en: Box<str>,
    pub de: Box<str>,
    pub es: Box<str>,
}

/// An exercise as the coach sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Exercise {
    pub slug: ExerciseSlug,
    pub names: Names,
    /// The muscles that do most of the work, the main one first. They count a whole set each.
    pub primary: Vec<MuscleGroup>,
    /// They count half a set each.
    pub secondary: Vec<MuscleGroup>,
    /// All of it is needed; none for the body alone.
    pub equipment: Vec<Equipment>,
    /// How the body moves; of what a plan does not tell apart, one for all: see [`family`].
    pub pattern: Pattern,
    pub mechanic: Mechanic,
    pub loading: Loading,
    /// Whether a set of it is counted in repetitions, not in time or distance.
    pub counts_reps: bool,
    /// The usual repetitions of a set, where they are counted.
    pub reps: (u16, u16),
    /// Whether a beginner may be given it.
    pub for_beginners: bool,
}

impl From<&catalogue::Exercise> for Exercise {
    fn from(known: &catalogue::Exercise) -> Self {
        let name = |text: &Text| text.name.as_str().into();
        let needed = known.equipment.iter().copied().filter(|one| *one != Equipment::Bodyweight);
        Self {
            slug: known.slug.clone(),
            names: Names { en: name(&known.texts.en), de: name(&known.texts.de), es: name(&known.texts.es) },
            primary: groups(&known.primary),
            secondary: groups(&known.secondary),
            equipment: needed.collect(),
            pattern: family(known.pattern),
            mechanic: known.mechanic,
            loading: loading(known),
            counts_reps: known.band.unit == Unit::Reps,
            reps: (known.band.low, known.band.high),
            for_beginners: known.level == Level::Beginner,
        }
    }
}

impl Exercise {
    /// The exercise of the catalogue that has a slug, or had it before.
    pub fn of_catalogue(slug: &str) -> Option<Self> {
        catalogue::Catalogue::get().by_slug(slug).map(Self::from)
    }

    /// The joints that it stresses: those that its pattern moves under load and those that its muscles cross. Wide on
    /// purpose: an exercise too many is left out rather than one too few.
    pub fn joints(&self) -> Joints {
        let by_pattern = match self.pattern {
            Pattern::Squat | Pattern::Lunge => Joints::of(&[Joint::Hip, Joint::Knee, Joint::Ankle, Joint::LowerBack]),
            Pattern::Hinge => Joints::of(&[Joint::Hip, Joint::Knee, Joint::LowerBack]),
            Pattern::HorizontalPush => Joints::of(&[Joint::Shoulder, Joint::Elbow, Joint::Wrist]),
            Pattern::VerticalPush => Joints::of(&[Joint::Shoulder, Joint::Elbow, Joint::Wrist, Joint::LowerBack]),
            Pattern::HorizontalPull => Joints::of(&[Joint::Shoulder, Joint::Elbow, Joint::LowerBack]),
            Pattern::VerticalPull => Joints::of(&[Joint::Shoulder, Joint::Elbow]),
            Pattern::Isolation => Joints::default(),
            TRUNK => Joints::of(&[Joint::LowerBack, Joint::Hip]),
            _ => Joints::of(&Joint::ALL),
        };
        self.primary.iter().fold(by_pattern, |joints, muscle| joints.and(crossed_by(*muscle)))
    }

    /// Sets that one set of it counts for each muscle: 1 for a target, 0.5 for a synergist (Pelland et al. 2024).
    pub fn sets_per_muscle(&self) -> impl Iterator<Item = (MuscleGroup, f64)> {
        let secondary = self.secondary.iter().filter(|muscle| !self.primary.contains(muscle));
        self.primary.iter().map(|muscle| (*muscle, 1.0)).chain(secondary.map(|muscle| (*muscle, 0.5)))
    }

    /// Whether its pattern gathers many movements, which only the main muscle tells apart.
    pub fn gathers(&self) -> bool {
        matches!(self.pattern, TRUNK | Pattern::Isolation | OTHER)
    }
}

/// Every way of working the trunk.
pub const TRUNK: Pattern = Pattern::TrunkFlexion;
/// What a plan of lifts has no place for: carries, throws, jumps, endurance, stretches.
pub const OTHER: Pattern = Pattern::Conditioning;

/// A pattern, or the one that stands for all that a plan does not tell apart from it.
pub const fn family(pattern: Pattern) -> Pattern {
    match pattern {
        Pattern::Rotation | Pattern::AntiRotation | Pattern::AntiExtension | Pattern::TrunkFlexion => TRUNK,
        Pattern::OlympicLift
        | Pattern::Carry
        | Pattern::Gait
        | Pattern::Jump
        | Pattern::Throw
        | Pattern::Mobility
        | Pattern::Stretch
        | Pattern::Conditioning => OTHER,
        Pattern::Squat
        | Pattern::Hinge
        | Pattern::Lunge
        | Pattern::HorizontalPush
        | Pattern::VerticalPush
        | Pattern::HorizontalPull
        | Pattern::VerticalPull
        | Pattern::Isolation => pattern,
    }
}

/// The table of exercises.
#[derive(Clone, Debug, Default)]
pub struct Exercises(BTreeMap<ExerciseSlug, Exercise>);

impl Exercises {
    pub fn get(&self, slug: &ExerciseSlug) -> Option<&Exercise> {
        self.0.get(slug)
    }

    /// Whether the logged load is help.
    pub fn is_assisted(&self, slug: &ExerciseSlug) -> bool {
        self.get(slug).is_some_and(|exercise| exercise.loading == Loading::Assisted)
    }

    /// In the order of their slugs.
    pub fn iter(&self) -> impl Iterator<Item = &Exercise> {
        self.0.values()
    }
}

impl FromIterator<Exercise> for Exercises {
    fn from_iter<I: IntoIterator<Item = Exercise>>(exercises: I) -> Self {
        Self(exercises.into_iter().map(|exercise| (exercise.slug.clone(), exercise)).collect())
    }
}

/// The joints that a muscle crosses.
pub const fn crossed_by(muscle: MuscleGroup) -> Joints {
    Joints::of(match muscle {
        MuscleGroup::Chest | MuscleGroup::Shoulders | MuscleGroup::Lats | MuscleGroup::MiddleBack => &[Joint::Shoulder],
        MuscleGroup::Traps => &[Joint::Shoulder, Joint::Neck],
        MuscleGroup::Neck => &[Joint::Neck],
        MuscleGroup::LowerBack | MuscleGroup::Abdominals => &[Joint::LowerBack],
        MuscleGroup::Biceps | MuscleGroup::Triceps => &[Joint::Elbow, Joint::Shoulder],
        MuscleGroup::Forearms => &[Joint::Wrist, Joint::Elbow],
        MuscleGroup::Quadriceps => &[Joint::Knee, Joint::Hip],
        MuscleGroup::Hamstrings => &[Joint::Knee, Joint::Hip],
        MuscleGroup::Glutes | MuscleGroup::Abductors | MuscleGroup::Adductors => &[Joint::Hip],
        MuscleGroup::Calves => &[Joint::Ankle, Joint::Knee],
    })
}

fn groups(muscles: &[Muscle]) -> Vec<MuscleGroup> {
    let mut groups: Vec<MuscleGroup> = Vec::with_capacity(muscles.len());
    for group in muscles.iter().map(|muscle| muscle.group()) {
        if !groups.contains(&group) {
            groups.push(group);
        }
    }
    groups
}

fn loading(known: &catalogue::Exercise) -> Loading {
    match known.measure {
        Measure::WeightReps if known.equipment.contains(&Equipment::Band) => Loading::Uncounted,
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

/// Exercises by the names that a log may have for them.
#[cfg(test)]
pub(crate) mod named {
    use super::*;

    pub(crate) fn exercise(name: &str) -> Exercise {
        let known = catalogue::Catalogue::get().by_name(name);
        known.unwrap_or_else(|| panic!("{name} is not in the catalogue")).into()
    }

    pub(crate) fn exercise_of(slug: &ExerciseSlug) -> Exercise {
        Exercise::of_catalogue(slug.as_str()).unwrap_or_else(|| panic!("{slug:?} is not in the catalogue"))
    }

    pub(crate) fn slug_of(name: &str) -> ExerciseSlug {
        exercise(name).slug
    }
}

#[cfg(test)]
mod tests {
    use super::{named::exercise, *};

    #[test]
    fn the_catalogue_tells_the_coach_what_it_must_know() {
        let squat = exercise("Squat (Barbell)");
        assert_eq!(
            (squat.pattern, squat.mechanic, squat.loading),
            (Pattern::Squat, Mechanic::Compound, Loading::External)
        );
        assert_eq!(squat.primary.first(), Some(&MuscleGroup::Quadriceps));
        assert!(squat.equipment.contains(&Equipment::Barbell));
        assert_eq!(exercise("Assisted Pull Up").loading, Loading::Assisted);
        assert_eq!(exercise("Plank").loading, Loading::Uncounted);
        assert!(squat.counts_reps && !exercise("Plank").counts_reps && !exercise("Farmers Walk").counts_reps);
        assert!(exercise("Pull Up").equipment.contains(&Equipment::PullUpBar));
        assert!(exercise("Push Up").equipment.is_empty());
    }

    #[test]
    fn a_squat_stresses_the_knee_and_a_curl_does_not() {
        let squat = exercise("Squat (Barbell)");
        assert!(squat.joints().contains(Joint::Knee) && !squat.joints().contains(Joint::Wrist));
        let curl = exercise("Bicep Curl (Dumbbell)");
        assert!(curl.joints().contains(Joint::Elbow) && !curl.joints().contains(Joint::Knee));
    }

    #[test]
    fn what_moves_the_whole_body_stresses_every_joint() {
        assert_eq!(exercise("Farmers Walk").joints(), Joints::of(&Joint::ALL));
    }

    #[test]
    fn a_set_counts_whole_for_its_target_and_half_for_what_helps() {
        let bench = exercise("Bench Press (Barbell)");
        let counted: Vec<_> = bench.sets_per_muscle().collect();
        assert_eq!(counted, [(MuscleGroup::Chest, 1.0), (MuscleGroup::Triceps, 0.5), (MuscleGroup::Shoulders, 0.5)]);
    }
}

//! What the coach must know of an exercise: its muscles, joints, equipment and how it is loaded. Whoever calls the
//! coach passes the table in; [`Exercise::from_name`] makes such facts out of a name alone, for logs that know no
//! catalogue.

mod naming;

use std::collections::BTreeMap;

use plyo_events::training::ExerciseSlug;
use serde::{Deserialize, Serialize};

pub use self::naming::slug_of;

/// A muscle or a group that is counted as one: the 17 of free-exercise-db.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Muscle {
    Chest,
    Shoulders,
    Lats,
    MiddleBack,
    Traps,
    LowerBack,
    Neck,
    Biceps,
    Triceps,
    Forearms,
    Abdominals,
    Quadriceps,
    Glutes,
    Abductors,
    Adductors,
    Hamstrings,
    Calves,
}

impl Muscle {
    pub const COUNT: usize = 17;
    pub const ALL: [Self; Self::COUNT] = [
        Self::Chest,
        Self::Shoulders,
        Self::Lats,
        Self::MiddleBack,
        Self::Traps,
        Self::LowerBack,
        Self::Neck,
        Self::Biceps,
        Self::Triceps,
        Self::Forearms,
        Self::Abdominals,
        Self::Quadriceps,
        Self::Glutes,
        Self::Abductors,
        Self::Adductors,
        Self::Hamstrings,
        Self::Calves,
    ];

    /// The joints that it crosses.
    pub const fn joints(self) -> Joints {
        crossed_by(self)
    }

    /// Its place in [`Muscle::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

/// A joint that an injury may concern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Joint {
    Neck,
    Shoulder,
    Elbow,
    Wrist,
    LowerBack,
    Hip,
    Knee,
    Ankle,
}

impl Joint {
    pub const ALL: [Self; 8] =
        [Self::Neck, Self::Shoulder, Self::Elbow, Self::Wrist, Self::LowerBack, Self::Hip, Self::Knee, Self::Ankle];
}

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

/// How the body moves, as far as it matters to a plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pattern {
    Squat,
    Hinge,
    Lunge,
    HorizontalPush,
    VerticalPush,
    HorizontalPull,
    VerticalPull,
    Trunk,
    Isolation,
    /// Everything else: carries, throws, jumps, endurance.
    Other,
}

/// How many joints work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mechanic {
    Compound,
    Isolation,
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

/// What must be at hand, by the slug that the exercise catalogue gives it: `barbell`, `pull-up-bar`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Equipment(pub Box<str>);

impl From<&str> for Equipment {
    fn from(slug: &str) -> Self {
        Self(slug.into())
    }
}

/// What an exercise is called in each language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Names {
    pub en: Box<str>,
    pub de: Box<str>,
    pub es: Box<str>,
}

/// An exercise as the coach sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Exercise {
    pub slug: ExerciseSlug,
    pub names: Names,
    /// The muscles that do most of the work, the main one first. They count a whole set each.
    pub primary: Vec<Muscle>,
    /// They count half a set each.
    pub secondary: Vec<Muscle>,
    /// All of it is needed; none for the body alone.
    pub equipment: Vec<Equipment>,
    pub pattern: Pattern,
    pub mechanic: Mechanic,
    pub loading: Loading,
    /// The usual repetitions of a set.
    pub reps: (u16, u16),
    /// Whether a beginner may be given it.
    pub for_beginners: bool,
}

impl Exercise {
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
            Pattern::Trunk => Joints::of(&[Joint::LowerBack, Joint::Hip]),
            Pattern::Isolation => Joints::default(),
            Pattern::Other => Joints::of(&Joint::ALL),
        };
        self.primary.iter().fold(by_pattern, |joints, muscle| joints.and(crossed_by(*muscle)))
    }

    /// Sets that one set of it counts for each muscle: 1 for a target, 0.5 for a synergist (Pelland et al. 2024).
    pub fn sets_per_muscle(&self) -> impl Iterator<Item = (Muscle, f64)> {
        let secondary = self.secondary.iter().filter(|muscle| !self.primary.contains(muscle));
        self.primary.iter().map(|muscle| (*muscle, 1.0)).chain(secondary.map(|muscle| (*muscle, 0.5)))
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

const fn crossed_by(muscle: Muscle) -> Joints {
    Joints::of(match muscle {
        Muscle::Chest | Muscle::Shoulders | Muscle::Lats | Muscle::MiddleBack => &[Joint::Shoulder],
        Muscle::Traps => &[Joint::Shoulder, Joint::Neck],
        Muscle::Neck => &[Joint::Neck],
        Muscle::LowerBack | Muscle::Abdominals => &[Joint::LowerBack],
        Muscle::Biceps | Muscle::Triceps => &[Joint::Elbow, Joint::Shoulder],
        Muscle::Forearms => &[Joint::Wrist, Joint::Elbow],
        Muscle::Quadriceps => &[Joint::Knee, Joint::Hip],
        Muscle::Hamstrings => &[Joint::Knee, Joint::Hip],
        Muscle::Glutes | Muscle::Abductors | Muscle::Adductors => &[Joint::Hip],
        Muscle::Calves => &[Joint::Ankle, Joint::Knee],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slugs_of_muscles_are_those_of_their_places() {
        assert!(Muscle::ALL.iter().enumerate().all(|(place, muscle)| muscle.index() == place));
    }

    #[test]
    fn a_squat_stresses_the_knee_and_a_curl_does_not() {
        let squat = Exercise::from_name("Squat (Barbell)");
        assert!(squat.joints().contains(Joint::Knee) && !squat.joints().contains(Joint::Wrist));
        let curl = Exercise::from_name("Bicep Curl (Dumbbell)");
        assert!(curl.joints().contains(Joint::Elbow) && !curl.joints().contains(Joint::Knee));
    }

    #[test]
    fn what_is_not_known_stresses_every_joint() {
        assert_eq!(Exercise::from_name("Ohio State").joints(), Joints::of(&Joint::ALL));
    }

    #[test]
    fn a_set_counts_whole_for_its_target_and_half_for_what_helps() {
        let bench = Exercise::from_name("Bench Press (Barbell)");
        let counted: Vec<_> = bench.sets_per_muscle().collect();
        assert_eq!(counted, [(Muscle::Chest, 1.0), (Muscle::Triceps, 0.5), (Muscle::Shoulders, 0.5)]);
    }
}

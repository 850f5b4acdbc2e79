//! The safety layer: what bounds every proposal, whatever model made it. [`apply`] makes a proposal safe or drops it,
//! and names the rules that did so. [`check`] says which rules a proposal breaks; it is written apart from `apply`,
//! with its own numbers, so that each can prove the other wrong. [`trial`] lets them meet on random cases.
//!
//! The bounds are careful, not medical: nothing here diagnoses, and nothing predicts an injury.

mod apply;
mod caps;
mod check;
mod doubt;
mod trial;

use plyo_events::training::ExerciseSlug;
use serde::{Deserialize, Serialize};

pub use self::{
    apply::{Applied, apply},
    caps::max_rise,
    check::{Violation, check},
    doubt::{Doubt, doubt},
    trial::{Trial, trial},
};
use super::{
    exercise::{Exercise, Joints, Loading, Mechanic, MuscleGroup},
    profile::Age,
};

/// One exercise as it would be shown: so many sets of so many repetitions, with a load where the coach names one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lift {
    pub exercise: ExerciseSlug,
    /// `None` when the person chooses it, or when there is none but the body.
    pub load_kg: Option<f64>,
    pub reps: u16,
    pub sets: u16,
    /// The effort at which to stop a set, RPE 1 to 10.
    pub max_rpe: f64,
    /// What the person will lift for these repetitions in 8 of 10 cases, in kilograms.
    pub range80_kg: Option<(f64, f64)>,
    /// An estimate of the one-repetition maximum, where it is shown.
    pub one_rep_max_kg: Option<f64>,
}

/// Everything the rules look at.
#[derive(Clone, Debug, Default)]
pub struct Context {
    pub person: Person,
    /// What is known of each exercise that is proposed.
    pub known: Vec<Known>,
    pub week: Week,
}

/// Who it is for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Person {
    pub age: Option<Age>,
    /// Needs clearance, is pregnant, or had chest pain or fainted: the coach keeps the log and nothing else.
    pub logs_only: bool,
    /// Joints that are not to be stressed.
    pub injured: Joints,
    /// Days since the first workout.
    pub days_trained: u32,
}

/// What is known of one exercise.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    pub exercise: ExerciseSlug,
    pub joints: Joints,
    pub mechanic: Mechanic,
    pub loading: Loading,
    /// Sets that one set counts for each muscle, 0, 0.5 or 1.
    pub sets_per_muscle: [f64; MuscleGroup::COUNT],
    /// The smallest change of load and the least load, in kilograms.
    pub step_kg: f64,
    pub least_kg: f64,
    /// The last time it was done in a like manner.
    pub last: Option<Last>,
    /// Days since its pattern or its main muscle was trained, with whatever exercise.
    pub days_away: u32,
    /// Days since it was done itself.
    pub days_rested: u32,
    /// The sets that the person is used to do of it; 0 for what the coach adds.
    pub usual_sets: u16,
    /// A pain note on it within the last two weeks.
    pub hurts: bool,
    /// Three pain notes, and not added again since.
    pub is_excluded: bool,
    pub level: Option<Level>,
    pub forecast: Option<Forecast>,
    /// What a first time is estimated from; `None` where nothing is known of others.
    pub first: Option<First>,
    /// Since a joint that it stresses was cleared, with the heaviest load remembered from before.
    pub reentry: Option<Reentry>,
}

/// What is known of an exercise that the person never did.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct First {
    /// The population's median one-repetition maximum, in kilograms.
    pub one_rep_max_kg: f64,
    /// How strong the person is beside the population on other lifts; `None` without a lift to tell from.
    pub factor: Option<f64>,
    pub is_novice: bool,
}

/// A time that an exercise was done.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Last {
    /// Of the top set, in kilograms.
    pub load_kg: f64,
    pub reps: u16,
    pub sets: u16,
    /// The hardest set.
    pub rpe: Option<f64>,
    /// Whether a set fell short of what was asked.
    pub missed: bool,
}

/// The strength level: the load for `r` repetitions to failure is `exp(ln_kg − slope · ln(1 + r/30))`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    pub ln_kg: f64,
    /// 0 to 1.6.
    pub slope: f64,
}

/// What the models foresee for so many repetitions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    pub reps: u16,
    pub upper80_kg: f64,
}

/// Back to an exercise after an injury.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Reentry {
    pub weeks: u32,
    pub before_kg: f64,
}

/// Sets per muscle: of the seven days before the proposal, and of a week in the mean of 28 days.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Week {
    pub done: [f64; MuscleGroup::COUNT],
    pub usual: [f64; MuscleGroup::COUNT],
}

/// A bound that changed, dropped or would have had to change a proposal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Rule {
    /// Needs clearance, pregnancy, chest pain, fainting: logging only, see a professional.
    LogsOnly,
    /// The exercise stresses an injured joint.
    InjuredJoint,
    /// It hurt three times.
    Excluded,
    /// Numbers that nobody can do, or that are none.
    Implausible,
    /// The load of this exercise is not counted; or it is help, and nothing is known of how much was needed.
    NoCountedLoad,
    /// Under 13: no loads.
    Child,
    /// 13 to 17: technique, 8 repetitions or more, RPE 7 at most, no one-repetition maximum.
    Youth,
    /// 65 and over: two repetitions in reserve, four in the first month.
    OlderAdult,
    /// A first time: the least load there is, or within what other lifts tell; RPE 7 at most.
    FirstTime,
    /// After an injury: half of before, a tenth more each week, to the nearest step; RPE 5 at most.
    Reentry,
    /// Above the 80 % range, and more than a step above what was completed last.
    UpperBound,
    /// Fewer repetitions in reserve than there must be: at least one, as far as the models know; what was done may be
    /// repeated, and with up to two repetitions more if all of it was.
    InReserve,
    /// More at once than a step or 5 % (isolation: 10 %); halved from 65.
    Jump,
    /// A rise after a missed set.
    AfterMiss,
    /// A rise after a pain note.
    AfterPain,
    /// A rise after RPE 9.5 or more.
    AfterHardSet,
    /// A rise after two weeks without the lift; or, where its pattern and muscle rested too, more than 15 to 28 days ×0.95,
    /// 29 to 60 ×0.90, 61 to 120 ×0.85, longer ×0.80 allow, to the nearest step.
    LayOff,
    /// More sets than the person is used to, when a muscle has more in the week than 1.3 times the usual or 4 more, or
    /// than 22. One set is always possible.
    Volume,
}

impl Rule {
    pub const ALL: [Self; 18] = [
        Self::LogsOnly,
        Self::InjuredJoint,
        Self::Excluded,
        Self::Implausible,
        Self::NoCountedLoad,
        Self::Child,
        Self::Youth,
        Self::OlderAdult,
        Self::FirstTime,
        Self::Reentry,
        Self::UpperBound,
        Self::InReserve,
        Self::Jump,
        Self::AfterMiss,
        Self::AfterPain,
        Self::AfterHardSet,
        Self::LayOff,
        Self::Volume,
    ];
}

impl Known {
    /// What the exercise itself tells; nothing is known yet of the person's doing it.
    pub fn of(exercise: &Exercise, step_kg: f64, least_kg: f64) -> Self {
        let mut sets_per_muscle = [0.0; MuscleGroup::COUNT];
        for (muscle, share) in exercise.sets_per_muscle() {
            sets_per_muscle[muscle.index()] = share;
        }
        Self {
            exercise: exercise.slug.clone(),
            joints: exercise.joints(),
            mechanic: exercise.mechanic,
            loading: exercise.loading,
            sets_per_muscle,
            step_kg,
            least_kg,
            last: None,
            days_away: 0,
            days_rested: 0,
            usual_sets: 0,
            hurts: false,
            is_excluded: false,
            level: None,
            forecast: None,
            first: None,
            reentry: None,
        }
    }
}

impl Context {
    pub fn known(&self, exercise: &ExerciseSlug) -> Option<&Known> {
        self.known.iter().find(|known| known.exercise == *exercise)
    }
}

impl Week {
    /// The sets that a muscle may have in a week.
    pub fn most(&self, muscle: MuscleGroup) -> f64 {
        let usual = self.usual[muscle.index()];
        let usual = if usual.is_finite() { usual.max(0.0) } else { 0.0 };
        (1.3 * usual).max(usual + 4.0).min(22.0)
    }
}

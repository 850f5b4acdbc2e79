//! What the coach hears: of workouts (other services' events) and of its own proposals (its own events). Each kind is folded
//! into a state of its own, for the two come in one order live and in another when they are replayed.

use jiff::civil::DateTime;
pub use plyo_events::coach::DismissalReason;
use plyo_events::{EventId, WorkoutId, training::ExerciseSlug};
use serde::{Deserialize, Serialize};

use super::profile::{POUND_KG, Unit};

/// What becomes of a workout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum WorkoutEvent {
    Completed(Workout),
    /// It says something else now, maybe also of when it began.
    Corrected(Workout),
    /// As if it had never been logged.
    Deleted(WorkoutId),
}

/// A workout as far as the coach learns from it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Workout {
    pub id: WorkoutId,
    /// The event that told of it last: the evidence of what is learnt here.
    pub event: EventId,
    /// On the clock of the wall where it happened.
    pub start: DateTime,
    /// From start to end.
    pub minutes: Option<u16>,
    pub heart: Option<Heart>,
    /// The plan that was followed, where the log names one.
    pub routine: Option<Box<str>>,
    /// The unit that the loads were logged in: it tells the steps of the plates.
    pub unit: Unit,
    /// In the order in which they were done.
    pub exercises: Vec<Performed>,
}

/// The heart rates that a training impulse needs, beats per minute.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heart {
    pub mean: f64,
    pub rest: f64,
    pub max: f64,
    /// Which of Banister's two weightings suits the person; the lower one when unknown.
    pub is_female: bool,
}

/// One exercise of a workout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Performed {
    pub exercise: ExerciseSlug,
    /// In the order in which they were done.
    pub sets: Vec<Set>,
    /// What was to be done, where a plan is known.
    pub planned: Option<Planned>,
}

/// What a plan asked of the top sets of an exercise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Planned {
    pub load_kg: f64,
    pub reps: u16,
    /// Whether it was the coach's own proposal. Obeying it tells nothing of what the person would have chosen.
    pub is_coachs: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Set {
    /// 0 for the body alone.
    pub load_kg: f64,
    /// 0 when only a duration was logged.
    pub reps: u16,
    /// 1 to 10.
    pub rpe: Option<f64>,
    pub kind: SetKind,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SetKind {
    Warmup,
    #[default]
    Working,
    Failure,
    Drop,
}

impl Heart {
    /// Whether a resting rate below the mean and the highest were told.
    pub fn is_plausible(&self) -> bool {
        let all_finite = [self.mean, self.rest, self.max].iter().all(|rate| rate.is_finite());
        all_finite && (25.0..=120.0).contains(&self.rest) && (self.rest + 20.0..=240.0).contains(&self.max)
    }
}

impl Workout {
    /// The smallest change of load that the plates of its unit allow, in kilograms: 2.5 kg or 5 lb.
    pub fn step_kg(&self) -> f64 {
        match self.unit {
            Unit::Kg => 2.5,
            Unit::Lb => 5.0 * POUND_KG,
        }
    }

    /// Each exercise once, with all its sets: one may be come back to in a circuit. Warm-ups that were not marked are.
    pub fn performed(&self) -> Vec<Performed> {
        let mut merged: Vec<Performed> = Vec::with_capacity(self.exercises.len());
        for performed in &self.exercises {
            match merged.iter_mut().find(|one| one.exercise == performed.exercise) {
                Some(one) => one.sets.extend_from_slice(&performed.sets),
                None => merged.push(performed.clone()),
            }
        }
        merged.iter_mut().for_each(|performed| mark_warm_ups(&mut performed.sets));
        merged
    }
}

/// Whoever marks no warm-up warms up all the same: sets before the top set with less than this share of its load.
const WARM_UP: f64 = 0.6;

fn mark_warm_ups(sets: &mut [Set]) {
    if sets.iter().any(|set| set.kind == SetKind::Warmup) {
        return;
    }
    let heaviest = sets.iter().filter(|set| set.is_work()).map(|set| set.load_kg).fold(0.0, f64::max);
    for set in sets.iter_mut().take_while(|set| !set.is_work() || set.load_kg < heaviest) {
        if set.load_kg < WARM_UP * heaviest {
            set.kind = SetKind::Warmup;
        }
    }
}

impl Set {
    /// The heaviest load that is believed, in kilograms: above the heaviest lifts ever made. What is above it was mistyped.
    pub const MAX_KG: f64 = 600.0;

    /// Whether the set counts as work: done, not a warm-up, with numbers that a person can do.
    pub fn is_work(&self) -> bool {
        self.kind != SetKind::Warmup && (1..=200).contains(&self.reps) && (0.0..=Self::MAX_KG).contains(&self.load_kg)
    }

    /// Whether strength can be told from it: work with a load and at most 20 repetitions.
    pub fn tells_strength(&self) -> bool {
        self.is_work() && self.load_kg > 0.0 && self.reps <= 20
    }

    /// The logged RPE where it can be one.
    pub fn effort(&self) -> Option<f64> {
        self.rpe.filter(|rpe| (1.0..=10.0).contains(rpe))
    }
}

/// What kind of advice is given. Its place in the list is its arm in the bandit: append only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    NextSession,
    NextLoad,
    InSession,
    Substitution,
    Deload,
    Return,
    VolumeGap,
    Plateau,
    Routine,
    WeeklyReview,
}

impl Kind {
    pub const COUNT: usize = 10;
    pub const ALL: [Self; Self::COUNT] = [
        Self::NextSession,
        Self::NextLoad,
        Self::InSession,
        Self::Substitution,
        Self::Deload,
        Self::Return,
        Self::VolumeGap,
        Self::Plateau,
        Self::Routine,
        Self::WeeklyReview,
    ];
}

/// The circumstances in which advice is shown: a bias of 1 first, the others about 0 with a spread of about 1.
pub type Circumstances = [f64; 8];

/// What becomes of a proposal. The id names the proposal.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ProposalEvent {
    Shown {
        id: EventId,
        at: DateTime,
        kind: Kind,
        /// What it is about: an exercise or a muscle. Empty where it is about everything.
        subject: Box<str>,
        circumstances: Circumstances,
        /// The probability with which this kind was chosen, above 0 and at most 1.
        propensity: f64,
    },
    Accepted {
        id: EventId,
        at: DateTime,
    },
    /// A later workout did what was accepted, within one step of the load.
    Followed {
        id: EventId,
        at: DateTime,
    },
    Dismissed {
        id: EventId,
        at: DateTime,
        reason: Option<DismissalReason>,
        /// Which exercise of the proposal, where it was said.
        exercise: Option<Box<str>>,
    },
    Snoozed {
        id: EventId,
        at: DateTime,
        days: u8,
    },
    /// Another took its place, or what it rested on changed: nothing is learnt from it.
    Gone {
        id: EventId,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn light_sets_before_the_top_set_are_warm_ups_where_none_is_marked() {
        let set = |load_kg, kind| Set { load_kg, reps: 5, rpe: None, kind };
        let kinds = |mut sets: Vec<Set>| {
            mark_warm_ups(&mut sets);
            sets.iter().map(|set| set.kind).collect::<Vec<_>>()
        };
        let (warm_up, work) = (SetKind::Warmup, SetKind::Working);
        let ramp = [40.0, 70.0, 100.0, 50.0].map(|load| set(load, work)).to_vec();
        assert_eq!(kinds(ramp), [warm_up, work, work, work]);
        let marked = vec![set(20.0, warm_up), set(40.0, work), set(100.0, work)];
        assert_eq!(kinds(marked), [warm_up, work, work]);
    }
}

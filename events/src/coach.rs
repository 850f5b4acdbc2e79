//! The coach: what it recommends and why, what becomes of that, and what a person trains for.
//!
//! What is said is said in codes and numbers; a reader's language turns them into sentences. A code that a reader does not
//! know is one that a newer coach has: it is left out.

mod queries;
mod recommendation;

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use self::{
    queries::{
        CoachStateView, GetCoachState, GetNextLoad, GetNextSession, GetWhy, LiftBelief, LiftView, ListRecommendations,
        ReasonView, RecommendationView, RuleView, Wanted, WhyView,
    },
    recommendation::{Confidence, Counterfactual, ModelVersions, Param, ProposedLift, RangeKg, Reason, Recommendation},
};

use crate::{
    RecommendationId, Rejection, RejectionCode, WorkoutId,
    training::{ExerciseSlug, Load, Reps},
    workout::UNKNOWN_EXERCISE,
};

// How commands and queries are rejected.

pub const RECOMMENDATION_NOT_FOUND: RejectionCode =
    RejectionCode::not_found("recommendation_not_found", "there is no such recommendation");
pub const RECOMMENDATION_WITHDRAWN: RejectionCode =
    RejectionCode::conflict("recommendation_withdrawn", "a correction or deletion took away what it rested on");
/// It was dismissed or snoozed.
pub const RECOMMENDATION_ANSWERED: RejectionCode =
    RejectionCode::conflict("recommendation_answered", "it was already dismissed or snoozed");
pub const RECOMMENDATION_FOLLOWED: RejectionCode =
    RejectionCode::conflict("recommendation_followed", "a workout has already followed it");
pub const RECOMMENDATION_REPLACED: RejectionCode =
    RejectionCode::conflict("recommendation_replaced", "a later recommendation replaced it");
pub(crate) const ACCEPT_REJECTIONS: [RejectionCode; 5] = [
    RECOMMENDATION_NOT_FOUND,
    RECOMMENDATION_WITHDRAWN,
    RECOMMENDATION_ANSWERED,
    RECOMMENDATION_FOLLOWED,
    RECOMMENDATION_REPLACED,
];
pub(crate) const DISMISS_REJECTIONS: [RejectionCode; 6] = [
    RECOMMENDATION_NOT_FOUND,
    RECOMMENDATION_WITHDRAWN,
    RECOMMENDATION_ANSWERED,
    RECOMMENDATION_FOLLOWED,
    RECOMMENDATION_REPLACED,
    UNKNOWN_EXERCISE,
];
pub(crate) const SNOOZE_REJECTIONS: [RejectionCode; 6] = [
    RECOMMENDATION_NOT_FOUND,
    RECOMMENDATION_WITHDRAWN,
    RECOMMENDATION_ANSWERED,
    RECOMMENDATION_FOLLOWED,
    RECOMMENDATION_REPLACED,
    INVALID_DAYS,
];
pub const INVALID_DAYS: RejectionCode = RejectionCode::invalid("invalid_days", "days must be 1 to 90");

// Commands.

/// I will do it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AcceptRecommendation {
    pub recommendation_id: RecommendationId,
}

// What a client sends flattens nothing: its reader would not see the fields that nobody knows.

/// I will not do it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DismissRecommendation {
    pub recommendation_id: RecommendationId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DismissalReason>,
    /// Which exercise of it: what hurts is not proposed for two weeks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exercise: Option<ExerciseSlug>,
}

/// Why advice is not welcome, as far as it is told.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Dismissal {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<DismissalReason>,
    /// Which exercise of it: what hurts is not proposed for two weeks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exercise: Option<ExerciseSlug>,
}

/// Why advice was not welcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DismissalReason {
    Hurts,
    NoEquipment,
    NoTime,
    TooHard,
    TooEasy,
    Bored,
    Other,
}

/// Not now: nothing of the kind on the subject for so many days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SnoozeRecommendation {
    pub recommendation_id: RecommendationId,
    /// 1 to 90.
    #[schemars(range(min = 1, max = 90))]
    pub days: u8,
}

/// For how long.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Snooze {
    /// 1 to 90.
    #[schemars(range(min = 1, max = 90))]
    pub days: u8,
}

impl Snooze {
    /// Days that are longer than this are a dismissal.
    pub const MAX_DAYS: u8 = 90;
}

/// What I train for, in place of what I said before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct SetGoals {
    pub goals: Goals,
}

/// What a person trains for.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Goals {
    /// It sets the repetitions: 3 to 6, 6 to 12, 12 to 20. Several may contradict each other, which the coach then says.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub focus: BTreeSet<Focus>,
    /// At most 10, one for an exercise.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub targets: Vec<Target>,
}

impl Goals {
    pub const MAX_TARGETS: usize = 10;

    pub fn is_empty(&self) -> bool {
        self.focus.is_empty() && self.targets.is_empty()
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Focus {
    Strength,
    Size,
    Endurance,
}

/// A load to lift one day.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Target {
    pub exercise: ExerciseSlug,
    /// Above 0 and at most 600 kg.
    #[schemars(extend("properties" = {
        "kg": { "exclusiveMinimum": 0, "maximum": 600 }, "lb": { "minimum": 0.02, "maximum": 1322.77 } }))]
    pub load: Load,
    /// Once, where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reps: Option<Reps>,
}

impl Target {
    /// The most that is believed, in grams: above the heaviest lifts ever made.
    pub const MAX_GRAMS: u64 = 600_000;
}

// Results of commands.

/// What accepting, dismissing or snoozing answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecommendationSaved {
    pub recommendation_id: RecommendationId,
    pub status: RecommendationStatus,
}

/// What became of a recommendation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecommendationStatus {
    /// It may be answered.
    Open,
    Accepted,
    /// A later workout did it.
    Followed,
    Dismissed,
    Snoozed,
    /// What it rested on was corrected or deleted.
    Withdrawn,
    /// A later one about the same took its place.
    Replaced,
}

// Events.

/// After a workout: what is recommended now. What it says first is the weightiest.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecommendationReady {
    /// Boxed, so that events that are smaller take less room.
    #[serde(flatten)]
    pub recommendation: Box<Recommendation>,
    /// At most two more, each with an id of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Recommendation>,
    /// Those about the same that these take the place of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<RecommendationId>,
}

impl RecommendationReady {
    pub fn all(&self) -> impl Iterator<Item = &Recommendation> {
        [&*self.recommendation].into_iter().chain(&self.others)
    }
}

/// A recommendation does not hold any more: a workout that it rested on says something else now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecommendationWithdrawn {
    pub recommendation_id: RecommendationId,
    pub reason: WithdrawalReason,
    pub workout_id: WorkoutId,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum WithdrawalReason {
    WorkoutCorrected,
    WorkoutDeleted,
}

/// A person will do what was recommended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecommendationAccepted {
    pub recommendation_id: RecommendationId,
}

/// A person will not do what was recommended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecommendationDismissed {
    pub recommendation_id: RecommendationId,
    #[serde(flatten)]
    pub dismissal: Dismissal,
}

/// A person wants to hear nothing of the kind on the subject for some days.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecommendationSnoozed {
    pub recommendation_id: RecommendationId,
    #[serde(flatten)]
    pub snooze: Snooze,
}

/// A workout did what was recommended, within one step of the load.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecommendationFollowed {
    pub recommendation_id: RecommendationId,
    pub workout_id: WorkoutId,
}

/// A person said what they train for; what they said before does not hold any more.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GoalsSet {
    #[serde(flatten)]
    pub goals: Goals,
}

impl Goals {
    /// The rules that no single field can hold; `is_loaded` says whether an exercise has a load that can be aimed at.
    ///
    /// # Errors
    /// Which fields are wrong.
    pub fn checked(&self, is_loaded: impl Fn(&ExerciseSlug) -> Option<bool>) -> Result<(), Rejection> {
        let mut violations = Vec::new();
        let mut wrong = |pointer: String, detail: &str| {
            violations.push(crate::Violation { pointer, detail: detail.to_owned() });
        };
        if self.targets.len() > Self::MAX_TARGETS {
            wrong("/targets".to_owned(), "there are at most 10 targets");
        }
        for (place, target) in self.targets.iter().enumerate() {
            match is_loaded(&target.exercise) {
                None => wrong(format!("/targets/{place}/exercise"), "there is no such exercise"),
                Some(false) => wrong(format!("/targets/{place}/exercise"), "this exercise has no load to aim at"),
                Some(true) => {}
            }
            let grams = target.load.grams();
            if grams == 0 || grams > Target::MAX_GRAMS {
                wrong(format!("/targets/{place}/load"), "a target is above 0 and at most 600 kg");
            }
            if self.targets[..place].iter().any(|other| other.exercise == target.exercise) {
                wrong(format!("/targets/{place}/exercise"), "there is one target for an exercise");
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(Rejection::violations(violations)) }
    }
}

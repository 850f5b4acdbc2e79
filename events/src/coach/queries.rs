//! What the coach is asked.

use jiff::civil::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Confidence, Goals, ModelVersions, ProposedLift, RECOMMENDATION_NOT_FOUND, RangeKg, RecommendationStatus,
    WithdrawalReason,
};
use crate::{
    EventId, Query, RecommendationId, RejectionCode, UserId, training::ExerciseSlug, workout::UNKNOWN_EXERCISE,
};

/// What the reader asked for, as `Accept-Language` has it; otherwise the language of the account. English where the coach
/// speaks none of them.
pub type Wanted = Option<String>;

/// The recommendations of this user that may be answered, latest first.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListRecommendations {
    pub user: UserId,
    #[serde(default)]
    pub language: Wanted,
}

/// A recommendation in the reader's language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecommendationView {
    /// Absent for an answer to a question, which nobody can accept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommendation_id: Option<RecommendationId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status: Option<RecommendationStatus>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// The first sentence.
    pub headline: String,
    /// A sentence each: reasons, the gravest safety rule, the range, what would change it.
    pub because: Vec<String>,
    pub lifts: Vec<LiftView>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range80_kg: Option<RangeKg>,
    pub confidence: Confidence,
    #[schemars(with = "String")]
    pub until: DateTime,
}

/// One exercise of a recommendation, by its name in the reader's language.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LiftView {
    pub name: String,
    #[serde(flatten)]
    pub lift: ProposedLift,
}

impl Query for ListRecommendations {
    const SERVICE: &'static str = "coach";
    const NAME: &'static str = "recommendations";
    type Answer = Vec<RecommendationView>;
}

/// The workout that comes next.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GetNextSession {
    pub user: UserId,
    #[serde(default)]
    pub language: Wanted,
}

impl Query for GetNextSession {
    const SERVICE: &'static str = "coach";
    const NAME: &'static str = "next_session";
    type Answer = RecommendationView;
}

/// The load of an exercise that comes next. Refused with `unknown_exercise`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GetNextLoad {
    pub user: UserId,
    pub exercise: ExerciseSlug,
    #[serde(default)]
    pub language: Wanted,
}

impl Query for GetNextLoad {
    const SERVICE: &'static str = "coach";
    const NAME: &'static str = "next_load";
    const REJECTIONS: &'static [RejectionCode] = &[UNKNOWN_EXERCISE];
    type Answer = RecommendationView;
}

/// Why a recommendation was made. Refused with `recommendation_not_found`.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GetWhy {
    pub user: UserId,
    pub recommendation_id: RecommendationId,
    #[serde(default)]
    pub language: Wanted,
}

/// Which events, which rule, and what would change it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WhyView {
    #[serde(flatten)]
    pub recommendation: RecommendationView,
    /// What became of it when it was withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub withdrawn: Option<WithdrawalReason>,
    pub reasons: Vec<ReasonView>,
    /// Each safety rule that changed it.
    pub safety: Vec<RuleView>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub would_change_it: Option<String>,
    /// The events that it rests on, latest first.
    pub evidence: Vec<EventId>,
    pub versions: ModelVersions,
}

/// A reason in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ReasonView {
    pub code: String,
    pub text: String,
    /// 0 to 1.
    pub weight: f64,
    /// Observations, and the days that they reach back.
    pub n: u32,
    pub window_days: u32,
}

/// A safety rule in words.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RuleView {
    pub code: String,
    pub text: String,
}

impl Query for GetWhy {
    const SERVICE: &'static str = "coach";
    const NAME: &'static str = "why";
    const REJECTIONS: &'static [RejectionCode] = &[RECOMMENDATION_NOT_FOUND];
    type Answer = WhyView;
}

/// What is believed of this user, and what is not known.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GetCoachState {
    pub user: UserId,
    #[serde(default)]
    pub language: Wanted,
}

/// In words first; the numbers behind them follow.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CoachStateView {
    pub believed: Vec<String>,
    pub unknown: Vec<String>,
    pub workouts: u32,
    /// The lifts of the last weeks, the latest first, at most 20.
    pub lifts: Vec<LiftBelief>,
    pub goals: Goals,
    pub versions: ModelVersions,
}

/// What is believed of one lift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LiftBelief {
    pub exercise: ExerciseSlug,
    pub name: String,
    pub sessions: u32,
    pub last_load_kg: f64,
    pub last_reps: u16,
    /// An estimate from the logged effort.
    pub one_rep_max_kg: f64,
    pub usual_reps: u16,
}

impl Query for GetCoachState {
    const SERVICE: &'static str = "coach";
    const NAME: &'static str = "state";
    type Answer = CoachStateView;
}

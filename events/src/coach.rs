//! The coach: what it recommends and why, what becomes of that, and what a person trains for.
//!
//! What is said is said in codes and numbers; a reader's language turns them into sentences. A code that a reader does not
//! know is one that a newer coach has: it is left out.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    EventId, Query, RecommendationId, Reject, RejectCode, UserId, WorkoutId,
    training::{ExerciseSlug, Load, Reps},
    workout::UNKNOWN_EXERCISE,
};

// How commands and queries are rejected.

pub const RECOMMENDATION_NOT_FOUND: RejectCode =
    RejectCode::not_found("recommendation_not_found", "there is no such recommendation");
pub const RECOMMENDATION_WITHDRAWN: RejectCode =
    RejectCode::conflict("recommendation_withdrawn", "a correction or deletion took away what it rested on");
/// It was dismissed or snoozed.
pub const RECOMMENDATION_ANSWERED: RejectCode =
    RejectCode::conflict("recommendation_answered", "it was already dismissed or snoozed");
pub const RECOMMENDATION_FOLLOWED: RejectCode =
    RejectCode::conflict("recommendation_followed", "a workout has already followed it");
pub const RECOMMENDATION_REPLACED: RejectCode =
    RejectCode::conflict("recommendation_replaced", "a later recommendation replaced it");
pub(crate) const ACCEPT_REJECTIONS: [RejectCode; 5] = [
    RECOMMENDATION_NOT_FOUND,
    RECOMMENDATION_WITHDRAWN,
    RECOMMENDATION_ANSWERED,
    RECOMMENDATION_FOLLOWED,
    RECOMMENDATION_REPLACED,
];
pub(crate) const DISMISS_REJECTIONS: [RejectCode; 6] = [
    RECOMMENDATION_NOT_FOUND,
    RECOMMENDATION_WITHDRAWN,
    RECOMMENDATION_ANSWERED,
    RECOMMENDATION_FOLLOWED,
    RECOMMENDATION_REPLACED,
    UNKNOWN_EXERCISE,
];
pub(crate) const SNOOZE_REJECTIONS: [RejectCode; 6] = [
    RECOMMENDATION_NOT_FOUND,
    RECOMMENDATION_WITHDRAWN,
    RECOMMENDATION_ANSWERED,
    RECOMMENDATION_FOLLOWED,
    RECOMMENDATION_REPLACED,
    INVALID_DAYS,
];
pub const INVALID_DAYS: RejectCode = RejectCode::invalid("invalid_days", "days must be 1 to 90");

// What a recommendation says.

/// Something that is proposed, with everything that spoke for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Recommendation {
    pub recommendation_id: RecommendationId,
    /// `next-session`, `next-load`, `deload`, …; absent for a question, a warning or a refusal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kind: Option<String>,
    /// The exercise or the muscle that it is about; absent where it is about everything.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub subject: Option<String>,
    /// Code of the first sentence: `NEXT_SESSION`.
    pub headline: String,
    /// The numbers and names of the first sentence.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Param>,
    /// What to do, in order; every one is bounded by the safety rules.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub lifts: Vec<ProposedLift>,
    /// How many of the lifts belong to each day of a plan for several; empty for one day.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days: Vec<u32>,
    /// At most three, the weightiest first.
    pub reasons: Vec<Reason>,
    /// What would change it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub counterfactual: Option<Counterfactual>,
    /// What is lifted in 8 of 10 cases, where it is about one lift.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range80_kg: Option<RangeKg>,
    pub confidence: Confidence,
    /// Codes of the safety rules that changed it, the gravest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub safety: Vec<String>,
    pub versions: ModelVersions,
    /// The events that it rests on, latest first.
    pub evidence: Vec<EventId>,
    /// When it was made, on the clock of the person's training log.
    #[schemars(with = "String")]
    pub made_at: DateTime,
    /// Until when it makes sense, on the same clock.
    #[schemars(with = "String")]
    pub until: DateTime,
    /// The circumstances that it was chosen in, for learning what is welcome.
    pub circumstances: [f64; 8],
    /// The probability with which it was chosen, above 0 and at most 1.
    pub propensity: f64,
}

/// One exercise of a recommendation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProposedLift {
    pub exercise: ExerciseSlug,
    /// Absent where the person chooses it, or where there is none but the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load_kg: Option<f64>,
    pub reps: u16,
    pub sets: u16,
    /// The effort at which to stop a set.
    pub most_rpe: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub range80_kg: Option<RangeKg>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one_rep_max_kg: Option<f64>,
}

/// Kilograms.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RangeKg {
    pub low: f64,
    pub high: f64,
}

/// One fact that spoke for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    /// `REPS_TARGET_MET`
    pub code: String,
    /// How much it contributed, 0 to 1.
    pub weight: f64,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Param>,
    /// How many observations it rests on, and how many days they reach back.
    pub n: u32,
    pub window_days: u32,
}

/// What would make it something else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Counterfactual {
    /// `UP_IF_ALL_REPS`
    pub code: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub params: BTreeMap<String, Param>,
}

/// A number or a name of a sentence.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Param {
    /// Kilograms.
    Load(f64),
    Count(u32),
    /// Told to one decimal.
    Number(f64),
    Percent(f64),
    Exercise(ExerciseSlug),
    Exercises(Vec<ExerciseSlug>),
    Muscle(String),
    Joint(String),
    /// 0 is Monday.
    Weekday(u8),
}

/// How sure the coach is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    Low,
    Mid,
    High,
}

/// What made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ModelVersions {
    /// Of the models and their state.
    pub models: u16,
    /// Of the file that is trained on everybody.
    pub global: u16,
    /// Of the rules of progress and of safety.
    pub rules: u16,
}

// Commands.

/// I will do it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AcceptRecommendation {
    pub recommendation_id: RecommendationId,
}

/// I will not do it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct DismissRecommendation {
    pub recommendation_id: RecommendationId,
    #[serde(flatten)]
    pub dismissal: Dismissal,
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
    #[serde(flatten)]
    pub snooze: Snooze,
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
    pub const MOST_DAYS: u8 = 90;
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
    pub const MOST_TARGETS: usize = 10;

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
    pub load: Load,
    /// Once, where it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reps: Option<Reps>,
}

impl Target {
    /// The most that is believed, in grams: above the heaviest lifts ever made.
    pub const MOST_GRAMS: u64 = 600_000;
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
    #[serde(flatten)]
    pub recommendation: Recommendation,
    /// At most two more, each with an id of its own.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Recommendation>,
    /// Those about the same that these take the place of.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub replaces: Vec<RecommendationId>,
}

impl RecommendationReady {
    pub fn all(&self) -> impl Iterator<Item = &Recommendation> {
        [&self.recommendation].into_iter().chain(&self.others)
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

// Queries.

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
    const REJECTIONS: &'static [RejectCode] = &[UNKNOWN_EXERCISE];
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
    const REJECTIONS: &'static [RejectCode] = &[RECOMMENDATION_NOT_FOUND];
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

impl Goals {
    /// The rules that no single field can hold; `is_loaded` says whether an exercise has a load that can be aimed at.
    ///
    /// # Errors
    /// Which fields are wrong.
    pub fn checked(&self, is_loaded: impl Fn(&ExerciseSlug) -> Option<bool>) -> Result<(), Reject> {
        let mut violations = Vec::new();
        let mut wrong = |pointer: String, detail: &str| {
            violations.push(crate::Violation { pointer, detail: detail.to_owned() });
        };
        if self.targets.len() > Self::MOST_TARGETS {
            wrong("/targets".to_owned(), "there are at most 10 targets");
        }
        for (place, target) in self.targets.iter().enumerate() {
            match is_loaded(&target.exercise) {
                None => wrong(format!("/targets/{place}/exercise"), "there is no such exercise"),
                Some(false) => wrong(format!("/targets/{place}/exercise"), "this exercise has no load to aim at"),
                Some(true) => {}
            }
            let grams = target.load.grams();
            if grams == 0 || grams > Target::MOST_GRAMS {
                wrong(format!("/targets/{place}/load"), "a target is above 0 and at most 600 kg");
            }
            if self.targets[..place].iter().any(|other| other.exercise == target.exercise) {
                wrong(format!("/targets/{place}/exercise"), "there is one target for an exercise");
            }
        }
        if violations.is_empty() { Ok(()) } else { Err(Reject::violations(violations)) }
    }
}

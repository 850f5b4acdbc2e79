//! What a recommendation says.

use std::collections::BTreeMap;

use jiff::civil::DateTime;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{EventId, RecommendationId, training::ExerciseSlug};

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
    #[serde(rename = "most_rpe")]
    pub max_rpe: f64,
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
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    #[default]
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

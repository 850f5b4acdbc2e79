//! The achievement service: rules over the stream.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Query, UserId};

/// What a rule counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Workouts logged.
    Workouts,
    /// Sum of load × repetitions, in grams.
    TonnageG,
    /// Current personal records.
    Records,
    /// Runs of 7 consecutive local dates with a workout each: 7 such days are one run, 8 are two.
    SevenDayRuns,
    /// Runs of 4 consecutive ISO weeks with a workout each.
    FourWeekRuns,
}

/// A rule is met for the first time, or again after it was revoked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AchievementUnlocked {
    /// Stable name of the rule: `workouts_10`.
    pub code: String,
    pub metric: Metric,
    /// The value that the rule requires.
    pub threshold: u64,
    /// The value of the metric when the rule was met.
    pub value: u64,
    /// It is not celebrated: the workout was written down more than a day late, or its records are the first there are or
    /// doubtful.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub quiet: bool,
}

/// A correction or deletion removed the cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AchievementRevoked {
    pub code: String,
    pub metric: Metric,
    pub threshold: u64,
    /// The value of the metric now, below the threshold.
    pub value: u64,
}

/// Every rule with this user's progress.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListAchievements {
    pub user: UserId,
}

/// A rule and a user's progress.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AchievementView {
    pub code: String,
    pub metric: Metric,
    pub threshold: u64,
    pub value: u64,
    pub unlocked: bool,
}

impl Query for ListAchievements {
    const SERVICE: &'static str = "achievement";
    const NAME: &'static str = "list";
    type Answer = Vec<AchievementView>;
}

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
    /// Personal records that were set and stand.
    Records,
    /// Runs of 7 local dates in a row with a workout on each: 7 such days are one run, 8 are two.
    SevenDayRuns,
    /// Runs of 4 ISO weeks in a row with a workout in each.
    FourWeekRuns,
}

/// A rule is met for the first time, or again after it was revoked.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AchievementUnlocked {
    /// Stable name of the rule: `workouts_10`.
    pub code: String,
    pub metric: Metric,
    /// What the rule asks for.
    pub threshold: u64,
    /// What the metric was when it was met.
    pub value: u64,
}

/// A correction or a deletion undid the cause.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AchievementRevoked {
    pub code: String,
    pub metric: Metric,
    pub threshold: u64,
    /// What the metric is now, below the threshold.
    pub value: u64,
}

/// Every rule with how far this user is.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListAchievements {
    pub user: UserId,
}

/// A rule and how far a user is.
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

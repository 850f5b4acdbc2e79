//! Personal records, and how a workout changes them.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{WorkoutId, training::ExerciseSlug};

/// The kind of a personal record. Which of them an exercise has follows from its measure.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecordKind {
    /// Heaviest load of a set, held or carried ones too, in grams; where the body is the load, heaviest added one.
    MaxLoad,
    /// Highest estimated one-repetition maximum, in grams: load × (1 + reps / 30) for 2 to 12 reps, the load itself for 1 (Epley
    /// 1985). Where the body is the load, with the share of it that moves, if its weight is known.
    EstimatedOneRepMax,
    /// Most repetitions in a set without load.
    MaxReps,
    /// Least help, in grams: the less the better.
    LeastAssistance,
    /// Longest hold or time of a set, in seconds.
    LongestDuration,
    /// Farthest distance of a set, in centimetres.
    FarthestDistance,
    /// Heaviest load for at least a number of repetitions, 1 to 15, in grams. From here on: shown among the records, and not
    /// told as it happens.
    MaxLoadForReps,
    /// Best average pace over at least a distance, in milliseconds per kilometre: the less the better.
    BestPace,
    /// Largest load × repetitions of a set, in grams.
    SetVolume,
    /// Largest sum of load × repetitions of an exercise in a workout, in grams.
    ExerciseVolume,
    /// Largest tonnage of a workout, in grams.
    SessionVolume,
}

impl RecordKind {
    /// Whether a smaller value is a better one.
    pub const fn is_less_better(self) -> bool {
        matches!(self, Self::LeastAssistance | Self::BestPace)
    }
}

/// A mark: a workout's best value of a kind for one exercise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Mark {
    pub workout_id: WorkoutId,
    /// In the unit of the kind.
    pub value: u64,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub achieved_at: Timestamp,
}

/// A mark that is, or was, the best of its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Record {
    pub exercise: ExerciseSlug,
    pub kind: RecordKind,
    pub mark: Mark,
}

/// How logging, correcting or deleting a workout changes the personal records. Absent if it does not.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RecordChanges {
    /// Records of this workout that no longer hold, at most one per exercise and kind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withdrawn: Vec<Record>,
    /// New records, at most one per exercise and kind: those that this workout sets, and restored ones.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<NewRecord>,
}

impl RecordChanges {
    pub const fn is_empty(&self) -> bool {
        self.withdrawn.is_empty() && self.set.is_empty()
    }
}

/// A mark has become the best of its kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct NewRecord {
    pub exercise: ExerciseSlug,
    pub kind: RecordKind,
    pub mark: Mark,
    /// The record that it beats; absent for the first, and for one restored because a better one was withdrawn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub previous: Option<Mark>,
    /// An earlier mark is restored, because a better one was withdrawn or now has the same value: nothing new was achieved.
    #[serde(default)]
    pub reestablished: bool,
    /// Its load was probably mistyped: it counts until it is corrected, and is not celebrated.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub doubtful: bool,
}

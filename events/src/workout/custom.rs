//! Exercises of one's own: what the catalogue lacks, or lacks so far.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RecordChanges;
use crate::{
    CustomExerciseId, Query, RejectionCode, Sealed, UserId,
    training::{ExerciseName, ExerciseSlug, Measure, Term},
};

// Rejections.

pub const CUSTOM_EXERCISE_NOT_FOUND: RejectionCode =
    RejectionCode::not_found("custom_exercise_not_found", "there is no such custom exercise");
pub const TOO_MANY_CUSTOM_EXERCISES: RejectionCode =
    RejectionCode::conflict("too_many_custom_exercises", "at most 500 custom exercises, archived ones included");
pub const CUSTOM_EXERCISE_EXISTS: RejectionCode =
    RejectionCode::conflict("custom_exercise_exists", "there is a custom exercise of this name already; use that one");
pub const MEASURE_DIFFERS: RejectionCode = RejectionCode::invalid(
    "measure_differs",
    "the two are logged in different measures; only exercises of one measure can be merged",
);

// Commands. An exercise's id is the id of the command that created it.

/// An exercise of one's own. `N` is its name as people send it, or sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CustomExercise")]
pub struct CustomExercise<N = Sealed<ExerciseName>> {
    pub name: N,
    /// What a set is logged in. It stays as it is, since what was logged would mean something else.
    pub measure: Measure,
    /// Which muscles it trains, the main one first; codes of the catalogue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub muscles: Vec<Term>,
    /// What it needs; codes of the catalogue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub equipment: Vec<Term>,
}

impl From<CustomExercise<ExerciseName>> for CustomExercise {
    fn from(CustomExercise { name, measure, muscles, equipment }: CustomExercise<ExerciseName>) -> Self {
        Self { name: Sealed::Open(name), measure, muscles, equipment }
    }
}

impl From<ExerciseChange<ExerciseName>> for ExerciseChange {
    fn from(ExerciseChange { name, muscles, equipment }: ExerciseChange<ExerciseName>) -> Self {
        Self { name: Sealed::Open(name), muscles, equipment }
    }
}

/// Create an exercise of one's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct CreateExercise {
    pub exercise: CustomExercise,
}

/// What can be changed of an exercise of one's own. `N` is its name as people send it, or sealed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ExerciseChange")]
pub struct ExerciseChange<N = Sealed<ExerciseName>> {
    pub name: N,
    /// Which muscles it trains, the main one first; codes of the catalogue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub muscles: Vec<Term>,
    /// What it needs; codes of the catalogue.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(length(max = 10))]
    pub equipment: Vec<Term>,
}

/// Change an exercise of one's own, but for its measure.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ChangeExercise {
    pub exercise_id: CustomExerciseId,
    pub exercise: ExerciseChange,
    /// Done only if the exercise has one of these revisions; without it, whichever it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_revision: Option<Vec<u32>>,
}

/// Archive an exercise of one's own: it is offered no more, and what was logged with it stays.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ArchiveExercise {
    pub exercise_id: CustomExerciseId,
    /// Done only if the exercise has one of these revisions; without it, whichever it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_revision: Option<Vec<u32>>,
}

/// Which exercise of the catalogue it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MergeInto {
    /// An exercise of the catalogue with the same measure.
    pub into: ExerciseSlug,
}

/// Merge an exercise of one's own into one of the catalogue: from then on its history is that one's.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MergeExercise {
    pub exercise_id: CustomExerciseId,
    /// An exercise of the catalogue with the same measure.
    pub into: ExerciseSlug,
    /// Done only if the exercise has one of these revisions; without it, whichever it has.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub if_revision: Option<Vec<u32>>,
}

/// The result of creating, changing, archiving or merging an exercise of one's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomExerciseSaved {
    pub exercise_id: CustomExerciseId,
    /// What it is logged with: `custom-` and its id, or the exercise that it was merged into.
    pub exercise: ExerciseSlug,
    pub revision: u32,
}

// Events.

/// Somebody's own exercise was created, or changed if its revision is above 1.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomExerciseSet {
    pub exercise_id: CustomExerciseId,
    pub revision: u32,
    pub exercise: CustomExercise,
}

/// Somebody's own exercise was archived.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomExerciseArchived {
    pub exercise_id: CustomExerciseId,
    pub revision: u32,
}

/// Somebody's own exercise was merged into one of the catalogue. Workouts of before still name it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomExerciseMerged {
    pub exercise_id: CustomExerciseId,
    pub revision: u32,
    pub into: ExerciseSlug,
    /// Its records are withdrawn, and stand again where they are the better ones of both.
    #[serde(default, skip_serializing_if = "RecordChanges::is_empty")]
    pub records: RecordChanges,
}

// Queries.

/// This user's own exercises, also those that were archived or merged: workouts name them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ListCustomExercises {
    pub user: UserId,
}

/// One of this user's own exercises, also one that was merged.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GetCustomExercise {
    pub user: UserId,
    pub exercise_id: CustomExerciseId,
}

/// An exercise of one's own as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CustomExerciseView {
    pub exercise_id: CustomExerciseId,
    /// What it is logged with.
    pub exercise: ExerciseSlug,
    pub revision: u32,
    pub name: Sealed<ExerciseName>,
    /// Present where the name cannot be read, since its key is destroyed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sealed: Option<bool>,
    pub measure: Measure,
    pub muscles: Vec<Term>,
    pub equipment: Vec<Term>,
    pub archived: bool,
    /// The exercise of the catalogue that it was merged into.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<ExerciseSlug>,
}

impl Query for ListCustomExercises {
    const SERVICE: &'static str = "workout";
    const NAME: &'static str = "custom_exercises";
    type Answer = Vec<CustomExerciseView>;
}

impl Query for GetCustomExercise {
    const SERVICE: &'static str = "workout";
    const NAME: &'static str = "custom_exercise";
    const REJECTIONS: &'static [RejectionCode] = &[CUSTOM_EXERCISE_NOT_FOUND];
    type Answer = CustomExerciseView;
}

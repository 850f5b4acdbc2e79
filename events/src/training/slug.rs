//! The names of exercises.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// The stable name of an exercise: `barbell-back-squat`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExerciseSlug(String);
schema!(ExerciseSlug, "ExerciseSlug", { "type": "string", "pattern": "^[a-z0-9-]{1,64}$", "description": "Slug of an exercise." });

impl ExerciseSlug {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl TryFrom<String> for ExerciseSlug {
    type Error = &'static str;
    fn try_from(slug: String) -> Result<Self, Self::Error> {
        let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        if (1..=64).contains(&slug.len()) && slug.chars().all(valid) {
            Ok(Self(slug))
        } else {
            Err("an exercise slug must be 1 to 64 characters of a-z, 0-9 and -")
        }
    }
}
impl From<ExerciseSlug> for String {
    fn from(slug: ExerciseSlug) -> Self {
        slug.0
    }
}

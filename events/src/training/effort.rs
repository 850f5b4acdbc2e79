//! How hard a set was, and how it was done.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// Rating of perceived exertion, 1 to 10 in halves (Borg CR10 as used in strength training: 10 is a maximal effort).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Rpe(f64);
schema!(Rpe, "Rpe", { "type": "number", "minimum": 1, "maximum": 10, "multipleOf": 0.5, "description": "Rating of perceived exertion, in steps of 0.5." });

impl TryFrom<f64> for Rpe {
    type Error = &'static str;
    fn try_from(rpe: f64) -> Result<Self, Self::Error> {
        if (1.0..=10.0).contains(&rpe) && (rpe * 2.0).fract() == 0.0 {
            Ok(Self(rpe))
        } else {
            Err("rpe must be 1 to 10 in steps of 0.5")
        }
    }
}
impl From<Rpe> for f64 {
    fn from(rpe: Rpe) -> Self {
        rpe.0
    }
}

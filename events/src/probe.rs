//! Messages of a service for tests: a payload with three versions, one of whose upgrade steps can fail, and messages about
//! a group.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::RejectionCode;

/// There is nothing to measure.
pub const WEIGHTLESS: RejectionCode = RejectionCode::invalid("weightless", "put something on the scale");

/// Measure something.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measure {
    pub grams: u32,
}

/// Gather a group.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gather {
    pub members: u32,
}

/// Something was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measured {
    pub grams: u32,
    pub by: Instrument,
}

/// The measuring device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Instrument {
    Unknown,
    Scale,
}

/// A group was gathered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Gathered {
    pub members: u32,
}

/// `probe.measured.v1`: the weight as text.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MeasuredV1 {
    /// `1.5 kg`
    pub weight: String,
}

/// `probe.measured.v2`: the weight as a number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MeasuredV2 {
    pub grams: u32,
}

impl TryFrom<MeasuredV1> for MeasuredV2 {
    type Error = String;
    fn try_from(MeasuredV1 { weight }: MeasuredV1) -> Result<Self, String> {
        let kilograms = weight.strip_suffix(" kg").and_then(|number| number.parse::<f64>().ok());
        match kilograms.map(|kilograms| (kilograms * 1_000.0).round()) {
            Some(grams) if (0.0..=f64::from(u32::MAX)).contains(&grams) => Ok(Self { grams: grams as u32 }),
            _ => Err(format!("`{weight}` is not a weight in kg")),
        }
    }
}

impl From<MeasuredV2> for Measured {
    fn from(MeasuredV2 { grams }: MeasuredV2) -> Self {
        Self { grams, by: Instrument::Unknown }
    }
}

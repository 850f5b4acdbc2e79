//! Loads, in the unit in which they were logged.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A number of kilograms or pounds, 0 to 2,000 with at most two decimals.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Amount(f64);
schema!(Amount, "Amount", { "type": "number", "minimum": 0, "maximum": 2000, "description": "At most two decimals." });

impl TryFrom<f64> for Amount {
    type Error = &'static str;
    fn try_from(amount: f64) -> Result<Self, Self::Error> {
        let hundredths = amount * 100.0;
        if (0.0..=2000.0).contains(&amount) && (hundredths - hundredths.round()).abs() < 1e-6 {
            Ok(Self(amount))
        } else {
            Err("a load must be 0 to 2000 with at most two decimals")
        }
    }
}
impl From<Amount> for f64 {
    fn from(amount: Amount) -> Self {
        amount.0
    }
}

/// The load, in the unit in which it was logged: `{"kg": 102.5}` or `{"lb": 225}`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Load {
    Kg(Amount),
    Lb(Amount),
}

impl Load {
    /// The number and whether it is of pounds.
    pub fn amount(self) -> (f64, bool) {
        match self {
            Self::Kg(amount) => (amount.0, false),
            Self::Lb(amount) => (amount.0, true),
        }
    }

    /// Whole grams, in which loads are compared and summed (1 lb = 453.59237 g, NIST SP 811).
    pub fn grams(self) -> u64 {
        let grams = match self {
            Self::Kg(amount) => amount.0 * 1000.0,
            Self::Lb(amount) => amount.0 * 453.592_37,
        };
        // In range by construction: at most 2,000,000.
        grams.round() as u64
    }
}

//! Distances, in the unit in which they were logged.

use serde::{Deserialize, Serialize};

/// The distance, in the unit in which it was logged: `{"km": 5.2}`, `{"m": 40}`, `{"mi": 3.1}`, `{"yd": 25}` or `{"ft": 50}`.
/// More than 0, at most 1,000 km, with at most three decimals.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Typed", into = "Typed")]
pub struct Distance(Typed);
schema!(Distance, "Distance", {
    "description": "The distance, in the unit in which it was logged: at most 1,000 km, with at most three decimals.",
    "oneOf": [
        { "type": "object", "properties": { "m": { "type": "number", "exclusiveMinimum": 0, "maximum": 1000000 } }, "required": ["m"], "additionalProperties": false },
        { "type": "object", "properties": { "km": { "type": "number", "exclusiveMinimum": 0, "maximum": 1000 } }, "required": ["km"], "additionalProperties": false },
        { "type": "object", "properties": { "mi": { "type": "number", "exclusiveMinimum": 0, "maximum": 621.371 } }, "required": ["mi"], "additionalProperties": false },
        { "type": "object", "properties": { "yd": { "type": "number", "exclusiveMinimum": 0, "maximum": 1093613.298 } }, "required": ["yd"], "additionalProperties": false },
        { "type": "object", "properties": { "ft": { "type": "number", "exclusiveMinimum": 0, "maximum": 3280839.895 } }, "required": ["ft"], "additionalProperties": false }
    ]
});

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Typed {
    M(f64),
    Km(f64),
    Mi(f64),
    Yd(f64),
    Ft(f64),
}

/// At most so many centimetres.
const MAX_CM: f64 = 100_000_000.0;

impl Typed {
    /// The number, and the centimetres of its unit: 1 mi = 1,760 yd = 5,280 ft, and 1 ft = 0.3048 m.
    const fn parts(self) -> (f64, f64) {
        match self {
            Self::M(number) => (number, 100.0),
            Self::Km(number) => (number, 100_000.0),
            Self::Mi(number) => (number, 160_934.4),
            Self::Yd(number) => (number, 91.44),
            Self::Ft(number) => (number, 30.48),
        }
    }
}

impl TryFrom<Typed> for Distance {
    type Error = &'static str;
    fn try_from(typed: Typed) -> Result<Self, Self::Error> {
        let (number, centimetres) = typed.parts();
        let thousandths = number * 1_000.0;
        let is_typed = (thousandths - thousandths.round()).abs() < 1e-4;
        if number > 0.0 && number * centimetres <= MAX_CM && thousandths.round() >= 1.0 && is_typed {
            Ok(Self(typed))
        } else {
            Err("a distance must be more than 0, at most 1000 km, with at most three decimals")
        }
    }
}
impl From<Distance> for Typed {
    fn from(distance: Distance) -> Self {
        distance.0
    }
}

impl Distance {
    /// In kilometres.
    ///
    /// # Errors
    /// As for one that is read.
    pub fn km(number: f64) -> Result<Self, &'static str> {
        Typed::Km(number).try_into()
    }

    /// To the nearest centimetre.
    pub fn centimetres(self) -> u64 {
        let (number, centimetres) = self.0.parts();
        // In range by construction.
        (number * centimetres).round() as u64
    }
}

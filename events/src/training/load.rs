//! Loads, in the unit in which they were logged, and exactly.

use std::iter::Sum;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A number of kilograms or pounds, 0 to 2,000 with at most two decimals.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Amount(f64);
schema!(Amount, "Amount", { "type": "number", "minimum": 0, "maximum": 2000, "multipleOf": 0.01, "description": "At most two decimals." });

impl TryFrom<f64> for Amount {
    type Error = &'static str;
    fn try_from(amount: f64) -> Result<Self, Self::Error> {
        let hundredths = amount * 100.0;
        if (0.0..=2000.0).contains(&amount) && (hundredths - hundredths.round()).abs() < 1e-6 {
            // The nearest number to what was typed: 0.1 + 0.2 is kept as 0.3.
            Ok(Self(hundredths.round() / 100.0))
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

    /// Exactly what was typed.
    pub fn mass(self) -> Mass {
        // In range by construction: at most 200,000.
        let hundredths = |amount: Amount| (amount.0 * 100.0).round() as u128;
        match self {
            Self::Kg(amount) => Mass(hundredths(amount) * Mass::HUNDREDTH_KG),
            Self::Lb(amount) => Mass(hundredths(amount) * Mass::HUNDREDTH_LB),
        }
    }

    /// In grams, to the hundredth of a kilogram: see [`Mass::comparable`].
    pub fn grams(self) -> u64 {
        self.mass().comparable()
    }
}

/// What a person weighs, 20 to 400 kg.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "Load", into = "Load")]
#[schemars(with = "Load", transform = of_a_person)]
pub struct BodyWeight(Load);

/// 20 to 400 kg in either unit, inwards to what can be typed.
fn of_a_person(schema: &mut schemars::Schema) {
    for (alternative, unit, lightest, heaviest) in [(0, "kg", 20.0, 400.0), (1, "lb", 44.1, 881.84)] {
        if let Some(amount) = schema.pointer_mut(&format!("/oneOf/{alternative}/properties/{unit}")) {
            amount["minimum"] = lightest.into();
            amount["maximum"] = heaviest.into();
        }
    }
}

impl BodyWeight {
    pub const fn load(self) -> Load {
        self.0
    }
}
impl TryFrom<Load> for BodyWeight {
    type Error = &'static str;
    fn try_from(load: Load) -> Result<Self, Self::Error> {
        if (20_000..=400_000).contains(&load.grams()) { Ok(Self(load)) } else { Err("a weight must be 20 to 400 kg") }
    }
}
impl From<BodyWeight> for Load {
    fn from(weight: BodyWeight) -> Self {
        weight.0
    }
}

/// A mass or a sum of masses without rounding, in tenths of a microgram: 1 lb is exactly 453.59237 g (NIST SP 811).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Mass(u128);

impl Mass {
    const GRAM: u128 = 10_000_000;
    const HUNDREDTH_KG: u128 = 10 * Self::GRAM;
    const HUNDREDTH_LB: u128 = 45_359_237;

    /// So many times as much.
    #[must_use]
    pub const fn times(self, count: u32) -> Self {
        Self(self.0 * count as u128)
    }

    /// So many parts of it, each the `whole`th.
    #[must_use]
    pub const fn share(self, parts: u32, whole: u32) -> Self {
        Self((self.0 * parts as u128 + whole as u128 / 2) / whole as u128)
    }

    #[must_use]
    pub const fn plus(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }

    /// What is left; nothing if the other is more.
    #[must_use]
    pub const fn less(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// To the nearest gram: the end of a sum.
    pub fn grams(self) -> u64 {
        u64::try_from((self.0 + Self::GRAM / 2) / Self::GRAM).unwrap_or(u64::MAX)
    }

    /// Grams, to the hundredth of a kilogram, which is the finest that can be typed: 100 lb and 45.36 kg are the same load.
    pub fn comparable(self) -> u64 {
        u64::try_from((self.0 + Self::HUNDREDTH_KG / 2) / Self::HUNDREDTH_KG * 10).unwrap_or(u64::MAX)
    }
}

impl Sum for Mass {
    fn sum<I: Iterator<Item = Self>>(masses: I) -> Self {
        masses.fold(Self::default(), Self::plus)
    }
}

//! What is shown.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::domain::{
    event::{Circumstances, Kind},
    reasons::{Explanation, Params},
    safety,
    texts::Headline,
};

/// The most recommendations after one workout.
pub const MAX_SHOWN: usize = 3;

/// A recommendation as it is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recommendation {
    /// `None` for a notice, which is never ranked: a question, a warning, a refusal.
    pub kind: Option<Kind>,
    /// An exercise, a muscle, or nothing in particular.
    pub subject: Box<str>,
    pub headline: Headline,
    pub params: Params,
    /// In order, every one bounded by the safety layer.
    pub lifts: Vec<safety::Lift>,
    /// How many of them belong to each day; one day unless it is a plan.
    pub days: Vec<usize>,
    pub explanation: Explanation,
    /// Until then it makes sense.
    pub until: DateTime,
    /// What it was chosen by, for learning from what becomes of it.
    pub circumstances: Circumstances,
    /// The probability with which it was chosen.
    pub propensity: f64,
}

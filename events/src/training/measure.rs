//! What a set is logged in.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, VariantArray};

/// What a set is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Display, VariantArray)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Measure {
    WeightReps,
    /// The body is the load.
    BodyweightReps,
    /// The body and what is added to it.
    AddedBodyweightReps,
    /// The body less what a machine takes off.
    AssistedBodyweightReps,
    /// A bare count.
    Reps,
    Duration,
    WeightDuration,
    DistanceDuration,
    WeightDistance,
}

//! Due events: the broker returns what was scheduled as ordinary events of the `clock`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ReminderId;

/// A workout reminder is due. The workout service checks it against the current reminder.
///
/// A scheduled job outside Plyo may send one: a reminder unknown to the workout service is accepted as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkoutReminderDue {
    pub reminder_id: ReminderId,
    /// The scheduled revision of the reminder; if it was moved or cancelled since, its revision is higher.
    #[serde(default)]
    pub revision: u32,
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub due_at: Timestamp,
}

/// The days are over in which somebody could keep their account. The user service holds it against what they said since.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ErasureDue {
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub due_at: Timestamp,
}

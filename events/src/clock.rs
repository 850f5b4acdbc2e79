//! Due events: what was scheduled comes back from the broker itself, as an ordinary event of the `clock`.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ReminderId;

/// A workout reminder's time has come. The workout service holds it against the reminder as it stands.
///
/// A scheduled job outside Plyo may send one: a reminder that the workout service never set is taken as it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkoutReminderDue {
    pub reminder_id: ReminderId,
    /// The revision of the reminder that was scheduled; one that was moved or cancelled since has a higher one.
    #[serde(default)]
    pub revision: u32,
    #[schemars(with = "String")]
    pub due_at: Timestamp,
}

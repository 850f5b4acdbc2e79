//! Every contract across service boundaries: commands, events, questions and their payloads.
//!
//! No IO, no async, no SQL. A payload is frozen once released: add optional fields, or a `v2` with an upcast from `v1`.
//! Read [`catalogue`] first: it lists every message.

#[macro_use]
mod schema;

pub mod achievement;
pub mod administration;
pub mod avatar;
pub mod catalogue;
pub mod clock;
pub mod coach;
pub mod email;
pub mod erasure;
pub mod export;
pub mod ids;
pub mod message;
pub mod notification;
pub mod patch;
#[cfg(feature = "testing")]
pub mod probe;
pub mod profile;
pub mod query;
pub mod recurrence;
pub mod rejection;
mod rfc3339;
pub mod sealed;
pub mod subject;
pub mod trace;
pub mod training;
pub mod user;
pub mod workout;

pub use catalogue::{Body, Command, CommandKind, DecodeError, Event, EventKind, Payload, Versioned};
pub use email::{EmailAddress, Mailbox};
pub use ids::{
    CommandId, CustomExerciseId, EventId, ExportId, Id, LinkId, MailId, NotificationId, PasskeyId, RecommendationId,
    ReminderId, SessionId, TextId, UserId, WorkoutId,
};
pub use message::{Message, Outcome, Output, Timer};
pub use patch::Patch;
pub use query::{Query, Request};
pub use recurrence::{Recurrence, RecurrenceError};
pub use rejection::{Rejection, RejectionCode, RejectionKind, Violation};
pub use sealed::{Ciphertext, Sealed};
pub use subject::{Aggregate, Subject};
pub use trace::Traceparent;

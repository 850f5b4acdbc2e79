//! Questions and requests, answered by a service over the NATS Service API.

use serde::{Serialize, de::DeserializeOwned};

use crate::{CommandKind, RejectionCode, UserId};

/// A question and its answer: read-only. Sent to `q.<SERVICE>.<NAME>` as a MessagePack map, and answered in JSON, as
/// returned to clients of the edge.
pub trait Query: Serialize + DeserializeOwned + Send + 'static {
    const SERVICE: &'static str;
    const NAME: &'static str;
    /// Why it may be declined, besides what any may be.
    const REJECTIONS: &'static [RejectionCode] = &[];
    type Answer: Serialize + DeserializeOwned + Send + 'static;
}

/// A request and its answer. It may change unfolded state and send commands. It is sent like a [`Query`].
pub trait Request: Serialize + DeserializeOwned + Send + 'static {
    const SERVICE: &'static str;
    const NAME: &'static str;
    /// Why it may be declined, besides what any may be.
    const REJECTIONS: &'static [RejectionCode] = &[];
    type Answer: Serialize + DeserializeOwned + Send + 'static;

    /// The commands sent while answering it.
    const SENDS: &'static [CommandKind] = &[];
    /// The buckets of the object store that are written to meanwhile.
    const STORES: &'static [&'static str] = &[];
}

/// The outcome of a command. Sent to any service as `q.<service>.outcome`; the loop answers it, not the service.
#[derive(Clone, Debug, Serialize, serde::Deserialize)]
pub struct OutcomeQuery {
    pub user: UserId,
    pub command: crate::CommandId,
}

/// The answer to [`OutcomeQuery`]: `None` if the command is not handled yet, or was never seen.
#[derive(Clone, Debug, Serialize, serde::Deserialize)]
pub struct StoredOutcome {
    /// The edge's hash of the command's body: the same key with another body is rejected. Empty if unknown: for a command
    /// that was recognised by the events it caused.
    pub fingerprint: String,
    pub outcome: crate::Outcome,
}

impl StoredOutcome {
    /// Whether it can be the outcome of a command with this body.
    pub fn is_of(&self, fingerprint: &str) -> bool {
        self.fingerprint.is_empty() || self.fingerprint == fingerprint
    }
}

/// One page of a list.
#[derive(Clone, Debug, Serialize, serde::Deserialize, schemars::JsonSchema, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Pass it as `?cursor=` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

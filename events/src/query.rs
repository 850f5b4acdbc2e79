//! Questions and requests, answered by a service over the NATS Service API.

use serde::{Serialize, de::DeserializeOwned};

use crate::{CommandKind, RejectCode, UserId};

/// A question and its answer: it reads, and changes nothing. Asked as `q.<SERVICE>.<NAME>` by a MessagePack map, and
/// answered in JSON, as a client of the edge gets it.
pub trait Query: Serialize + DeserializeOwned + Send + 'static {
    const SERVICE: &'static str;
    const NAME: &'static str;
    /// Why it may be declined, besides what any may be.
    const REJECTIONS: &'static [RejectCode] = &[];
    type Answer: Serialize + DeserializeOwned + Send + 'static;
}

/// Something asked for and its answer, which may change what is not folded, and may send commands. It travels as a
/// [`Query`] does.
pub trait Request: Serialize + DeserializeOwned + Send + 'static {
    const SERVICE: &'static str;
    const NAME: &'static str;
    /// Why it may be declined, besides what any may be.
    const REJECTIONS: &'static [RejectCode] = &[];
    type Answer: Serialize + DeserializeOwned + Send + 'static;

    /// The commands that answering it sends.
    const SENDS: &'static [CommandKind] = &[];
}

/// How did this command end? Asked of any service as `q.<service>.outcome`; the loop answers it, not the service.
#[derive(Clone, Debug, Serialize, serde::Deserialize)]
pub struct OutcomeQuery {
    pub user: UserId,
    pub command: crate::CommandId,
}

/// The answer to [`OutcomeQuery`]: `None` while the command is not handled yet, or was never seen.
#[derive(Clone, Debug, Serialize, serde::Deserialize)]
pub struct StoredOutcome {
    /// What the command's body was, as the edge hashed it: the same key with another body is refused.
    /// Empty where nobody knows: of a command that was recognised again by the events that it had come to.
    pub fingerprint: String,
    pub outcome: crate::Outcome,
}

impl StoredOutcome {
    /// Whether it may be the outcome of a command with such a body.
    pub fn is_of(&self, fingerprint: &str) -> bool {
        self.fingerprint.is_empty() || self.fingerprint == fingerprint
    }
}

/// The last question of a page: opaque to clients.
#[derive(Clone, Debug, Serialize, serde::Deserialize, schemars::JsonSchema, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Pass it as `?cursor=` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

//! Questions, answered from a service's own tables over the NATS Service API.

use serde::{Serialize, de::DeserializeOwned};

use crate::UserId;

/// A question and its answer. Asked as `q.<SERVICE>.<NAME>`, both sides MessagePack maps.
pub trait Query: Serialize + DeserializeOwned + Send + 'static {
    const SERVICE: &'static str;
    const NAME: &'static str;
    type Answer: Serialize + DeserializeOwned + Send + 'static;
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
    pub fingerprint: String,
    pub outcome: crate::Outcome,
}

/// The last question of a page: opaque to clients.
#[derive(Clone, Debug, Serialize, serde::Deserialize, schemars::JsonSchema, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Pass it as `?cursor=` for the next page; absent on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

//! Why a message cannot be decoded.

/// A message that this binary cannot decode.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// The type is unknown: a reader skips it.
    #[error("unknown type `{0}`")]
    UnknownType(String),
    /// A newer binary wrote it: a reader that needs it must stop, not skip.
    #[error("`{name}` version {version} is newer than this binary knows ({known})")]
    NewerVersion { name: &'static str, version: u32, known: u32 },
    /// The body does not match the type, or cannot be upgraded to the newest version: a dead letter.
    #[error("cannot decode the body of `{name}.v{version}`: {detail}")]
    Body { name: &'static str, version: u32, detail: String },
}

/// Kinds of events that are written and folded no more. An old history has them, and a replay passes them by.
const RETIRED: [&str; 2] = ["record.set.", "record.withdrawn."];

impl DecodeError {
    /// Whether an earlier binary wrote it, and not a newer one.
    pub fn is_of_a_retired_kind(&self) -> bool {
        matches!(self, Self::UnknownType(name) if RETIRED.iter().any(|retired| name.starts_with(retired)))
    }
}

//! The bytes of a payload, in either of their two forms.

use serde::de::DeserializeOwned;

use super::DecodeError;

/// The bytes of a payload.
#[derive(Clone, Copy, Debug)]
pub enum Body<'a> {
    /// A map with field names: what Plyo writes.
    MessagePack(&'a [u8]),
    /// What a scheduled job outside Plyo may send, and what people write.
    Json(&'a [u8]),
}

impl Body<'_> {
    pub(super) fn read<T: DeserializeOwned>(self, name: &'static str, version: u32) -> Result<T, DecodeError> {
        let wrong = |detail| DecodeError::Body { name, version, detail };
        match self {
            Self::MessagePack(bytes) => rmp_serde::from_slice(bytes).map_err(|error| wrong(error.to_string())),
            Self::Json(text) => serde_json::from_slice(text).map_err(|error| wrong(error.to_string())),
        }
    }
}

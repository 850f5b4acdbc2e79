//! State as bytes: one byte that says the version, then the fields in order, compact (postcard). The same state is always the
//! same bytes. A version that is not the present one is not read: the state is rebuilt from the workouts.

use serde::{Serialize, de::DeserializeOwned};

use super::{Guidance, Training};

/// The version of what is written now. It goes up whenever a stored type changes, or what is learnt from a workout.
pub const VERSION: u8 = 3;
/// The most bytes that the state of one person takes.
pub const MAX_BYTES: usize = 64 * 1024;

/// Why stored bytes are not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreadable {
    #[error("the state has version {0}, this is version {VERSION}: rebuild it")]
    Version(u8),
    #[error("the state is damaged: rebuild it")]
    Damaged,
}

/// Types that are stored.
pub trait Stored: Serialize + DeserializeOwned {
    fn to_bytes(&self) -> Vec<u8> {
        // Nothing that is stored can fail to be written: no map with unknown length, no foreign type.
        postcard::to_extend(self, vec![VERSION]).unwrap_or_default()
    }

    /// # Errors
    /// When the bytes have another version or are none of this type's.
    fn from_bytes(bytes: &[u8]) -> Result<Self, Unreadable> {
        match bytes.split_first() {
            Some((&VERSION, fields)) => match postcard::take_from_bytes(fields) {
                Ok((state, [])) => Ok(state),
                _ => Err(Unreadable::Damaged),
            },
            Some((version, _)) => Err(Unreadable::Version(*version)),
            None => Err(Unreadable::Damaged),
        }
    }
}

impl Stored for Training {}
impl Stored for Guidance {}

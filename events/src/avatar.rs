//! The picture of a person: a small square, kept as a file beside the history.

use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    RejectionCode, Request, UserId,
    rejection::INVALID_BODY,
    user::{TRY_AGAIN, USER_NOT_FOUND},
};

/// The bucket of the object store where pictures are. A person's has their id as its name, so that another one replaces it.
pub const BUCKET: &str = "avatars";
/// Pixels of each side.
pub const SIDE: u32 = 512;
/// Most bytes of one as it is kept: a WebP, written by the edge.
pub const MAX_BYTES: usize = 256 * 1024;

pub const AVATAR_NOT_FOUND: RejectionCode =
    RejectionCode::not_found("avatar_not_found", "there is no picture; send one");

/// Keep this picture instead of an earlier one. No `Debug`: it is somebody's face.
#[derive(Clone, Serialize, Deserialize)]
pub struct SetAvatar {
    pub user: UserId,
    pub webp: Bytes,
}

/// A picture that is kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AvatarSaved {
    /// Another picture has another: its `ETag`, without the quotes.
    pub avatar: String,
}

impl Request for SetAvatar {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "set_avatar";
    const REJECTIONS: &'static [RejectionCode] = &[INVALID_BODY, USER_NOT_FOUND, TRY_AGAIN];
    const STORES: &'static [&'static str] = &[BUCKET];
    type Answer = AvatarSaved;
}

/// Keep none.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RemoveAvatar {
    pub user: UserId,
}

#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct AvatarRemoved {}

impl Request for RemoveAvatar {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "remove_avatar";
    const REJECTIONS: &'static [RejectionCode] = &[USER_NOT_FOUND, TRY_AGAIN];
    const STORES: &'static [&'static str] = &[BUCKET];
    type Answer = AvatarRemoved;
}

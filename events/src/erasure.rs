//! What whoever uses a session shows before something that cannot be undone.

use serde::{Deserialize, Serialize};

use crate::{
    RejectionCode, Request, UserId,
    user::{BUSY, TOO_MANY_FAILURES, TRY_AGAIN, WRONG_PASSWORD},
};

/// Show that whoever uses a session knows the password.
#[derive(Clone, Serialize, Deserialize)]
pub struct Reauthenticate {
    pub user: UserId,
    pub password: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Reauthenticated {}

impl Request for Reauthenticate {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "reauthenticate";
    const REJECTIONS: &'static [RejectionCode] = &[WRONG_PASSWORD, TOO_MANY_FAILURES, BUSY, TRY_AGAIN];
    type Answer = Reauthenticated;
}

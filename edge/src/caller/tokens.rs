//! Personal access tokens. Only the user service knows them: it is asked once a minute for each that is used.

use std::{
    collections::HashMap,
    sync::{PoisonError, RwLock},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::{SignedDuration, Timestamp};
use plyo_events::{
    UserId,
    user::{ACCESS_TOKEN_PREFIX, CheckAccessToken, UNKNOWN_ACCESS_TOKEN},
};
use plyo_nats::{AskError, Nats, ask};
use sha2::{Digest, Sha256};

use super::{Caller, INVALID_TOKEN, MAX_TOKENS};
use crate::{
    problem::{Problem, UNAVAILABLE},
    scopes::Scopes,
};

/// Those that were used lately, with when they were asked for.
#[derive(Default)]
pub(super) struct AccessTokens(RwLock<HashMap<String, (Caller, Timestamp)>>);

/// How long the answer holds. One that is revoked meanwhile is void at once, as a session is.
const HOLDS_FOR: SignedDuration = SignedDuration::from_secs(60);

pub(super) fn is_access_token(token: &str) -> bool {
    token.starts_with(ACCESS_TOKEN_PREFIX)
}

impl AccessTokens {
    pub(super) fn known(&self, token: &str, now: Timestamp) -> Option<Caller> {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.get(token).filter(|(_, asked)| now.duration_since(*asked) < HOLDS_FOR).map(|(caller, _)| *caller)
    }

    /// Asks whose it is.
    pub(super) async fn ask(&self, nats: &Nats, token: &str, now: Timestamp) -> Result<Caller, Problem> {
        let question = read(token).ok_or(INVALID_TOKEN)?;
        let user = question.user;
        let checked = match ask(nats, &question).await {
            Ok(checked) => checked,
            Err(AskError::Rejected(rejection)) if rejection.code == UNKNOWN_ACCESS_TOKEN.name => {
                return Err(INVALID_TOKEN.into());
            }
            Err(_) => return Err(UNAVAILABLE.because("tokens cannot be verified now; try again")),
        };
        let scopes = Scopes::of(&checked.scopes);
        let caller = Caller { user, session: checked.token_id, expires: checked.expires_at, scopes };
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_TOKENS {
            known.clear();
        }
        known.insert(token.to_owned(), (caller, now));
        Ok(caller)
    }

    pub(super) fn forget(&self, now: Timestamp) {
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.retain(|_, (_, asked)| now.duration_since(*asked) < HOLDS_FOR);
    }
}

/// The parts of a token that was made so; `None` for anything else.
pub(super) fn read(token: &str) -> Option<CheckAccessToken> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(token.strip_prefix(ACCESS_TOKEN_PREFIX)?).ok()?;
    let bytes: [u8; 48] = bytes.try_into().ok()?;
    let (user, secret) = bytes.split_first_chunk::<16>()?;
    let user = UserId::new(uuid::Uuid::from_bytes(*user));
    Some(CheckAccessToken { user, sha256: Sha256::digest(secret).into() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_token_is_not_even_asked_for() {
        let text = BASE64_URL_SAFE_NO_PAD.encode([7_u8; 48]);
        let question = read(&format!("plyo_{text}")).unwrap();
        assert_eq!(question.user.uuid().as_bytes(), &[7; 16]);
        assert_eq!(question.sha256, <[u8; 32]>::from(Sha256::digest([7_u8; 32])));
        for wrong in ["plyo_", "plyo_short", &text, &format!("plyo_{text}A"), &format!("plyo_{}\u{e9}", &text[2..])] {
            assert!(read(wrong).is_none(), "{wrong}");
        }
    }
}

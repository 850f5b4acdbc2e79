//! Who is calling: access tokens, verified once and remembered until they expire.

mod tokens;

use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use axum::http::{HeaderMap, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use jsonwebtoken::{Algorithm, DecodingKey, Validation, jwk::JwkSet};
use plyo_events::{
    SessionId, UserId,
    erasure::ERASED,
    user::{AccessClaims, Jwks},
};
use plyo_nats::{Nats, ask};

use crate::{
    problem::{Code, Problem, UNAVAILABLE},
    scopes::{INSUFFICIENT_SCOPE, Scopes},
};
use tokens::{AccessTokens, is_access_token};

/// Somebody with a valid access token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Caller {
    pub user: UserId,
    pub session: SessionId,
    pub expires: Timestamp,
    pub scopes: Scopes,
}

/// What is known of keys, tokens and sessions.
#[derive(Default)]
pub(crate) struct Callers {
    keys: RwLock<HashMap<String, DecodingKey>>,
    verified: RwLock<HashMap<String, Caller>>,
    personal: AccessTokens,
    /// Sessions that ended, and when: their last tokens may still be about.
    revoked: RwLock<HashMap<SessionId, Timestamp>>,
    /// People who were erased, and when.
    erased: RwLock<HashMap<UserId, Timestamp>>,
}

/// Most tokens remembered; beyond it all are forgotten and verified again.
const MAX_TOKENS: usize = 100_000;

/// A token may be from so far in the future, by the clock of this machine.
const CLOCKS_DIFFER_SECONDS: i64 = 60;

pub(crate) const NO_TOKEN: Code =
    Code::new(StatusCode::UNAUTHORIZED, "no_token", "send an access token as Authorization: Bearer");
pub(crate) const TOKEN_EXPIRED: Code =
    Code::new(StatusCode::UNAUTHORIZED, "token_expired", "the access token has expired; refresh it");
pub(crate) const SESSION_REVOKED: Code =
    Code::new(StatusCode::UNAUTHORIZED, "session_revoked", "the session has ended; log in");
const NOBODY: Code = Code::new(StatusCode::GONE, ERASED.name, ERASED.detail);
const INVALID_TOKEN: Code = Code::new(StatusCode::UNAUTHORIZED, "invalid_token", "invalid access token; log in");

/// What can be wrong with any token.
pub(crate) const CODES: [Code; 7] =
    [NO_TOKEN, INVALID_TOKEN, TOKEN_EXPIRED, SESSION_REVOKED, INSUFFICIENT_SCOPE, NOBODY, UNAVAILABLE];

impl Callers {
    /// So long after the end of a session each of its tokens has expired; a minute of it is for clocks that differ.
    pub(crate) const REVOKED_FOR: SignedDuration = SignedDuration::from_secs(AccessClaims::LIFETIME as i64 + 60);

    /// Whoever has this token: of a session, or a personal one.
    pub(crate) async fn authenticate(&self, nats: &Nats, token: &str, now: Timestamp) -> Result<Caller, Problem> {
        if !is_access_token(token) {
            return self.verify(token, now);
        }
        let caller = match self.personal.known(token, now) {
            Some(caller) => caller,
            None => self.personal.ask(nats, token, now).await?,
        };
        self.still_valid(&caller, now)?;
        Ok(caller)
    }

    /// Whether nobody needs to be asked whose this token is.
    pub(crate) fn is_known(&self, token: &str, now: Timestamp) -> bool {
        !is_access_token(token) || self.personal.known(token, now).is_some()
    }

    /// Verifies an access token.
    pub(crate) fn verify(&self, token: &str, now: Timestamp) -> Result<Caller, Problem> {
        let known = self.verified.read().unwrap_or_else(PoisonError::into_inner).get(token).copied();
        let caller = match known {
            Some(caller) => caller,
            None => self.check(token)?,
        };
        if caller.expires <= now {
            self.verified.write().unwrap_or_else(PoisonError::into_inner).remove(token);
        }
        self.still_valid(&caller, now)?;
        Ok(caller)
    }

    /// Whether a caller that was verified may still act.
    pub(crate) fn still_valid(&self, caller: &Caller, now: Timestamp) -> Result<(), Problem> {
        if caller.expires <= now {
            return Err(TOKEN_EXPIRED.into());
        }
        if self.is_erased(caller.user) {
            return Err(NOBODY.into());
        }
        if self.is_revoked(caller.session) {
            return Err(SESSION_REVOKED.into());
        }
        Ok(())
    }

    /// The tokens of this session, which ended at that time, are void.
    pub(crate) fn revoke(&self, session: SessionId, ended: Timestamp) {
        self.revoked.write().unwrap_or_else(PoisonError::into_inner).insert(session, ended);
    }

    /// Whoever has tokens of this person, it is erased.
    pub(crate) fn erase(&self, user: UserId, when: Timestamp) {
        self.erased.write().unwrap_or_else(PoisonError::into_inner).insert(user, when);
    }

    fn is_erased(&self, user: UserId) -> bool {
        self.erased.read().unwrap_or_else(PoisonError::into_inner).contains_key(&user)
    }

    /// Whether the caller's session has ended, or there is no such person any more.
    pub(crate) fn has_ended(&self, caller: &Caller) -> bool {
        self.is_revoked(caller.session) || self.is_erased(caller.user)
    }

    pub(crate) fn is_revoked(&self, session: SessionId) -> bool {
        self.revoked.read().unwrap_or_else(PoisonError::into_inner).contains_key(&session)
    }

    /// Forgets tokens that have expired, and sessions that have none left.
    fn forget(&self, now: Timestamp) {
        self.verified.write().unwrap_or_else(PoisonError::into_inner).retain(|_, caller| caller.expires > now);
        self.personal.forget(now);
        let mut revoked = self.revoked.write().unwrap_or_else(PoisonError::into_inner);
        revoked.retain(|_, ended| now.duration_since(*ended) < Self::REVOKED_FOR);
        let mut erased = self.erased.write().unwrap_or_else(PoisonError::into_inner);
        erased.retain(|_, when| now.duration_since(*when) < Self::REVOKED_FOR);
    }

    pub(crate) fn has_keys(&self) -> bool {
        !self.keys.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    fn check(&self, token: &str) -> Result<Caller, Problem> {
        if !self.has_keys() {
            return Err(UNAVAILABLE.because("tokens cannot be verified yet; try again"));
        }
        let header = jsonwebtoken::decode_header(token).map_err(|_| INVALID_TOKEN)?;
        // What else a header says, such as a key or where to fetch one, is not looked at: only keys of the user service count.
        if !header.typ.is_some_and(|typ| typ.eq_ignore_ascii_case(AccessClaims::TYPE)) {
            return Err(INVALID_TOKEN.into());
        }
        let keys = self.keys.read().unwrap_or_else(PoisonError::into_inner);
        let key = header.kid.and_then(|key_id| keys.get(&key_id)).ok_or(INVALID_TOKEN)?;
        let mut validation = Validation::new(Algorithm::EdDSA);
        // Expiry is checked against the time of each use.
        validation.validate_exp = false;
        validation.set_issuer(&[AccessClaims::ISSUER]);
        validation.set_audience(&[AccessClaims::AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        let claims = jsonwebtoken::decode::<AccessClaims>(token, key, &validation).map_err(|_| INVALID_TOKEN)?.claims;
        if claims.iat > Timestamp::now().as_second() + CLOCKS_DIFFER_SECONDS {
            return Err(INVALID_TOKEN.into());
        }
        let expires = Timestamp::from_second(claims.exp).map_err(|_| INVALID_TOKEN)?;
        let caller = Caller { user: claims.sub, session: claims.sid, expires, scopes: Scopes::Session };
        let mut verified = self.verified.write().unwrap_or_else(PoisonError::into_inner);
        if verified.len() >= MAX_TOKENS {
            verified.clear();
        }
        verified.insert(token.to_owned(), caller);
        Ok(caller)
    }

    pub(crate) fn set_keys(&self, jwks: &JwkSet) {
        let keys =
            jwks.keys.iter().filter_map(|jwk| Some((jwk.common.key_id.clone()?, DecodingKey::from_jwk(jwk).ok()?)));
        *self.keys.write().unwrap_or_else(PoisonError::into_inner) = keys.collect();
    }
}

/// The token of a request, which stands in `Authorization: Bearer`.
pub(crate) fn token_of(headers: &HeaderMap) -> Result<&str, Problem> {
    let value = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = value.and_then(|value| value.strip_prefix("Bearer ").or_else(|| value.strip_prefix("bearer ")));
    Ok(token.ok_or(NO_TOKEN)?.trim())
}

/// Whether this reads as a personal access token.
#[cfg(feature = "inside")]
pub(crate) fn read_access_token(token: &str) -> bool {
    tokens::read(token).is_some()
}

/// Fetches the public keys at start and every minute, and forgets what has expired meanwhile.
pub(crate) async fn follow_keys(nats: Nats, callers: Arc<Callers>) {
    loop {
        let answer = ask(&nats, &Jwks {}).await.ok().and_then(|jwks| serde_json::from_value::<JwkSet>(jwks).ok());
        let pause = match answer {
            Some(jwks) => {
                callers.set_keys(&jwks);
                callers.forget(Timestamp::now());
                Duration::from_secs(60)
            }
            None => Duration::from_millis(200),
        };
        tokio::time::sleep(pause).await;
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use jsonwebtoken::{EncodingKey, Header, encode};
    use plyo_events::user::TokenUse;
    use serde_json::json;

    use super::*;

    pub(crate) fn key(seed: u8) -> EncodingKey {
        let head = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
        EncodingKey::from_ed_der(&[&head[..], &[seed; 32]].concat())
    }

    pub(crate) fn callers() -> Callers {
        let mut jwk = jsonwebtoken::jwk::Jwk::from_encoding_key(&key(1), Algorithm::EdDSA).unwrap();
        jwk.common.key_id = Some("k".into());
        let callers = Callers::default();
        callers.set_keys(&JwkSet { keys: vec![jwk] });
        callers
    }

    pub(crate) fn token(key: &EncodingKey, key_id: &str, claims: &impl serde::Serialize) -> String {
        let typ = Some(AccessClaims::TYPE.to_owned());
        let header = Header { typ, kid: Some(key_id.into()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, claims, key).unwrap()
    }

    #[test]
    fn only_a_token_of_ours_that_has_not_expired_names_a_caller() {
        let callers = callers();
        let now = Timestamp::now();
        let (user, session) = (UserId::mint(), SessionId::mint());
        let claims = AccessClaims {
            iss: "plyo".into(),
            aud: "plyo-api".into(),
            sub: user,
            sid: session,
            jti: uuid::Uuid::nil(),
            iat: 0,
            exp: now.as_second() + 60,
            typ: TokenUse::Access,
        };
        let right = token(&key(1), "k", &claims);
        assert_eq!(callers.verify(&right, now).unwrap().user, user);
        assert_eq!(callers.verify(&right, now + Duration::from_secs(61)).unwrap_err().code, "token_expired");
        let foreign = token(&key(2), "k", &claims);
        let unknown_key = token(&key(1), "other", &claims);
        let other_issuer = token(&key(1), "k", &AccessClaims { iss: "else".into(), ..claims.clone() });
        let refresh = token(
            &key(1),
            "k",
            &json!({ "iss": "plyo", "aud": "plyo-api", "jti": session, "sub": user, "sid": session, "iat": 0, "exp": 9_999_999_999_i64, "typ": "refresh" }),
        );
        let parts: Vec<&str> = right.split('.').collect();
        // {"alg":"none","kid":"k"}
        let none = format!("eyJhbGciOiJub25lIiwia2lkIjoiayJ9.{}.", parts[1]);
        for wrong in [foreign, unknown_key, other_issuer, refresh, none, "x".into(), String::new(), "a.b.c".into()] {
            assert_eq!(callers.verify(&wrong, now).unwrap_err().status, 401, "{wrong}");
        }
        callers.revoke(session, now);
        assert_eq!(callers.verify(&right, now).unwrap_err().code, "session_revoked");
    }

    #[test]
    fn a_session_is_forgotten_when_every_token_of_it_has_expired() {
        let callers = callers();
        let now = Timestamp::now();
        let (user, session) = (UserId::mint(), SessionId::mint());
        let exp = now.as_second() + i64::from(AccessClaims::LIFETIME);
        let last = AccessClaims {
            iss: "plyo".into(),
            aud: "plyo-api".into(),
            sub: user,
            sid: session,
            jti: uuid::Uuid::nil(),
            iat: now.as_second(),
            exp,
            typ: TokenUse::Access,
        };
        let last = token(&key(1), "k", &last);
        callers.verify(&last, now).unwrap();
        callers.revoke(session, now);
        for seconds in [0, 599, 600, 660] {
            let then = now + Duration::from_secs(seconds);
            callers.forget(then);
            let code = if seconds < 600 { "session_revoked" } else { "token_expired" };
            assert_eq!(callers.verify(&last, then).unwrap_err().code, code, "after {seconds} s");
        }
        assert!(callers.revoked.read().unwrap().is_empty() && callers.verified.read().unwrap().is_empty());
    }
}

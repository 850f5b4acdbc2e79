//! What fuzz targets and benchmarks reach of an edge, and nobody else: each reads what a client has sent, as a request does. Behind
//! the feature `inside`.

use std::hint::black_box;

use axum::{
    extract::ws::Message,
    http::{HeaderMap, HeaderValue, header},
};
use jiff::Timestamp;
use jsonwebtoken::jwk::JwkSet;
use plyo_events::{Command, CommandKind, UserId, notification::ReadAllNotifications};

use crate::{
    caller::{self, Callers},
    condition,
    document::Document,
    key::Identity,
    live,
    operations::socket_command,
};

/// Verifies access tokens as an edge does that knows these keys.
pub struct Tokens(Callers);

impl Tokens {
    /// Of the answer of `GET /auth/jwks`; without keys no token is good.
    pub fn new(jwks: &str) -> Self {
        let callers = Callers::default();
        if let Ok(jwks) = serde_json::from_str::<JwkSet>(jwks) {
            callers.set_keys(&jwks);
        }
        Self(callers)
    }

    /// Whether what stands in `Authorization` names a caller.
    pub fn is_good(&self, authorization: &[u8]) -> bool {
        let Ok(value) = HeaderValue::from_bytes(authorization) else { return false };
        let headers = HeaderMap::from_iter([(header::AUTHORIZATION, value)]);
        let now = Timestamp::now();
        let Ok(token) = caller::token_of(&headers) else { return false };
        black_box(self.0.is_known(token, now));
        black_box(caller::read_access_token(token));
        self.verify(token)
    }

    /// Whether a token of a session names a caller.
    pub fn verify(&self, token: &str) -> bool {
        self.0.verify(token, Timestamp::now()).is_ok()
    }
}

/// An `Idempotency-Key`.
pub fn idempotency_key(key: &[u8]) -> bool {
    Identity::of(UserId::new(uuid::Uuid::nil()), Some(key), &ReadAllNotifications {}.into()).is_ok()
}

/// A cursor of a socket, and what stands in `If-Match` and `If-None-Match`.
pub fn cursor(text: &[u8]) {
    if let Ok(text) = std::str::from_utf8(text) {
        black_box(live::read_cursor(text));
    }
    let Ok(value) = HeaderValue::from_bytes(text) else { return };
    let headers = HeaderMap::from_iter([(header::IF_MATCH, value.clone()), (header::IF_NONE_MATCH, value)]);
    black_box(condition::asked(&headers));
    black_box(condition::is_known(&headers, "\"7-00000000000000ab\""));
}

/// What a client may send as any command, in both notations. A command that is read is written, and reads the same again.
pub fn command(bytes: &[u8]) {
    let documents = [Document::json(bytes).ok(), Document::message_pack(bytes)];
    for document in documents.into_iter().flatten() {
        let commands = CommandKind::ALL.iter().filter_map(|kind| socket_command(*kind));
        for command in commands.filter_map(|command| (command.decode)(&document).ok()) {
            read_again(&command);
        }
    }
}

fn read_again(command: &Command) {
    let kind = command.kind();
    let again = kind.decode(kind.newest(), plyo_events::Body::MessagePack(&command.encode()));
    assert!(again.is_ok_and(|again| again == *command), "{kind} does not read as it was written");
}

/// A frame of a socket, as text or as bytes.
pub fn frame(bytes: &[u8]) {
    live::hear(&Message::Binary(bytes.to_vec().into()));
    if let Ok(text) = std::str::from_utf8(bytes) {
        live::hear(&Message::Text(text.into()));
    }
}

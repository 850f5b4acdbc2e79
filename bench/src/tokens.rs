//! Access tokens of people to put load on.

use anyhow::{Context, Result};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use plyo_events::{
    SessionId, UserId,
    user::{AccessClaims, TokenUse},
};

/// What comes before the 32 bytes of the seed in the PKCS #8 form of an Ed25519 key (RFC 8410).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

/// Signs as the user service does.
pub struct Signer {
    key_id: String,
    key: EncodingKey,
}

impl Signer {
    pub fn new(key_id: String, seed: &[u8]) -> Self {
        Self { key_id, key: EncodingKey::from_ed_der(&[&PKCS8[..], seed].concat()) }
    }

    /// The token of somebody new.
    pub fn token(&self) -> Result<String> {
        let now = Timestamp::now().as_second();
        let claims = AccessClaims {
            iss: AccessClaims::ISSUER.to_owned(),
            aud: AccessClaims::AUDIENCE.to_owned(),
            sub: UserId::mint(),
            sid: SessionId::mint(),
            jti: uuid::Uuid::now_v7(),
            iat: now,
            exp: now + i64::from(AccessClaims::LIFETIME),
            typ: TokenUse::Access,
        };
        let header =
            Header { typ: Some("at+jwt".to_owned()), kid: Some(self.key_id.clone()), ..Header::new(Algorithm::EdDSA) };
        jsonwebtoken::encode(&header, &claims, &self.key).context("sign a token")
    }
}

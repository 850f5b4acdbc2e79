//! Access tokens (EdDSA JWT) and refresh tokens (random, stored as hashes only).

use std::fmt::Write;

use anyhow::{Context, Result};
use jiff::Timestamp;
use jsonwebtoken::{Algorithm, EncodingKey, Header, jwk::Jwk};
use plyo_events::{
    SessionId, UserId,
    user::{AccessClaims, TokenUse},
};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// A key as it is stored.
pub(crate) struct StoredKey {
    pub key_id: String,
    pub seed: Vec<u8>,
}

/// The keys that tokens are signed with, the newest first; each is published until its tokens have expired.
pub(crate) struct SigningKeys {
    keys: Vec<(String, EncodingKey)>,
}

impl SigningKeys {
    /// A new random key.
    pub(crate) fn generate() -> StoredKey {
        StoredKey { key_id: format!("{:016x}", rand::random::<u64>()), seed: rand::random::<[u8; 32]>().to_vec() }
    }

    pub(crate) fn from_seeds(stored: Vec<StoredKey>) -> Result<Self> {
        anyhow::ensure!(!stored.is_empty(), "there is no signing key");
        Ok(Self { keys: stored.into_iter().map(|key| (key.key_id, EncodingKey::from_ed_der(&pkcs8(&key.seed)))).collect() })
    }

    /// An access token for this session, good from `now` for [`AccessClaims::LIFETIME`].
    pub(crate) fn sign(&self, user: UserId, session: SessionId, now: Timestamp) -> Result<String> {
        let (key_id, key) = self.keys.first().context("there is a signing key")?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(key_id.clone());
        let iat = now.as_second();
        let exp = iat + i64::from(AccessClaims::LIFETIME);
        let claims = AccessClaims { iss: AccessClaims::ISSUER.to_owned(), sub: user, sid: session, iat, exp, typ: TokenUse::Access };
        jsonwebtoken::encode(&header, &claims, key).context("sign an access token")
    }

    /// The public keys as a JSON Web Key Set.
    pub(crate) fn jwks(&self) -> Result<Value> {
        let public = |(key_id, key): &(String, EncodingKey)| {
            let mut jwk = Jwk::from_encoding_key(key, Algorithm::EdDSA).context("derive a public key")?;
            jwk.common.key_id = Some(key_id.clone());
            Ok(serde_json::to_value(jwk)?)
        };
        Ok(json!({ "keys": self.keys.iter().map(public).collect::<Result<Vec<_>>>()? }))
    }
}

/// A new refresh token: 256 random bits in hexadecimal.
pub(crate) fn new_refresh_token() -> String {
    rand::random::<[u8; 32]>().iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a String cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// What is stored of a refresh token.
pub(crate) fn fingerprint(token: &str) -> Vec<u8> {
    Sha256::digest(token.as_bytes()).to_vec()
}

/// An Ed25519 seed as PKCS #8 (RFC 8410), which is a constant head before it.
fn pkcs8(seed: &[u8]) -> Vec<u8> {
    const HEAD: [u8; 16] = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];
    [&HEAD, seed].concat()
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation, jwk::JwkSet};

    use super::*;

    #[test]
    fn a_token_is_verified_by_the_published_key() {
        let keys = SigningKeys::from_seeds(vec![SigningKeys::generate()]).unwrap();
        let (user, session) = (UserId::mint(), SessionId::mint());
        let token = keys.sign(user, session, Timestamp::now()).unwrap();
        let jwks: JwkSet = serde_json::from_value(keys.jwks().unwrap()).unwrap();
        let key_id = jsonwebtoken::decode_header(&token).unwrap().kid.unwrap();
        let key = DecodingKey::from_jwk(jwks.find(&key_id).unwrap()).unwrap();
        let read = jsonwebtoken::decode::<AccessClaims>(&token, &key, &Validation::new(Algorithm::EdDSA)).unwrap();
        assert_eq!((read.claims.sub, read.claims.sid), (user, session));
        assert!(!keys.jwks().unwrap().to_string().contains("\"d\""), "a private key was published");
    }
}

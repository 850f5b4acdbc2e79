//! Access tokens that anybody can verify, and refresh tokens that are stored only as a hash.

use anyhow::{Context, Result};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jiff::Timestamp;
use jsonwebtoken::{
    Algorithm, EncodingKey, Header,
    jwk::{Jwk, PublicKeyUse, ThumbprintHash},
};
use plyo_events::{
    SessionId, UserId,
    user::{AccessClaims, TokenUse},
};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// An Ed25519 key with its id, the thumbprint of its public half (RFC 7638). No `Debug`: it is a secret.
pub(crate) struct SigningKey {
    id: String,
    private: EncodingKey,
    public: Value,
}

/// The prefix of the 32-byte seed in the PKCS #8 form of an Ed25519 key (RFC 8410).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];

impl SigningKey {
    /// The key of a 32-byte seed.
    ///
    /// # Errors
    /// When the cryptography library rejects it.
    pub(crate) fn from_seed(seed: &[u8; 32]) -> Result<Self> {
        let private = EncodingKey::from_ed_der(&[&PKCS8[..], seed].concat());
        let mut public = Jwk::from_encoding_key(&private, Algorithm::EdDSA).context("derive a public key")?;
        let id = public.thumbprint(ThumbprintHash::SHA256).context("name a key")?;
        public.common.key_id = Some(id.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        Ok(Self { id, private, public: serde_json::to_value(public)? })
    }

    pub(crate) fn id(&self) -> &str {
        &self.id
    }

    /// The public half as a JSON Web Key (RFC 7517).
    pub(crate) const fn public(&self) -> &Value {
        &self.public
    }

    /// An access token of a session, valid from `now` for [`AccessClaims::LIFETIME`] seconds.
    ///
    /// # Errors
    /// When the cryptography library rejects the key.
    pub(crate) fn access_token(&self, user: UserId, session: SessionId, now: Timestamp) -> Result<String> {
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(AccessClaims::TYPE.to_owned());
        header.kid = Some(self.id.clone());
        let iat = now.as_second();
        let claims = AccessClaims {
            iss: AccessClaims::ISSUER.to_owned(),
            aud: AccessClaims::AUDIENCE.to_owned(),
            sub: user,
            sid: session,
            jti: Uuid::now_v7(),
            iat,
            exp: iat + i64::from(AccessClaims::LIFETIME),
            typ: TokenUse::Access,
        };
        jsonwebtoken::encode(&header, &claims, &self.private).context("sign an access token")
    }
}

/// A refresh token: its user, and 256 random bits. Opaque to clients. No `Debug`: it is a secret.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct RefreshToken {
    pub user: UserId,
    secret: [u8; 32],
}

impl RefreshToken {
    pub(crate) fn mint(user: UserId) -> Self {
        Self { user, secret: rand::random() }
    }

    /// The token that replaces this one. Knowing either a used token or the salt alone is knowing nothing of it.
    pub(crate) fn successor(&self, salt: &[u8; 32]) -> Self {
        let secret = Sha256::new().chain_update(self.secret).chain_update(salt).finalize().into();
        Self { user: self.user, secret }
    }

    /// Parses the output of `text`; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let bytes: [u8; 48] = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()?;
        let (user, secret) = bytes.split_first_chunk::<16>()?;
        Some(Self { user: UserId::new(Uuid::from_bytes(*user)), secret: secret.try_into().ok()? })
    }

    /// 64 characters that never need escaping.
    pub(crate) fn text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode([&self.user.uuid().as_bytes()[..], &self.secret].concat())
    }

    /// The stored hash: 256 random bits need no salt and no slow hash.
    pub(crate) fn sha256(&self) -> [u8; 32] {
        Sha256::digest(self.secret).into()
    }
}

#[cfg(test)]
mod tests {
    use jsonwebtoken::{DecodingKey, Validation, decode, decode_header};

    use super::*;

    fn verify(token: &str, key: &SigningKey) -> jsonwebtoken::errors::Result<AccessClaims> {
        let public: Jwk = serde_json::from_value(key.public().clone()).unwrap();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[AccessClaims::ISSUER]);
        validation.set_audience(&[AccessClaims::AUDIENCE]);
        validation.set_required_spec_claims(&["exp", "iss", "sub"]);
        Ok(decode(token, &DecodingKey::from_jwk(&public).unwrap(), &validation)?.claims)
    }

    #[test]
    fn a_seed_gives_the_key_of_the_standard_and_publishes_its_public_half_alone() {
        // RFC 8037, appendix A: its private key, public key and thumbprint.
        let seed = BASE64_URL_SAFE_NO_PAD.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A").unwrap();
        let key = SigningKey::from_seed(&seed.try_into().unwrap()).unwrap();
        let x = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
        let kid = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
        let jwk =
            serde_json::json!({ "kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA", "use": "sig", "kid": kid });
        assert_eq!(key.public(), &jwk);
        assert_eq!(key.id(), kid);
    }

    #[test]
    fn an_access_token_is_verified_by_its_own_key_alone() {
        let [key, other] = [[7; 32], [8; 32]].map(|seed| SigningKey::from_seed(&seed).unwrap());
        let (user, session) = (UserId::mint(), SessionId::mint());
        let token = key.access_token(user, session, Timestamp::now()).unwrap();
        let claims = verify(&token, &key).unwrap();
        assert_eq!((claims.sub, claims.sid, claims.exp - claims.iat), (user, session, 600));
        assert!(verify(&token, &other).is_err());
        let header = decode_header(&token).unwrap();
        assert_eq!((header.typ.as_deref(), header.kid.as_deref()), (Some("at+jwt"), Some(key.id())));
    }

    #[test]
    fn an_access_token_expires_after_ten_minutes() {
        let key = SigningKey::from_seed(&[7; 32]).unwrap();
        // This library's verifier allows a minute of leeway.
        let earlier = Timestamp::now() - jiff::SignedDuration::from_secs(600 + 61);
        let token = key.access_token(UserId::mint(), SessionId::mint(), earlier).unwrap();
        assert!(verify(&token, &key).is_err());
    }

    #[test]
    fn a_refresh_token_is_read_as_it_was_written_and_has_one_successor_per_salt() {
        let token = RefreshToken::mint(UserId::mint());
        let text = token.text();
        assert_eq!(text.len(), 64);
        assert!(RefreshToken::parse(&text).unwrap() == token);
        assert_ne!(token.sha256(), RefreshToken::mint(token.user).sha256());
        assert!(token.successor(&[1; 32]) == token.successor(&[1; 32]));
        assert!(token.successor(&[1; 32]) != token.successor(&[2; 32]) && token.successor(&[1; 32]) != token);
        for wrong in ["", "no", &text[1..], &format!("{text}AAAA"), &format!("{}=", &text[1..])] {
            assert!(RefreshToken::parse(wrong).is_none(), "{wrong:?}");
        }
    }
}

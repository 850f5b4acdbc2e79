//! Personal texts are sealed before they enter a stream, and opened where they leave the platform. Each person has a key of their
//! own: once it is destroyed, nobody can read their texts any more, wherever copies of them are, backups included.
//!
//! XChaCha20-Poly1305 with the name of the field as associated data. The nonce is derived from the text (as in SIV modes, RFC 5297):
//! no two texts of a person share one, a retried command makes the same bytes, and a text that did not change is seen not to have.

mod json;
mod wrapping;

use anyhow::{Context, Result, anyhow};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use chacha20poly1305::{
    KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use hmac::{Hmac, Mac};
use plyo_events::Ciphertext;
use sha2::Sha256;

pub use self::{
    json::{add_texts, has_sealed, open},
    wrapping::KeyEncryptionKeys,
};

/// The first byte of what is sealed so.
const VERSION: u8 = 1;
const NONCE_BYTES: usize = 24;
/// Long enough that two names of one person are not taken for equal by chance.
const EQUAL_BYTES: usize = 16;

/// A person's key. No `Debug`: it is a secret.
#[derive(Clone)]
pub struct DataKey {
    secret: [u8; 32],
    cipher: XChaCha20Poly1305,
    nonces: Hmac<Sha256>,
    equality: Hmac<Sha256>,
}

impl DataKey {
    pub fn generate() -> Self {
        Self::from(rand::random::<[u8; 32]>())
    }

    /// # Errors
    /// When this is no key.
    pub fn parse(text: &str) -> Result<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text.trim()).ok();
        let bytes: Option<[u8; 32]> = bytes.and_then(|bytes| bytes.try_into().ok());
        bytes.map(Self::from).context("a key is 32 bytes in base64url")
    }

    /// The secret itself.
    pub const fn secret(&self) -> &[u8; 32] {
        &self.secret
    }

    /// It as text, as [`Self::parse`] reads it.
    pub fn to_text(&self) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(self.secret)
    }

    /// Seals a text for a field. What has the same `equal` is told to be the same without the key.
    pub fn seal(&self, field: &str, text: &str, equal: Option<&str>) -> Ciphertext {
        let mut nonce = mac(&self.nonces, &[field.as_bytes(), text.as_bytes()]);
        nonce.truncate(NONCE_BYTES);
        let sealed = self.encrypt(&nonce, field.as_bytes(), text.as_bytes());
        let equal = equal.map(|equal| {
            let tag = mac(&self.equality, &[field.as_bytes(), equal.as_bytes()]);
            BASE64_URL_SAFE_NO_PAD.encode(&tag[..EQUAL_BYTES])
        });
        Ciphertext { sealed: BASE64_URL_SAFE_NO_PAD.encode(sealed), equal }
    }

    /// `None` of what was sealed under another key, for another field, or is damaged.
    pub fn open(&self, field: &str, sealed: &str) -> Option<String> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
        String::from_utf8(self.decrypt(field.as_bytes(), &bytes).ok()?).ok()
    }

    /// The version, the nonce, and the ciphertext with its tag.
    fn encrypt(&self, nonce: &[u8], associated: &[u8], plain: &[u8]) -> Vec<u8> {
        let at = XNonce::try_from(nonce).expect("a nonce has 24 bytes");
        let payload = Payload { msg: plain, aad: associated };
        let sealed = self.cipher.encrypt(&at, payload).expect("a text is far below 256 GiB");
        [&[VERSION], nonce, &sealed].concat()
    }

    fn decrypt(&self, associated: &[u8], bytes: &[u8]) -> Result<Vec<u8>> {
        let (version, rest) = bytes.split_first().context("it is empty")?;
        anyhow::ensure!(*version == VERSION, "it is sealed in a way that is not known here: {version}");
        let (nonce, sealed) = rest.split_at_checked(NONCE_BYTES).context("it is cut off")?;
        let nonce = XNonce::try_from(nonce).context("a nonce")?;
        self.cipher
            .decrypt(&nonce, Payload { msg: sealed, aad: associated })
            .map_err(|_| anyhow!("another key sealed it"))
    }
}

impl From<[u8; 32]> for DataKey {
    fn from(secret: [u8; 32]) -> Self {
        let root = keyed(&secret);
        let derived = |purpose: &str| mac(&root, &[purpose.as_bytes()]);
        Self {
            secret,
            cipher: XChaCha20Poly1305::new_from_slice(&derived("seal")).expect("a key has 32 bytes"),
            nonces: keyed(&derived("nonce")),
            equality: keyed(&derived("equal")),
        }
    }
}

fn keyed(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).expect("a key of any length is one")
}

/// Of parts that are told apart: each with its length.
fn mac(keyed: &Hmac<Sha256>, parts: &[&[u8]]) -> Vec<u8> {
    let mut mac = keyed.clone();
    for part in parts {
        mac.update(&(part.len() as u64).to_be_bytes());
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_opened_by_its_key_for_its_field_alone() {
        let key = DataKey::generate();
        let sealed = key.seal("name", "Zercher carry \u{1f3cb}", None);
        assert!(!sealed.sealed.contains("Zercher"));
        assert_eq!(key.open("name", &sealed.sealed).as_deref(), Some("Zercher carry \u{1f3cb}"));
        assert_eq!(
            DataKey::parse(&key.to_text()).unwrap().open("name", &sealed.sealed).as_deref(),
            Some("Zercher carry \u{1f3cb}")
        );
        assert_eq!(key.open("note", &sealed.sealed), None);
        assert_eq!(DataKey::generate().open("name", &sealed.sealed), None);
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&sealed.sealed).unwrap();
        for at in 0..bytes.len() {
            let mut damaged = bytes.clone();
            damaged[at] ^= 1;
            assert_eq!(key.open("name", &BASE64_URL_SAFE_NO_PAD.encode(damaged)), None, "byte {at}");
            assert_eq!(key.open("name", &BASE64_URL_SAFE_NO_PAD.encode(&bytes[..at])), None, "{at} bytes");
        }
        assert_eq!(key.open("name", "no base64!"), None);
    }

    #[test]
    fn a_retry_seals_the_same_bytes_and_another_text_others() {
        let (key, other) = (DataKey::generate(), DataKey::generate());
        let sealed = |key: &DataKey, text| key.seal("name", text, Some("carry"));
        assert_eq!(sealed(&key, "Carry"), sealed(&key, "Carry"));
        assert_ne!(sealed(&key, "Carry").sealed[..32], sealed(&key, "carry").sealed[..32], "another nonce");
        assert_eq!(sealed(&key, "Carry").equal, sealed(&key, "carry").equal);
        assert_ne!(sealed(&key, "Carry").equal, sealed(&other, "Carry").equal);
        assert_ne!(key.seal("na", "mex", None).sealed[..32], key.seal("nam", "ex", None).sealed[..32]);
    }

    #[test]
    fn what_is_no_key_is_not_taken_for_one() {
        for wrong in ["", "short", &"A".repeat(44), &format!("{}!", "A".repeat(42))] {
            assert!(DataKey::parse(wrong).is_err(), "{wrong}");
        }
    }
}

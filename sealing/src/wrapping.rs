//! Data keys are kept under a key-encryption key, which is in no database: who has a copy of the tables cannot open a text.

use anyhow::{Context, Result, bail, ensure};
use plyo_events::UserId;
use sha2::{Digest, Sha256};

use super::{DataKey, NONCE_BYTES, keyed, mac};

/// As many as 192 bits in base64 have.
const MIN_CHARACTERS: usize = 32;
/// Names a key, and says nothing of it.
const ID_BYTES: usize = 8;

/// The keys of a file: the first wraps; each unwraps what it has wrapped. No `Debug`: they are secrets.
#[derive(Clone)]
pub struct KeyEncryptionKeys(Vec<([u8; ID_BYTES], DataKey)>);

impl KeyEncryptionKeys {
    /// Reads keys, a line each: at least 32 random characters.
    ///
    /// # Errors
    /// When there is none, or a line is shorter.
    pub fn parse(text: &str) -> Result<Self> {
        let lines = text.lines().map(str::trim).enumerate().filter(|(_, line)| !line.is_empty());
        let key = |(index, line): (usize, &str)| {
            ensure!(line.len() >= MIN_CHARACTERS, "line {} has fewer than {MIN_CHARACTERS} characters", index + 1);
            let key = DataKey::from(<[u8; 32]>::from(Sha256::digest(line)));
            let id = mac(&keyed(&key.secret), &[b"id"]);
            Ok((*id.first_chunk().context("a name has 8 bytes")?, key))
        };
        let keys = lines.map(key).collect::<Result<Vec<_>>>()?;
        ensure!(!keys.is_empty(), "there is no key in it");
        Ok(Self(keys))
    }

    /// A person's key, as it is stored: it is unwrapped for the same person alone.
    pub fn wrap(&self, user: UserId, key: &DataKey) -> Vec<u8> {
        let (id, current) = &self.0[0];
        let nonce: [u8; NONCE_BYTES] = rand::random();
        [&id[..], &current.encrypt(&nonce, user.uuid().as_bytes(), &key.secret)].concat()
    }

    /// # Errors
    /// When none of the keys has wrapped it, or it is damaged.
    pub fn unwrap(&self, user: UserId, wrapped: &[u8]) -> Result<DataKey> {
        let (id, sealed) = wrapped.split_at_checked(ID_BYTES).context("a wrapped key is cut off")?;
        let Some((_, key)) = self.0.iter().find(|(known, _)| known == id) else {
            bail!(
                "a person's key was wrapped by a key-encryption key that is not in the file: add the line that was removed"
            );
        };
        let secret = key.decrypt(user.uuid().as_bytes(), sealed).context("unwrap a person's key")?;
        let secret: [u8; 32] = secret.try_into().ok().context("a person's key has 32 bytes")?;
        Ok(DataKey::from(secret))
    }

    /// What [`Self::wrap`] begins with: by it, what an earlier key has wrapped is found.
    pub fn current(&self) -> &[u8] {
        &self.0[0].0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_unwrapped_by_what_wrapped_it_for_its_person_alone() {
        let (old, new) = (DataKey::generate().to_text(), DataKey::generate().to_text());
        let (ada, eve, key) = (UserId::mint(), UserId::mint(), DataKey::generate());
        let before = KeyEncryptionKeys::parse(&format!("{old}\n")).unwrap();
        let both = KeyEncryptionKeys::parse(&format!("{new}\n\n{old}\n")).unwrap();
        let after = KeyEncryptionKeys::parse(&new).unwrap();
        let wrapped = before.wrap(ada, &key);
        assert!(wrapped.starts_with(before.current()));
        assert!(before.unwrap(ada, &wrapped).unwrap().secret == key.secret);
        assert!(both.unwrap(ada, &wrapped).unwrap().secret == key.secret);
        assert!(both.wrap(ada, &key).starts_with(after.current()), "the first one wraps");
        assert!(before.unwrap(eve, &wrapped).is_err());
        let error = after.unwrap(ada, &wrapped).err().unwrap().to_string();
        assert!(error.contains("add the line"), "{error}");
        assert!(before.unwrap(ada, &wrapped[..40]).is_err());
        for wrong in ["", "\n", "no key"] {
            assert!(KeyEncryptionKeys::parse(wrong).is_err(), "{wrong:?}");
        }
    }
}

//! What makes two requests the same command: the Idempotency-Key, over HTTP and over a socket alike.

use std::borrow::Cow;

use axum::http::StatusCode;
use plyo_events::{Command, CommandId, UserId};
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};
use sha2::{Digest, Sha256};

use crate::problem::{Code, Problem};

pub(crate) const INVALID_IDEMPOTENCY_KEY: Code = Code::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "invalid_idempotency_key",
    "an Idempotency-Key must be 1 to 255 visible ASCII characters",
);

/// Which command it is, and what it says.
#[derive(Debug, PartialEq)]
pub(crate) struct Identity {
    pub id: CommandId,
    /// The same id with another one is refused.
    pub fingerprint: String,
    /// The command, encoded.
    pub body: Vec<u8>,
}

impl Identity {
    /// A key means something per type of command and per what it is about: with another workout it is another command. What
    /// a body looked like does not count, only what it says.
    pub(crate) fn of(user: UserId, key: Option<&[u8]>, command: &Command) -> Result<Self, Problem> {
        let (name, body) = (command.kind().name(), command.encode());
        let id = match key {
            Some(key) => CommandId::derive(user.uuid(), &format!("{name}{}\n{}", ids_named(&body), checked(key)?)),
            None => CommandId::mint(),
        };
        Ok(Self { id, fingerprint: fingerprint(name, &body), body })
    }
}

/// 1 to 255 visible ASCII characters.
fn checked(key: &[u8]) -> Result<&str, Problem> {
    let text = std::str::from_utf8(key)
        .ok()
        .filter(|text| (1..=255).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_graphic()));
    text.ok_or_else(|| INVALID_IDEMPOTENCY_KEY.into())
}

fn fingerprint(name: &str, body: &[u8]) -> String {
    let digest = Sha256::new().chain_update(name).chain_update([0]).chain_update(body).finalize();
    u128::from_be_bytes(digest.first_chunk().copied().unwrap_or_default()).to_string()
}

/// The ids that a command names, each behind a slash: its fields `…_id`, in their order.
fn ids_named(body: &[u8]) -> String {
    rmp_serde::from_slice::<IdsNamed>(body).unwrap_or_default().0
}

#[derive(Default)]
struct IdsNamed(String);

impl<'de> Deserialize<'de> for IdsNamed {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Fields;
        impl<'de> Visitor<'de> for Fields {
            type Value = IdsNamed;

            fn expecting(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str("the fields of a command")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<IdsNamed, A::Error> {
                let mut ids = String::new();
                while let Some(name) = fields.next_key::<Cow<'de, str>>()? {
                    if name.ends_with("_id") {
                        ids.push('/');
                        ids.push_str(&fields.next_value::<Cow<'de, str>>()?);
                    } else {
                        fields.next_value::<IgnoredAny>()?;
                    }
                }
                Ok(IdsNamed(ids))
            }
        }
        deserializer.deserialize_map(Fields)
    }
}

#[cfg(test)]
mod tests {
    use plyo_events::{
        ReminderId,
        workout::{CancelReminder, MoveReminder, SetReminder},
    };

    use super::*;

    #[test]
    fn a_key_means_something_per_user_type_and_what_the_command_names() {
        let (ada, eve) = (UserId::mint(), UserId::mint());
        let (one, other) = (ReminderId::mint(), ReminderId::mint());
        let due_at = "2026-12-01T18:00:00Z".parse().unwrap();
        let commands: [Command; 5] = [
            SetReminder { due_at }.into(),
            CancelReminder { reminder_id: one, if_revision: None }.into(),
            CancelReminder { reminder_id: other, if_revision: None }.into(),
            MoveReminder { reminder_id: one, due_at, if_revision: None }.into(),
            MoveReminder { reminder_id: other, due_at, if_revision: None }.into(),
        ];
        let mut ids = std::collections::HashSet::new();
        for command in &commands {
            for (user, key) in [(ada, "a"), (ada, "b"), (eve, "a")] {
                let identity = Identity::of(user, Some(key.as_bytes()), command).unwrap();
                assert_eq!(identity, Identity::of(user, Some(key.as_bytes()), command).unwrap());
                assert!(ids.insert(identity.id), "{command:?}");
            }
        }
        let unkeyed = || Identity::of(ada, None, &commands[0]).unwrap();
        assert_ne!(unkeyed().id, unkeyed().id);
    }

    #[test]
    fn the_ids_that_a_command_names_are_its_fields_of_that_name() {
        let (one, due_at) = (ReminderId::mint(), "2026-12-01T18:00:00Z".parse().unwrap());
        let named = |command: Command| ids_named(&command.encode());
        assert_eq!(named(MoveReminder { reminder_id: one, due_at, if_revision: None }.into()), format!("/{one}"));
        assert_eq!(named(SetReminder { due_at }.into()), "");
    }

    #[test]
    fn what_is_no_key_is_refused() {
        for wrong in [&b""[..], b"a key", "ä".as_bytes(), b"\xff", &[b'x'; 256]] {
            assert_eq!(checked(wrong).unwrap_err().code, INVALID_IDEMPOTENCY_KEY.name);
        }
        assert_eq!(checked(b"monday-1").unwrap(), "monday-1");
    }
}

//! Identifiers: typed UUIDs, so that one cannot be mistaken for another.

use std::{fmt, marker::PhantomData, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// A UUID that names a `T`. Written in lower-case hyphenated form everywhere, also in MessagePack.
pub struct Id<T>(Uuid, PhantomData<fn() -> T>);

/// Markers for [`Id`].
pub mod kinds {
    pub struct Command;
    pub struct CustomExercise;
    pub struct Event;
    pub struct Export;
    pub struct Link;
    pub struct Mail;
    pub struct Notification;
    pub struct Passkey;
    pub struct Recommendation;
    pub struct Reminder;
    pub struct Session;
    pub struct Text;
    pub struct User;
    pub struct Workout;
}

pub type CommandId = Id<kinds::Command>;
pub type CustomExerciseId = Id<kinds::CustomExercise>;
pub type EventId = Id<kinds::Event>;
pub type ExportId = Id<kinds::Export>;
pub type LinkId = Id<kinds::Link>;
pub type MailId = Id<kinds::Mail>;
pub type NotificationId = Id<kinds::Notification>;
pub type PasskeyId = Id<kinds::Passkey>;
pub type RecommendationId = Id<kinds::Recommendation>;
pub type ReminderId = Id<kinds::Reminder>;
pub type SessionId = Id<kinds::Session>;
/// Personal text that is kept outside the history: only its id is in a message.
pub type TextId = Id<kinds::Text>;
pub type UserId = Id<kinds::User>;
pub type WorkoutId = Id<kinds::Workout>;

impl<T> Id<T> {
    pub const fn new(id: Uuid) -> Self {
        Self(id, PhantomData)
    }

    /// A time-ordered id (UUIDv7). Only the edge and the credential store mint ids; everything behind them derives its ids.
    pub fn mint() -> Self {
        Self::new(Uuid::now_v7())
    }

    /// The id of `name` under `cause`: the same cause and name always give the same id (UUIDv5).
    pub fn derive(cause: Uuid, name: &str) -> Self {
        Self::new(Uuid::new_v5(&cause, name.as_bytes()))
    }

    pub const fn uuid(self) -> Uuid {
        self.0
    }
}

impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.cmp(&other.0)
    }
}
impl<T> std::hash::Hash for Id<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.0.hash(state);
    }
}
impl<T> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<T> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}
impl<T> FromStr for Id<T> {
    type Err = uuid::Error;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Uuid::try_parse(text).map(Self::new)
    }
}
impl<T> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut buffer = Uuid::encode_buffer();
        serializer.serialize_str(self.0.hyphenated().encode_lower(&mut buffer))
    }
}
impl<'de, T> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
impl<T> JsonSchema for Id<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Id".into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Uuid::json_schema(generator)
    }
}

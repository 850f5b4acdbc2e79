//! Every message there is, in one table each for commands and events.

use std::fmt;

use crate::{achievement, clock, notification, user, workout};

/// A message that this binary cannot read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// Nobody here knows this type: a reader skips it.
    #[error("unknown type `{0}`")]
    UnknownType(String),
    /// A newer binary wrote it: a reader that needs it must stop, not skip.
    #[error("`{name}` version {version} is newer than this binary knows ({known})")]
    NewerVersion { name: &'static str, version: u32, known: u32 },
    /// The body is not what the type says: a dead letter.
    #[error("body of `{name}` cannot be read: {detail}")]
    Body { name: &'static str, detail: String },
}

/// The one macro of the project: an enum of payloads, its kinds, and the functions that go from a type name to a payload.
macro_rules! catalogue {
    ($(#[$doc:meta])* $all:ident, $kind:ident { $($(#[$vdoc:meta])* $variant:ident($payload:ty) = $name:literal v $version:literal, $service:literal;)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        pub enum $all { $($(#[$vdoc])* $variant($payload),)+ }

        /// Which message it is, without its payload.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $kind { $($variant,)+ }

        impl $kind {
            /// Every kind, in the order of the catalogue.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// `workout.completed`
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The newest version that this binary writes and reads.
            pub const fn version(self) -> u32 {
                match self { $(Self::$variant => $version,)+ }
            }

            /// The service that owns it: a command's addressee, an event's publisher.
            pub const fn service(self) -> &'static str {
                match self { $(Self::$variant => $service,)+ }
            }

            /// What it means, from its documentation.
            pub fn schema(self, generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
                match self { $(Self::$variant => generator.subschema_for::<$payload>(),)+ }
            }

            /// Reads a MessagePack body (a map with field names).
            ///
            /// # Errors
            /// [`DecodeError::Body`] when the bytes are not the payload.
            pub fn decode(self, body: &[u8]) -> Result<$all, DecodeError> {
                match self { $(Self::$variant => rmp_serde::from_slice::<$payload>(body)
                    .map($all::$variant)
                    .map_err(|error| DecodeError::Body { name: $name, detail: error.to_string() }),)+ }
            }

            /// Reads a JSON body, which a scheduled job outside Plyo may send.
            ///
            /// # Errors
            /// [`DecodeError::Body`] when the text is not the payload.
            pub fn decode_json(self, body: &[u8]) -> Result<$all, DecodeError> {
                match self { $(Self::$variant => serde_json::from_slice::<$payload>(body)
                    .map($all::$variant)
                    .map_err(|error| DecodeError::Body { name: $name, detail: error.to_string() }),)+ }
            }
        }

        impl $all {
            pub const fn kind(&self) -> $kind {
                match self { $(Self::$variant(_) => $kind::$variant,)+ }
            }
        }

        $(impl From<$payload> for $all {
            fn from(payload: $payload) -> Self { Self::$variant(payload) }
        })+
    };
}

catalogue! {
    /// A request to change something, addressed to one service. It may be refused.
    Command, CommandKind {
        RegisterUser(user::RegisterUser) = "user.register" v 1, "user";
        RevokeSession(user::RevokeSession) = "user.revoke_session" v 1, "user";
        LogWorkout(workout::LogWorkout) = "workout.log" v 1, "workout";
        CorrectWorkout(workout::CorrectWorkout) = "workout.correct" v 1, "workout";
        DeleteWorkout(workout::DeleteWorkout) = "workout.delete" v 1, "workout";
        SetReminder(workout::SetReminder) = "workout.set_reminder" v 1, "workout";
        MoveReminder(workout::MoveReminder) = "workout.move_reminder" v 1, "workout";
        CancelReminder(workout::CancelReminder) = "workout.cancel_reminder" v 1, "workout";
        ReadNotification(notification::ReadNotification) = "notification.mark_read" v 1, "notification";
        ReadAllNotifications(notification::ReadAllNotifications) = "notification.mark_all_read" v 1, "notification";
        SetPreferences(notification::SetPreferences) = "notification.set_preferences" v 1, "notification";
    }
}

catalogue! {
    /// A fact, past tense, immutable, owned by one service.
    Event, EventKind {
        UserRegistered(user::UserRegistered) = "user.registered" v 1, "user";
        SessionRevoked(user::SessionRevoked) = "session.revoked" v 1, "user";
        WorkoutCompleted(workout::WorkoutCompleted) = "workout.completed" v 1, "workout";
        WorkoutCorrected(workout::WorkoutCorrected) = "workout.corrected" v 1, "workout";
        WorkoutDeleted(workout::WorkoutDeleted) = "workout.deleted" v 1, "workout";
        RecordSet(workout::RecordSet) = "record.set" v 1, "workout";
        RecordWithdrawn(workout::RecordWithdrawn) = "record.withdrawn" v 1, "workout";
        ReminderSet(workout::ReminderSet) = "reminder.set" v 1, "workout";
        ReminderCancelled(workout::ReminderCancelled) = "reminder.cancelled" v 1, "workout";
        ReminderDue(workout::ReminderDue) = "reminder.due" v 1, "workout";
        AchievementUnlocked(achievement::AchievementUnlocked) = "achievement.unlocked" v 1, "achievement";
        AchievementRevoked(achievement::AchievementRevoked) = "achievement.revoked" v 1, "achievement";
        NotificationCreated(notification::NotificationCreated) = "notification.created" v 1, "notification";
        NotificationRead(notification::NotificationRead) = "notification.read" v 1, "notification";
        AllNotificationsRead(notification::AllNotificationsRead) = "notification.all_read" v 1, "notification";
        NotificationRetracted(notification::NotificationRetracted) = "notification.retracted" v 1, "notification";
        PreferencesChanged(notification::PreferencesChanged) = "notification.preferences_changed" v 1, "notification";
        WorkoutReminderDue(clock::WorkoutReminderDue) = "clock.workout_reminder_due" v 1, "clock";
    }
}

impl CommandKind {
    /// The verb token of the subject: `log` in `cmd.workout.log.<user>`.
    pub fn verb(self) -> &'static str {
        self.name().split_once('.').map_or(self.name(), |(_, verb)| verb)
    }

    /// Finds a kind by its full type name, `workout.log.v1`.
    ///
    /// # Errors
    /// [`DecodeError::UnknownType`], [`DecodeError::NewerVersion`].
    pub fn parse(type_name: &str) -> Result<Self, DecodeError> {
        let (name, version) = split_version(type_name)?;
        let kind = Self::ALL.iter().copied().find(|kind| kind.name() == name);
        known(kind, type_name, version, Self::version, Self::name)
    }
}

impl EventKind {
    /// The fact token of the subject: `completed` in `evt.workout.completed.<user>`, `record_set` for `record.set`.
    pub fn fact(self) -> String {
        match self.name().split_once('.') {
            Some((prefix, fact)) if prefix == self.service() => fact.to_owned(),
            _ => self.name().replace('.', "_"),
        }
    }

    /// Finds a kind by its full type name, `workout.completed.v1`.
    ///
    /// # Errors
    /// [`DecodeError::UnknownType`], [`DecodeError::NewerVersion`].
    pub fn parse(type_name: &str) -> Result<Self, DecodeError> {
        let (name, version) = split_version(type_name)?;
        let kind = Self::ALL.iter().copied().find(|kind| kind.name() == name);
        known(kind, type_name, version, Self::version, Self::name)
    }
}

impl fmt::Display for CommandKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.v{}", self.name(), self.version())
    }
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.v{}", self.name(), self.version())
    }
}

impl Command {
    /// The MessagePack body.
    ///
    /// # Panics
    /// Never for the payloads of the catalogue: they are plain data.
    pub fn encode(&self) -> Vec<u8> {
        rmp_serde::to_vec_named(self).expect("a command is plain data")
    }
}

impl Event {
    /// The MessagePack body.
    ///
    /// # Panics
    /// Never for the payloads of the catalogue: they are plain data.
    pub fn encode(&self) -> Vec<u8> {
        rmp_serde::to_vec_named(self).expect("an event is plain data")
    }
}

fn split_version(type_name: &str) -> Result<(&str, u32), DecodeError> {
    type_name
        .rsplit_once(".v")
        .and_then(|(name, version)| Some((name, version.parse().ok()?)))
        .ok_or_else(|| DecodeError::UnknownType(type_name.to_owned()))
}

fn known<K: Copy>(
    kind: Option<K>,
    type_name: &str,
    version: u32,
    newest: fn(K) -> u32,
    name: fn(K) -> &'static str,
) -> Result<K, DecodeError> {
    let kind = kind.ok_or_else(|| DecodeError::UnknownType(type_name.to_owned()))?;
    match version {
        0 => Err(DecodeError::UnknownType(type_name.to_owned())),
        version if version > newest(kind) => {
            Err(DecodeError::NewerVersion { name: name(kind), version, known: newest(kind) })
        }
        _ => Ok(kind),
    }
}

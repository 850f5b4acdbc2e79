//! Every message, in one table for commands and one for events.

mod body;
mod commands;
mod decode_error;

use std::fmt;

use schemars::{Schema, SchemaGenerator};

#[cfg(feature = "testing")]
use crate::probe;
use crate::{
    Aggregate, achievement, administration, clock, coach, erasure, export, notification, profile, user, workout,
};

pub use self::{body::Body, decode_error::DecodeError};

/// A kind in its published version: `workout.completed.v1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Versioned<K> {
    pub kind: K,
    pub version: u32,
}

/// The newest payload of a kind of command, or of event.
pub trait Payload<K> {
    const KIND: K;
}

/// One step up, to `version` from the one before it.
#[cfg_attr(not(feature = "testing"), expect(dead_code, reason = "no released message has a second version yet"))]
fn upcast<T: TryFrom<U, Error: fmt::Display>, U>(
    earlier: U,
    name: &'static str,
    version: u32,
) -> Result<T, DecodeError> {
    T::try_from(earlier).map_err(|error| {
        let detail = format!("cannot upgrade to v{version}: {error}");
        DecodeError::Body { name, version: version - 1, detail }
    })
}

/// The one macro of the project: an enum of payloads, its kinds, and the functions that go from a type name to a payload.
///
/// A row is `Variant(newest::Payload) = "type.name" v <newest>, "service";`. Earlier versions follow as `v <newest> after
/// [1: old::PayloadV1, …]`, and each has a `TryFrom`, or a `From`, into the next. A message that is not about a user says
/// so: `"service" about Group`.
macro_rules! catalogue {
    ($(#[$doc:meta])* $all:ident, $kind:ident { $(
        $(#[$cfg:meta])*
        $variant:ident($payload:ty) = $name:literal v $version:literal
        $(after [$first:literal: $first_payload:ty $(, $next:literal: $next_payload:ty)*])?,
        $service:literal $(about $aggregate:ident)?;
    )+ }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, serde::Serialize)]
        #[serde(untagged)]
        pub enum $all { $($(#[$cfg])* $variant($payload),)+ }

        /// The kind of a message, without its payload.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
        pub enum $kind { $($(#[$cfg])* $variant,)+ }

        impl $kind {
            /// Every kind of this build, in the order of the catalogue; see [`Self::is_released`].
            pub const ALL: &'static [Self] = &[$($(#[$cfg])* Self::$variant,)+];

            /// `workout.completed`
            pub const fn name(self) -> &'static str {
                match self { $($(#[$cfg])* Self::$variant => $name,)+ }
            }

            /// The version that this binary writes.
            pub const fn newest(self) -> u32 {
                match self { $($(#[$cfg])* Self::$variant => $version,)+ }
            }

            /// All versions, oldest first; this binary reads them all.
            pub const fn versions(self) -> &'static [u32] {
                match self { $($(#[$cfg])* Self::$variant => &[$($first, $($next,)*)? $version],)+ }
            }

            /// The service that owns it: a command's addressee, an event's publisher.
            pub const fn service(self) -> &'static str {
                match self { $($(#[$cfg])* Self::$variant => $service,)+ }
            }

            /// What it is about; `None` for a user.
            pub const fn about(self) -> Option<Aggregate> {
                let about: &[Aggregate] = match self { $($(#[$cfg])* Self::$variant => &[$(Aggregate::$aggregate)?],)+ };
                about.first().copied()
            }

            /// The documentation of a version; `None` if there is no such version.
            pub fn schema(self, version: u32, generator: &mut SchemaGenerator) -> Option<Schema> {
                match self { $($(#[$cfg])* Self::$variant => match version {
                    $($first => Some(generator.subschema_for::<$first_payload>()),
                    $($next => Some(generator.subschema_for::<$next_payload>()),)*)?
                    $version => Some(generator.subschema_for::<$payload>()),
                    _ => None,
                },)+ }
            }

            /// Finds a kind and its version by the full type name, `workout.completed.v1`.
            ///
            /// # Errors
            /// [`DecodeError::UnknownType`], [`DecodeError::NewerVersion`].
            pub fn parse(type_name: &str) -> Result<Versioned<Self>, DecodeError> {
                let unknown = || DecodeError::UnknownType(type_name.to_owned());
                let (name, version) = type_name.rsplit_once(".v").ok_or_else(unknown)?;
                let version = version.parse().ok().filter(|version| *version > 0).ok_or_else(unknown)?;
                let kind = match name { $($(#[$cfg])* $name => Self::$variant,)+ _ => return Err(unknown()) };
                kind.known(version)
            }

            /// Decodes a body of that version and upgrades it to the newest, one step at a time.
            ///
            /// # Errors
            /// [`DecodeError::Body`] when the bytes are not this payload or a step fails; [`DecodeError::NewerVersion`].
            pub fn decode(self, version: u32, body: Body<'_>) -> Result<$all, DecodeError> {
                self.known(version)?;
                match self { $($(#[$cfg])* Self::$variant => {
                    $(
                        let earlier: Option<$first_payload> =
                            if version == $first { Some(body.read($name, version)?) } else { None };
                        $(let earlier: Option<$next_payload> = match earlier {
                            Some(earlier) => Some(upcast(earlier, $name, $next)?),
                            None if version == $next => Some(body.read($name, version)?),
                            None => None,
                        };)*
                        if let Some(earlier) = earlier {
                            return upcast(earlier, $name, $version).map($all::$variant);
                        }
                    )?
                    body.read($name, version).map($all::$variant)
                })+ }
            }

            fn known(self, version: u32) -> Result<Versioned<Self>, DecodeError> {
                if version > self.newest() {
                    return Err(DecodeError::NewerVersion { name: self.name(), version, known: self.newest() });
                }
                Ok(Versioned { kind: self, version })
            }

            /// False for the messages of tests, which no document mentions.
            pub fn is_released(self) -> bool {
                self.service() != "probe"
            }
        }

        /// In its newest version: `workout.completed.v1`.
        impl fmt::Display for $kind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Versioned { kind: *self, version: self.newest() }.fmt(f)
            }
        }

        impl fmt::Display for Versioned<$kind> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}.v{}", self.kind.name(), self.version)
            }
        }

        impl $all {
            pub const fn kind(&self) -> $kind {
                match self { $($(#[$cfg])* Self::$variant(_) => $kind::$variant,)+ }
            }

            /// The MessagePack body, in the newest version.
            ///
            /// # Panics
            /// Never for payloads of the catalogue: they are plain data.
            pub fn encode(&self) -> Vec<u8> {
                rmp_serde::to_vec_named(self).expect("a payload is plain data")
            }
        }

        $($(#[$cfg])* impl From<$payload> for $all {
            fn from(payload: $payload) -> Self { Self::$variant(payload) }
        }

        $(#[$cfg])* impl Payload<$kind> for $payload {
            const KIND: $kind = $kind::$variant;
        })+
    };
}

catalogue! {
    /// A request to change something, addressed to one service, which may reject it.
    Command, CommandKind {
        RegisterUser(user::RegisterUser) = "user.register" v 1, "user";
        RevokeSession(user::RevokeSession) = "user.revoke_session" v 1, "user";
        ReportSignIn(user::ReportSignIn) = "user.report_sign_in" v 1, "user";
        ReportFailedSignIn(user::ReportFailedSignIn) = "user.report_failed_sign_in" v 1, "user";
        ReportSecurityChange(user::ReportSecurityChange) = "user.report_security_change" v 1, "user";
        ReportVerifiedEmail(user::ReportVerifiedEmail) = "user.report_verified_email" v 1, "user";
        RequestMail(user::RequestMail) = "user.request_mail" v 1, "user";
        ReportMail(user::ReportMail) = "user.report_mail" v 1, "user";
        ChangeProfile(profile::ChangeProfile) = "user.change_profile" v 1, "user";
        RequestErasure(erasure::RequestErasure) = "user.request_erasure" v 1, "user";
        CancelErasure(erasure::CancelErasure) = "user.cancel_erasure" v 1, "user";
        ReportTablesErased(erasure::ReportTablesErased) = "user.report_tables_erased" v 1, "user";
        ReportMessagesErased(erasure::ReportMessagesErased) = "user.report_messages_erased" v 1, "user";
        ChangeRole(administration::ChangeRole) = "user.change_role" v 1, "user" about Staff;
        SuspendUser(administration::SuspendUser) = "user.suspend" v 1, "user" about Staff;
        ReinstateUser(administration::ReinstateUser) = "user.reinstate" v 1, "user" about Staff;
        ForceLogOut(administration::ForceLogOut) = "user.force_log_out" v 1, "user" about Staff;
        ReportLogOut(administration::ReportLogOut) = "user.report_log_out" v 1, "user" about Staff;
        RequestExport(export::RequestExport) = "user.request_export" v 1, "user";
        ReportExport(export::ReportExport) = "user.report_export" v 1, "user";
        LogWorkout(workout::LogWorkout) = "workout.log" v 1, "workout";
        CorrectWorkout(workout::CorrectWorkout) = "workout.correct" v 1, "workout";
        DeleteWorkout(workout::DeleteWorkout) = "workout.delete" v 1, "workout";
        LogBodyWeight(workout::LogBodyWeight) = "workout.log_body_weight" v 1, "workout";
        CreateExercise(workout::CreateExercise) = "workout.create_exercise" v 1, "workout";
        ChangeExercise(workout::ChangeExercise) = "workout.change_exercise" v 1, "workout";
        ArchiveExercise(workout::ArchiveExercise) = "workout.archive_exercise" v 1, "workout";
        MergeExercise(workout::MergeExercise) = "workout.merge_exercise" v 1, "workout";
        SetReminder(workout::SetReminder) = "workout.set_reminder" v 1, "workout";
        MoveReminder(workout::MoveReminder) = "workout.move_reminder" v 1, "workout";
        CancelReminder(workout::CancelReminder) = "workout.cancel_reminder" v 1, "workout";
        AcceptRecommendation(coach::AcceptRecommendation) = "coach.accept" v 1, "coach";
        DismissRecommendation(coach::DismissRecommendation) = "coach.dismiss" v 1, "coach";
        SnoozeRecommendation(coach::SnoozeRecommendation) = "coach.snooze" v 1, "coach";
        SetGoals(coach::SetGoals) = "coach.set_goals" v 1, "coach";
        ReadNotification(notification::ReadNotification) = "notification.mark_read" v 1, "notification";
        ReadAllNotifications(notification::ReadAllNotifications) = "notification.mark_all_read" v 1, "notification";
        SetPreferences(notification::SetPreferences) = "notification.set_preferences" v 1, "notification";
        #[cfg(feature = "testing")]
        Measure(probe::Measure) = "probe.measure" v 1, "probe";
        #[cfg(feature = "testing")]
        Gather(probe::Gather) = "probe.gather" v 1, "probe" about Group;
    }
}

catalogue! {
    /// A fact, past tense, immutable, owned by one service.
    Event, EventKind {
        UserRegistered(user::UserRegistered) = "user.registered" v 1, "user";
        SessionRevoked(user::SessionRevoked) = "session.revoked" v 1, "user";
        SignedIn(user::SignedIn) = "user.signed_in" v 1, "user";
        SignInFailed(user::SignInFailed) = "user.sign_in_failed" v 1, "user";
        SecurityChanged(user::SecurityChanged) = "user.security_changed" v 1, "user";
        EmailVerified(user::EmailVerified) = "user.email_verified" v 1, "user";
        MailRequested(user::MailRequested) = "mail.requested" v 1, "user";
        MailSettled(user::MailSettled) = "mail.settled" v 1, "user";
        ProfileChanged(profile::ProfileChanged) = "user.profile_changed" v 1, "user";
        ErasureRequested(erasure::ErasureRequested) = "user.erasure_requested" v 1, "user";
        ErasureCancelled(erasure::ErasureCancelled) = "user.erasure_cancelled" v 1, "user";
        UserErased(erasure::UserErased) = "user.erased" v 1, "user";
        ErasurePrepared(erasure::ErasurePrepared) = "user.erasure_prepared" v 1, "user";
        ErasureCompleted(erasure::ErasureCompleted) = "user.erasure_completed" v 1, "user";
        RoleChanged(administration::RoleChanged) = "user.role_changed" v 1, "user" about Staff;
        UserSuspended(administration::UserSuspended) = "user.suspended" v 1, "user" about Staff;
        UserReinstated(administration::UserReinstated) = "user.reinstated" v 1, "user" about Staff;
        LogOutForced(administration::LogOutForced) = "user.log_out_forced" v 1, "user" about Staff;
        UserLoggedOut(administration::UserLoggedOut) = "user.logged_out" v 1, "user" about Staff;
        ExportRequested(export::ExportRequested) = "export.requested" v 1, "user";
        ExportCompleted(export::ExportCompleted) = "export.completed" v 1, "user";
        ExportFailed(export::ExportFailed) = "export.failed" v 1, "user";
        WorkoutCompleted(workout::WorkoutCompleted) = "workout.completed" v 1, "workout";
        WorkoutCorrected(workout::WorkoutCorrected) = "workout.corrected" v 1, "workout";
        WorkoutDeleted(workout::WorkoutDeleted) = "workout.deleted" v 1, "workout";
        BodyWeightLogged(workout::BodyWeightLogged) = "body_weight.logged" v 1, "workout";
        CustomExerciseSet(workout::CustomExerciseSet) = "custom_exercise.set" v 1, "workout";
        CustomExerciseArchived(workout::CustomExerciseArchived) = "custom_exercise.archived" v 1, "workout";
        CustomExerciseMerged(workout::CustomExerciseMerged) = "custom_exercise.merged" v 1, "workout";
        ReminderSet(workout::ReminderSet) = "reminder.set" v 1, "workout";
        ReminderCancelled(workout::ReminderCancelled) = "reminder.cancelled" v 1, "workout";
        ReminderDue(workout::ReminderDue) = "reminder.due" v 1, "workout";
        AchievementUnlocked(achievement::AchievementUnlocked) = "achievement.unlocked" v 1, "achievement";
        AchievementRevoked(achievement::AchievementRevoked) = "achievement.revoked" v 1, "achievement";
        RecommendationReady(coach::RecommendationReady) = "recommendation.ready" v 1, "coach";
        RecommendationWithdrawn(coach::RecommendationWithdrawn) = "recommendation.withdrawn" v 1, "coach";
        RecommendationAccepted(coach::RecommendationAccepted) = "recommendation.accepted" v 1, "coach";
        RecommendationDismissed(coach::RecommendationDismissed) = "recommendation.dismissed" v 1, "coach";
        RecommendationSnoozed(coach::RecommendationSnoozed) = "recommendation.snoozed" v 1, "coach";
        RecommendationFollowed(coach::RecommendationFollowed) = "recommendation.followed" v 1, "coach";
        GoalsSet(coach::GoalsSet) = "goals.set" v 1, "coach";
        NotificationCreated(notification::NotificationCreated) = "notification.created" v 1, "notification";
        NotificationRead(notification::NotificationRead) = "notification.read" v 1, "notification";
        AllNotificationsRead(notification::AllNotificationsRead) = "notification.all_read" v 1, "notification";
        NotificationRetracted(notification::NotificationRetracted) = "notification.retracted" v 1, "notification";
        PreferencesChanged(notification::PreferencesChanged) = "notification.preferences_changed" v 1, "notification";
        WorkoutReminderDue(clock::WorkoutReminderDue) = "clock.workout_reminder_due" v 1, "clock";
        ErasureDue(clock::ErasureDue) = "clock.erasure_due" v 1, "clock";
        #[cfg(feature = "testing")]
        Measured(probe::Measured) = "probe.measured" v 3 after [1: probe::MeasuredV1, 2: probe::MeasuredV2], "probe";
        #[cfg(feature = "testing")]
        Gathered(probe::Gathered) = "probe.gathered" v 1, "probe" about Group;
    }
}

impl EventKind {
    /// Whether it stays in the history once whom it is about is erased: any other is removed from it.
    pub const fn outlives_erasure(self) -> bool {
        matches!(self, Self::UserErased | Self::ErasurePrepared | Self::ErasureCompleted)
    }

    /// The fact token of the subject: `completed` in `evt.workout.completed.<user>`, `reminder_set` for `reminder.set`.
    pub fn fact(self) -> String {
        match self.name().split_once('.') {
            Some((prefix, fact)) if prefix == self.service() => fact.to_owned(),
            _ => self.name().replace('.', "_"),
        }
    }
}

#[cfg(all(test, feature = "testing"))]
mod tests;

//! What is known of each command besides its payload: its verb, why it may be declined, what it changes.

#[cfg(feature = "testing")]
use crate::probe;
use crate::{
    RejectionCode, administration, coach, erasure, export, notification,
    rejection::{INVALID_BODY, REVISION_CHANGED},
    user, workout,
};

use super::{Command, CommandKind};

impl CommandKind {
    /// The verb token of the subject: `log` in `cmd.workout.log.<user>`.
    pub fn verb(self) -> &'static str {
        self.name().split_once('.').map_or(self.name(), |(_, verb)| verb)
    }

    /// Why its service may decline it, besides what any command may be declined for.
    pub const fn rejections(self) -> &'static [RejectionCode] {
        match self {
            Self::RegisterUser => &[user::ALREADY_REGISTERED],
            Self::ChangeProfile => &[INVALID_BODY, user::USER_NOT_FOUND, REVISION_CHANGED],
            Self::RequestErasure => &[user::USER_NOT_FOUND],
            Self::CancelErasure => &[erasure::NO_ERASURE],
            Self::LogWorkout => &[INVALID_BODY, workout::UNKNOWN_EXERCISE],
            Self::CorrectWorkout => {
                &[INVALID_BODY, workout::UNKNOWN_EXERCISE, workout::WORKOUT_NOT_FOUND, REVISION_CHANGED]
            }
            Self::DeleteWorkout => &[workout::WORKOUT_NOT_FOUND, REVISION_CHANGED],
            Self::LogBodyWeight => &[INVALID_BODY],
            Self::CreateExercise => {
                &[INVALID_BODY, workout::CUSTOM_EXERCISE_EXISTS, workout::TOO_MANY_CUSTOM_EXERCISES]
            }
            Self::ChangeExercise => {
                &[INVALID_BODY, workout::CUSTOM_EXERCISE_NOT_FOUND, workout::CUSTOM_EXERCISE_EXISTS, REVISION_CHANGED]
            }
            Self::ArchiveExercise => &[workout::CUSTOM_EXERCISE_NOT_FOUND, REVISION_CHANGED],
            Self::MergeExercise => &[
                workout::UNKNOWN_EXERCISE,
                workout::MEASURE_DIFFERS,
                workout::CUSTOM_EXERCISE_NOT_FOUND,
                REVISION_CHANGED,
            ],
            Self::SetReminder => &[workout::INVALID_DUE_AT, workout::TOO_MANY_REMINDERS],
            Self::MoveReminder => {
                &[workout::INVALID_DUE_AT, workout::REMINDER_NOT_FOUND, workout::REMINDER_NOT_ACTIVE, REVISION_CHANGED]
            }
            Self::CancelReminder => &[workout::REMINDER_NOT_FOUND, workout::REMINDER_NOT_ACTIVE, REVISION_CHANGED],
            Self::ReadNotification => &[notification::NOTIFICATION_NOT_FOUND],
            Self::AcceptRecommendation => &coach::ACCEPT_REJECTIONS,
            Self::DismissRecommendation => &coach::DISMISS_REJECTIONS,
            Self::SnoozeRecommendation => &coach::SNOOZE_REJECTIONS,
            Self::SetGoals => &[INVALID_BODY, workout::UNKNOWN_EXERCISE],
            Self::SetPreferences => &[INVALID_BODY],
            Self::ReportMail => &[user::MAIL_NOT_OPEN],
            Self::ChangeRole => &administration::CHANGE_ROLE_REJECTIONS,
            Self::SuspendUser => &administration::SUSPEND_REJECTIONS,
            Self::ReinstateUser | Self::ForceLogOut => &[administration::ROLE_REQUIRED],
            Self::RequestExport => &[user::USER_NOT_FOUND],
            Self::ReportExport => &[export::EXPORT_NOT_OPEN],
            Self::ReportLogOut => &[administration::LOG_OUT_NOT_OPEN],
            Self::RevokeSession
            | Self::ReportSignIn
            | Self::ReportFailedSignIn
            | Self::ReportSecurityChange
            | Self::ReportVerifiedEmail
            | Self::RequestMail
            | Self::ReportTablesErased
            | Self::ReportMessagesErased
            | Self::ReadAllNotifications => &[],
            #[cfg(feature = "testing")]
            Self::Measure => &[probe::WEIGHTLESS],
            #[cfg(feature = "testing")]
            Self::Gather => &[],
        }
    }

    /// Where its payload has the body that HTTP takes, into which the pointers of its violations lead.
    pub const fn body_at(self) -> &'static str {
        match self {
            Self::CorrectWorkout => "/workout",
            Self::ChangeExercise => "/exercise",
            _ => "",
        }
    }

    /// Whether it is about somebody who was erased: any other is declined.
    pub const fn outlives_erasure(self) -> bool {
        matches!(self, Self::ReportTablesErased | Self::ReportMessagesErased)
    }

    /// Whether it changes something that has revisions, and can be sent for one of them.
    pub const fn has_revisions(self) -> bool {
        matches!(
            self,
            Self::ChangeProfile
                | Self::CorrectWorkout
                | Self::DeleteWorkout
                | Self::ChangeExercise
                | Self::ArchiveExercise
                | Self::MergeExercise
                | Self::MoveReminder
                | Self::CancelReminder
        )
    }
}

impl Command {
    /// Has it done only if what it changes has one of these revisions; false if that has none.
    pub fn only_at(&mut self, revisions: Vec<u32>) -> bool {
        let if_revision = match self {
            Self::ChangeProfile(change) => &mut change.if_revision,
            Self::CorrectWorkout(correct) => &mut correct.if_revision,
            Self::DeleteWorkout(delete) => &mut delete.if_revision,
            Self::ChangeExercise(change) => &mut change.if_revision,
            Self::ArchiveExercise(archive) => &mut archive.if_revision,
            Self::MergeExercise(merge) => &mut merge.if_revision,
            Self::MoveReminder(shift) => &mut shift.if_revision,
            Self::CancelReminder(cancel) => &mut cancel.if_revision,
            _ => return false,
        };
        *if_revision = Some(revisions);
        true
    }
}

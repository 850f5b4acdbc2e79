//! Which event is told, and which takes back what was told.

use plyo_events::training::ExerciseSlug;
use plyo_events::{Event, Message, NotificationId, notification::NotificationKind, workout::RecordKind};
use serde_json::Value;
use uuid::Uuid;

/// What an event means to a person.
pub(crate) enum Meaning {
    /// It is told.
    Tell {
        kind: NotificationKind,
        subject: String,
        params: Value,
    },
    /// What was told about this subject does not hold any more.
    Retract {
        subject: String,
    },
    Nothing,
}

/// A record that stands again was told when it was first set.
pub(crate) fn meaning(event: &Event) -> Meaning {
    let params = || serde_json::to_value(event).unwrap_or(Value::Null);
    match event {
        Event::AchievementUnlocked(unlocked) => Meaning::Tell {
            kind: NotificationKind::AchievementUnlocked,
            subject: achievement(&unlocked.code),
            params: params(),
        },
        Event::AchievementRevoked(revoked) => Meaning::Retract { subject: achievement(&revoked.code) },
        Event::RecordSet(record) if !record.reestablished => Meaning::Tell {
            kind: NotificationKind::RecordSet,
            subject: lift(&record.exercise, record.kind, record.mark.workout_id.uuid()),
            params: params(),
        },
        Event::RecordWithdrawn(record) => {
            Meaning::Retract { subject: lift(&record.exercise, record.kind, record.mark.workout_id.uuid()) }
        }
        Event::ReminderDue(due) => Meaning::Tell {
            kind: NotificationKind::WorkoutReminder,
            subject: format!("reminder:{}", due.reminder_id),
            params: params(),
        },
        _ => Meaning::Nothing,
    }
}

/// The id of the notification that an event causes.
pub(crate) fn notification_id(event: &Message<Event>) -> NotificationId {
    NotificationId::derive(event.id, "notification")
}

fn achievement(code: &str) -> String {
    format!("achievement:{code}")
}

fn lift(exercise: &ExerciseSlug, kind: RecordKind, workout: Uuid) -> String {
    format!("record:{}:{kind:?}:{workout}", exercise.as_str())
}

//! Which event is told, and which takes back what was told.

use plyo_events::{
    Event, EventId, Message, NotificationId, WorkoutId,
    notification::{Because, NotificationKind, PreferenceSource},
    training::ExerciseSlug,
    workout::RecordKind,
};

/// What an event means to a person. What was told about its subject before does not hold any more.
#[derive(Debug, PartialEq)]
pub(crate) struct Meaning {
    /// What is told of: `achievement:workouts_10`. At most one notification about a subject stands.
    pub subject: String,
    /// What kind of notification tells it; `None` if it only takes back.
    pub told_as: Option<NotificationKind>,
}

/// `None` for what means nothing: also a record that stands again, for it was told when it was first set.
pub(crate) fn meaning(event: &Event) -> Option<Meaning> {
    let (subject, told_as) = match event {
        Event::AchievementUnlocked(unlocked) => {
            (achievement(&unlocked.code), Some(NotificationKind::AchievementUnlocked))
        }
        Event::AchievementRevoked(revoked) => (achievement(&revoked.code), None),
        Event::RecordSet(record) if !record.reestablished => {
            (record_of(&record.exercise, record.kind, record.mark.workout_id), Some(NotificationKind::RecordSet))
        }
        Event::RecordWithdrawn(record) => (record_of(&record.exercise, record.kind, record.mark.workout_id), None),
        Event::ReminderDue(due) => (format!("reminder:{}", due.reminder_id), Some(NotificationKind::WorkoutReminder)),
        _ => return None,
    };
    Some(Meaning { subject, told_as })
}

/// The id of the notification that an event causes.
pub(crate) fn notification_id(event: &Message<Event>) -> NotificationId {
    NotificationId::derive(event.id, "notification")
}

pub(crate) fn because(event: &Message<Event>, preference: PreferenceSource) -> Because {
    Because { event: EventId::new(event.id), event_type: event.body.kind().name().to_owned(), preference }
}

fn achievement(code: &str) -> String {
    format!("achievement:{code}")
}

/// A workout has at most one mark of each kind per exercise.
fn record_of(exercise: &ExerciseSlug, kind: RecordKind, workout: WorkoutId) -> String {
    let kind = match kind {
        RecordKind::MaxLoad => "max_load",
        RecordKind::EstimatedOneRepMax => "estimated_one_rep_max",
        RecordKind::MaxReps => "max_reps",
    };
    format!("record:{}:{kind}:{workout}", exercise.as_str())
}

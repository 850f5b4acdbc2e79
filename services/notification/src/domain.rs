//! Which event is told, and which takes back what was told.

use std::collections::BTreeMap;

use plyo_events::{
    Event, EventId, Message, NotificationId, WorkoutId,
    achievement::{AchievementRevoked, AchievementUnlocked},
    notification::{Because, NotificationKind, PreferenceSource, RecordsTold},
    training::ExerciseSlug,
    workout::{NewRecord, RecordChanges, RecordKind, WorkoutCompleted, WorkoutCorrected, WorkoutDeleted},
};
use serde::Deserialize;
use serde_json::Value;

/// What an event means to a person: something is to be told about a subject, or is not true any more.
#[derive(Debug, PartialEq)]
pub(crate) struct Meaning {
    /// What is told of: `achievement:workouts_10`. At most one notification about a subject stands.
    pub subject: String,
    pub kind: NotificationKind,
}

/// `None` for what means nothing to anybody.
pub(crate) fn meaning(event: &Event) -> Option<Meaning> {
    if let Some((workout_id, _)) = records_changed(event) {
        return Some(Meaning { subject: format!("records:{workout_id}"), kind: NotificationKind::RecordSet });
    }
    let (subject, kind) = match event {
        Event::AchievementUnlocked(AchievementUnlocked { code, .. })
        | Event::AchievementRevoked(AchievementRevoked { code, .. }) => {
            (format!("achievement:{code}"), NotificationKind::AchievementUnlocked)
        }
        Event::ReminderDue(due) => (format!("reminder:{}", due.reminder_id), NotificationKind::WorkoutReminder),
        _ => return None,
    };
    Some(Meaning { subject, kind })
}

/// What holds of an event's subject now, as the parameters of its notification, when `before` was told. `None` if there
/// is nothing to tell.
pub(crate) fn told(event: &Event, before: Option<&Value>) -> Option<Value> {
    if let Some((workout_id, changes)) = records_changed(event) {
        return records_to_tell(workout_id, records_told(before), changes);
    }
    match event {
        Event::AchievementUnlocked(_) | Event::ReminderDue(_) => serde_json::to_value(event).ok(),
        _ => None,
    }
}

/// The workout that an event is about, and what it does to the records, if it does anything.
fn records_changed(event: &Event) -> Option<(WorkoutId, &RecordChanges)> {
    let (workout_id, records) = match event {
        Event::WorkoutCompleted(WorkoutCompleted { workout_id, records, .. })
        | Event::WorkoutCorrected(WorkoutCorrected { workout_id, records, .. })
        | Event::WorkoutDeleted(WorkoutDeleted { workout_id, records, .. }) => (*workout_id, records),
        _ => return None,
    };
    (!records.is_empty()).then_some((workout_id, records))
}

/// The records of one workout: one each per exercise and kind.
type Records = BTreeMap<(ExerciseSlug, RecordKind), NewRecord>;

fn records_told(before: Option<&Value>) -> Records {
    let told = before.and_then(|params| RecordsTold::deserialize(params).ok());
    let records = told.into_iter().flat_map(|told| told.records);
    records.map(|record| ((record.exercise.clone(), record.kind), record)).collect()
}

fn records_to_tell(workout_id: WorkoutId, mut records: Records, changes: &RecordChanges) -> Option<Value> {
    for withdrawn in &changes.withdrawn {
        records.remove(&(withdrawn.exercise.clone(), withdrawn.kind));
    }
    // One that stands again was told when it was first set.
    let new = changes.set.iter().filter(|record| !record.reestablished).cloned();
    records.extend(new.map(|record| ((record.exercise.clone(), record.kind), record)));
    if records.is_empty() {
        return None;
    }
    serde_json::to_value(RecordsTold { workout_id, records: records.into_values().collect() }).ok()
}

/// The id of the notification that an event causes.
pub(crate) fn notification_id(event: &Message<Event>) -> NotificationId {
    NotificationId::derive(event.id, "notification")
}

pub(crate) fn because(event: &Message<Event>, preference: PreferenceSource) -> Because {
    Because { event: EventId::new(event.id), event_type: event.body.kind().name().to_owned(), preference }
}

//! Which events create notifications, and which retract them.

pub(crate) mod mailbox;
pub(crate) mod rows;
pub(crate) mod state;

use std::collections::BTreeMap;

use plyo_events::{
    Event, EventId, Message, NotificationId, RecommendationId, WorkoutId,
    achievement::{AchievementRevoked, AchievementUnlocked},
    coach::{Recommendation, RecommendationWithdrawn},
    notification::{
        AchievementTold, Because, MarkTold, NotificationKind, PreferenceSource, Preferences, RecommendationTold,
        RecordTold, RecordsTold, ReminderTold, SecurityNews, SecurityTold, Told,
    },
    training::ExerciseSlug,
    user::{SecurityChange, SignedIn},
    workout::{
        Mark, NewRecord, RecordChanges, RecordKind, ReminderDue, Workout, WorkoutCompleted, WorkoutCorrected,
        WorkoutDeleted,
    },
};

/// What an event means to a user: a notification about a subject, or that one no longer holds.
#[derive(Debug, PartialEq)]
pub(crate) struct Meaning {
    /// The subject: `achievement:workouts_10`. It has at most one current notification.
    pub subject: String,
    pub kind: NotificationKind,
}

/// `None` if the event concerns nobody.
pub(crate) fn meaning(event: &Message<Event>) -> Option<Meaning> {
    if let Some((workout_id, _)) = records_changed(&event.body) {
        return Some(Meaning { subject: format!("records:{workout_id}"), kind: NotificationKind::RecordSet });
    }
    let (subject, kind) = match &event.body {
        Event::AchievementUnlocked(AchievementUnlocked { code, .. })
        | Event::AchievementRevoked(AchievementRevoked { code, .. }) => {
            (format!("achievement:{code}"), NotificationKind::AchievementUnlocked)
        }
        Event::ReminderDue(due) => (format!("reminder:{}", due.reminder_id), NotificationKind::WorkoutReminder),
        Event::RecommendationReady(ready) => {
            (recommendation(ready.recommendation.recommendation_id), NotificationKind::Recommendation)
        }
        Event::RecommendationWithdrawn(RecommendationWithdrawn { recommendation_id, .. }) => {
            (recommendation(*recommendation_id), NotificationKind::Recommendation)
        }
        Event::SignedIn(SignedIn { session_id, is_new_device: true, .. }) => {
            (format!("session:{session_id}"), NotificationKind::Security)
        }
        // Each is told by itself.
        Event::SecurityChanged(_) => (format!("security:{}", event.id), NotificationKind::Security),
        _ => return None,
    };
    Some(Meaning { subject, kind })
}

/// The parameters of the notification that now holds for an event's subject, after `before`. `None` if there is none.
pub(crate) fn told(event: &Message<Event>, before: Option<&Told>) -> Option<Told> {
    if let Some((workout_id, changes)) = records_changed(&event.body) {
        let is_back_filled = workout(&event.body).is_some_and(|workout| workout.is_back_filled(event.time));
        return records_to_tell(workout_id, records_told(before), changes, is_back_filled).map(Told::Records);
    }
    match &event.body {
        Event::AchievementUnlocked(AchievementUnlocked { quiet: true, .. }) => None,
        Event::AchievementUnlocked(AchievementUnlocked { code, metric, threshold, value, quiet: false }) => {
            let (code, metric, threshold, value) = (code.clone(), *metric, *threshold, *value);
            Some(Told::Achievement(AchievementTold { code, metric, threshold, value }))
        }
        Event::ReminderDue(ReminderDue { reminder_id, due_at, clock_event }) => {
            let (clock_event, due_at, reminder_id) = (*clock_event, *due_at, *reminder_id);
            Some(Told::Reminder(ReminderTold { clock_event, due_at, reminder_id }))
        }
        // The first sentence; the reasons, and the other recommendations, are in the event.
        Event::RecommendationReady(ready) => {
            let Recommendation { recommendation_id, kind, headline, params, .. } = (*ready.recommendation).clone();
            Some(Told::Recommendation(RecommendationTold { recommendation_id, kind, headline, params }))
        }
        Event::SignedIn(SignedIn { session_id, device, .. }) => {
            let (device, session_id) = (device.clone(), Some(*session_id));
            Some(Told::Security(SecurityTold { device, session_id, what: SecurityNews::NewDevice }))
        }
        Event::SecurityChanged(changed) => {
            Some(Told::Security(SecurityTold { device: None, session_id: None, what: security_news(changed.change) }))
        }
        _ => None,
    }
}

fn recommendation(id: RecommendationId) -> String {
    format!("recommendation:{id}")
}

const fn security_news(change: SecurityChange) -> SecurityNews {
    match change {
        SecurityChange::PasswordChanged => SecurityNews::PasswordChanged,
        SecurityChange::PasswordReset => SecurityNews::PasswordReset,
        SecurityChange::EmailChanged => SecurityNews::EmailChanged,
        SecurityChange::SecondFactorAdded => SecurityNews::SecondFactorAdded,
        SecurityChange::SecondFactorRemoved => SecurityNews::SecondFactorRemoved,
        SecurityChange::RecoveryCodeUsed => SecurityNews::RecoveryCodeUsed,
        SecurityChange::AccessTokenCreated => SecurityNews::AccessTokenCreated,
        SecurityChange::PasskeyAdded => SecurityNews::PasskeyAdded,
        SecurityChange::PasskeyRemoved => SecurityNews::PasskeyRemoved,
        SecurityChange::ProviderLinked => SecurityNews::ProviderLinked,
        SecurityChange::ProviderUnlinked => SecurityNews::ProviderUnlinked,
        SecurityChange::Suspended => SecurityNews::Suspended,
        SecurityChange::Reinstated => SecurityNews::Reinstated,
    }
}

/// The workout that an event is about, and how it changes the records, if it does.
fn records_changed(event: &Event) -> Option<(WorkoutId, &RecordChanges)> {
    let (workout_id, records) = match event {
        Event::WorkoutCompleted(WorkoutCompleted { workout_id, records, .. })
        | Event::WorkoutCorrected(WorkoutCorrected { workout_id, records, .. })
        | Event::WorkoutDeleted(WorkoutDeleted { workout_id, records, .. }) => (*workout_id, records),
        _ => return None,
    };
    (!records.is_empty()).then_some((workout_id, records))
}

/// What a workout is now.
const fn workout(event: &Event) -> Option<&Workout> {
    match event {
        Event::WorkoutCompleted(WorkoutCompleted { workout, .. })
        | Event::WorkoutCorrected(WorkoutCorrected { workout, .. }) => Some(workout),
        _ => None,
    }
}

/// The records of one workout, one per exercise and kind.
type Records = BTreeMap<(ExerciseSlug, RecordKind), RecordTold>;

fn records_told(before: Option<&Told>) -> Records {
    let Some(Told::Records(told)) = before else { return Records::new() };
    told.records.iter().map(|record| ((record.exercise.clone(), record.kind), record.clone())).collect()
}

/// A record is told when it beats another workout's, unless that was written down late or is doubtful. What was told before is
/// kept true.
fn records_to_tell(
    workout_id: WorkoutId,
    told: Records,
    changes: &RecordChanges,
    is_back_filled: bool,
) -> Option<RecordsTold> {
    let mut records = told.clone();
    for withdrawn in &changes.withdrawn {
        records.remove(&(withdrawn.exercise.clone(), withdrawn.kind));
    }
    // A restored record was announced when it was first set.
    for record in changes.set.iter().filter(|record| !record.reestablished) {
        let of = (record.exercise.clone(), record.kind);
        let is_beaten = record.previous.as_ref().is_some_and(|beaten| beaten.workout_id != workout_id);
        if record.doubtful {
            records.remove(&of);
        } else if told.contains_key(&of) || (is_beaten && !is_back_filled) {
            records.insert(of, record_told(record));
        }
    }
    let records: Vec<RecordTold> = records.into_values().collect();
    (!records.is_empty()).then_some(RecordsTold { records, workout_id })
}

fn record_told(record: &NewRecord) -> RecordTold {
    let told = |mark: &Mark| {
        let Mark { workout_id, value, achieved_at } = *mark;
        MarkTold { achieved_at, value, workout_id }
    };
    RecordTold {
        exercise: record.exercise.clone(),
        kind: record.kind,
        mark: told(&record.mark),
        previous: record.previous.as_ref().map(told),
        reestablished: false,
    }
}

/// Every kind with its setting: on by default.
pub(crate) fn complete(chosen: &BTreeMap<NotificationKind, bool>) -> Preferences {
    let setting = |kind| (kind, chosen.get(&kind).copied().unwrap_or(true));
    Preferences { in_app: NotificationKind::ALL.into_iter().map(setting).collect() }
}

/// The id of the notification caused by an event.
pub(crate) fn notification_id(event: &Message<Event>) -> NotificationId {
    NotificationId::derive(event.id, "notification")
}

pub(crate) fn because(event: &Message<Event>, preference: PreferenceSource) -> Because {
    Because { event: EventId::new(event.id), event_type: event.body.kind().name().to_owned(), preference }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_on_until_it_is_chosen_otherwise() {
        let chosen = BTreeMap::from([(NotificationKind::RecordSet, false)]);
        let on = complete(&chosen).in_app.into_iter().filter(|(_, on)| *on).map(|(kind, _)| kind);
        let kinds = [
            NotificationKind::AchievementUnlocked,
            NotificationKind::WorkoutReminder,
            NotificationKind::Recommendation,
        ];
        assert_eq!(on.collect::<Vec<_>>(), kinds);
    }
}

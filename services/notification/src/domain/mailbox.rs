//! Decisions about a user's notifications.

use plyo_events::{
    Event, Message, NotificationId, Output, Rejection, UserId, Violation,
    notification::{
        AllNotificationsRead, NOTIFICATION_NOT_FOUND, NotificationCounts, NotificationCreated, NotificationKind,
        NotificationRead, NotificationRetracted, PreferencesChanged, SetPreferences,
    },
};

use super::{
    Meaning, because, complete, meaning, notification_id,
    state::{State, is_unread},
    told,
};

/// Reads one.
pub(crate) fn read(state: &State, user: UserId, notification: NotificationId) -> Result<Output, Rejection> {
    let mailbox = state.mailbox(user);
    let counts = |unread: u64| NotificationCounts { total: mailbox.last_number, unread };
    let row = state.notifications.get(&(user, notification));
    let row = row.ok_or(NOTIFICATION_NOT_FOUND)?;
    if !is_unread(row, &mailbox) {
        return Ok(Output::nothing().reply(counts(mailbox.unread)));
    }
    let event = NotificationRead { notification_id: row.notification_id };
    Ok(Output::nothing().event(event).reply(counts(mailbox.unread.saturating_sub(1))))
}

/// Reads all there are.
pub(crate) fn read_all(state: &State, user: UserId) -> Output {
    let mailbox = state.mailbox(user);
    let output = Output::nothing().reply(NotificationCounts { total: mailbox.last_number, unread: 0 });
    if mailbox.unread == 0 { output } else { output.event(AllNotificationsRead { through: mailbox.last_number }) }
}

/// Kinds that are not listed keep their setting.
pub(crate) fn set_preferences(state: &State, user: UserId, set: &SetPreferences) -> Result<Output, Rejection> {
    if set.in_app.get(&NotificationKind::Security) == Some(&false) {
        let detail = "notifications about the safety of an account cannot be turned off".to_owned();
        return Err(Rejection::violations(vec![Violation { pointer: "/in_app/security".to_owned(), detail }]));
    }
    let before = state.preferences.get(&(user,)).map(|row| row.in_app.clone()).unwrap_or_default();
    let mut in_app = before.clone();
    in_app.extend(set.in_app.iter().filter(|(kind, _)| **kind != NotificationKind::Security));
    let output = Output::nothing().reply(complete(&in_app));
    Ok(if in_app == before { output } else { output.event(PreferencesChanged { in_app }) })
}

/// A subject has at most one current notification, and it is true: the previous one is retracted, whatever the preference,
/// when an achievement or record is lost or a correction improves the workout's own records.
pub(crate) fn tell(state: &State, event: &Message<Event>) -> Output {
    let user = event.user();
    let Some(Meaning { subject, kind }) = meaning(event) else { return Output::nothing() };
    let before = state.told_about(user, &subject);
    let now = told(event, before.map(|row| &row.params));
    if before.map(|row| &row.params) == now.as_ref() {
        return Output::nothing();
    }
    let output = Output::nothing().events(before.map(|row| {
        Event::from(NotificationRetracted {
            notification_id: row.notification_id,
            because: because(event, row.because.preference),
        })
    }));
    let (is_wanted, preference) = state.preference(user, kind);
    let Some(params) = now.filter(|_| is_wanted) else { return output };
    output.event(NotificationCreated {
        notification_id: notification_id(event),
        number: state.mailbox(user).last_number + 1,
        kind,
        subject,
        because: because(event, preference),
        params,
    })
}

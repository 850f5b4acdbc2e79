//! The write side of notifications.

use plyo_events::{Command, Event, EventKind, Message, Output, Rejection, rejection::UNKNOWN_COMMAND};
use plyo_nats::{Incoming, Reactor};

use crate::domain::{self, Meaning, mailbox, state::State};

#[derive(Clone, Debug)]
pub(crate) struct Notifications;

impl Reactor for Notifications {
    const NAME: &'static str = "notification";
    /// `reminder.due`, not the clock's own event: only the owner of a reminder knows whether it is still set.
    const READS: &'static [EventKind] = &[
        EventKind::AchievementUnlocked,
        EventKind::AchievementRevoked,
        EventKind::WorkoutCompleted,
        EventKind::WorkoutCorrected,
        EventKind::WorkoutDeleted,
        EventKind::ReminderDue,
        EventKind::RecommendationReady,
        EventKind::RecommendationWithdrawn,
        EventKind::SignedIn,
        EventKind::SecurityChanged,
    ];
    type State = State;

    fn needs(&self, message: Incoming<'_>, state: &mut State) {
        match message {
            Incoming::Command(command) => {
                let user = command.user();
                match &command.body {
                    Command::ReadNotification(read) => state.notifications.want((user, read.notification_id)),
                    Command::ReadAllNotifications(_) => {}
                    Command::SetPreferences(_) => state.preferences.want((user,)),
                    _ => return,
                }
                state.mailboxes.want((user,));
            }
            Incoming::Event(event) => {
                let user = event.user();
                match &event.body {
                    Event::PreferencesChanged(_) => return,
                    // Own events, in a replay.
                    Event::NotificationCreated(_) | Event::AllNotificationsRead(_) => {}
                    Event::NotificationRead(read) => state.notifications.want((user, read.notification_id)),
                    Event::NotificationRetracted(it) => state.notifications.want((user, it.notification_id)),
                    _ => {
                        let Some(Meaning { subject, .. }) = domain::meaning(event) else { return };
                        state.preferences.want((user,));
                        let told = (user, subject);
                        if let Some(row) = state.told.peek(&told) {
                            state.notifications.want((user, row.notification_id));
                        }
                        state.told.want(told);
                    }
                }
                state.mailboxes.want((user,));
            }
        }
    }

    fn decide(&self, state: &State, command: &Message<Command>) -> Result<Output, Rejection> {
        let user = command.user();
        match &command.body {
            Command::ReadNotification(read) => mailbox::read(state, user, read.notification_id),
            Command::ReadAllNotifications(_) => Ok(mailbox::read_all(state, user)),
            Command::SetPreferences(set) => mailbox::set_preferences(state, user, set),
            _ => Err(UNKNOWN_COMMAND.into()),
        }
    }

    fn react(&self, state: &State, event: &Message<Event>) -> Output {
        mailbox::tell(state, event)
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        state.evolve(event);
    }
}

#[cfg(test)]
mod tests;

//! The write side of the notifications.

use plyo_events::{
    Command, Emit, Event, EventKind, Message, NotificationId, Reject, UserId,
    notification::{
        AllNotificationsRead, NotificationCounts, NotificationCreated, NotificationKind, NotificationRead,
        NotificationRetracted, PreferenceSource, PreferencesChanged,
    },
};
use plyo_nats::{Incoming, Reactor, Rows, Table, Tables};

use crate::{
    domain::{self, Meaning},
    queries::complete,
    store::{MailboxRow, NotificationRow, PreferenceRow, ToldRow},
};

#[cfg(test)]
mod tests;

#[derive(Clone, Debug)]
pub(crate) struct Notifications;

#[derive(Default)]
pub(crate) struct State {
    mailboxes: Rows<MailboxRow>,
    notifications: Rows<NotificationRow>,
    told: Rows<ToldRow>,
    preferences: Rows<PreferenceRow>,
}

impl Tables for State {
    fn tables(&mut self) -> Vec<&mut dyn Table> {
        let Self { mailboxes, notifications, told, preferences } = self;
        vec![mailboxes, notifications, told, preferences]
    }
}

impl Reactor for Notifications {
    const NAME: &'static str = "notification";
    /// `reminder.due` and not the clock's own event: only the owner of a reminder knows whether it still stands.
    const READS: &'static [EventKind] = &[
        EventKind::AchievementUnlocked,
        EventKind::AchievementRevoked,
        EventKind::WorkoutCompleted,
        EventKind::WorkoutCorrected,
        EventKind::WorkoutDeleted,
        EventKind::ReminderDue,
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
                    body => {
                        let Some(Meaning { subject, .. }) = domain::meaning(body) else { return };
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

    fn decide(&self, state: &State, command: &Message<Command>) -> Result<Emit, Reject> {
        let mailbox = state.mailbox(command.user());
        let counts = |unread: u64| NotificationCounts { total: mailbox.last_number, unread };
        match &command.body {
            Command::ReadNotification(read) => {
                let row = state.notifications.get(&(command.user(), read.notification_id));
                let row =
                    row.ok_or_else(|| Reject::not_found("notification_not_found", "there is no such notification"))?;
                if !is_unread(row, &mailbox) {
                    return Ok(Emit::nothing().reply(counts(mailbox.unread)));
                }
                let event = NotificationRead { notification_id: row.notification_id };
                Ok(Emit::nothing().event(event).reply(counts(mailbox.unread.saturating_sub(1))))
            }
            Command::ReadAllNotifications(_) if mailbox.unread == 0 => Ok(Emit::nothing().reply(counts(0))),
            Command::ReadAllNotifications(_) => {
                Ok(Emit::nothing().event(AllNotificationsRead { through: mailbox.last_number }).reply(counts(0)))
            }
            Command::SetPreferences(set) => {
                let before =
                    state.preferences.get(&(command.user(),)).map(|row| row.in_app.clone()).unwrap_or_default();
                let mut in_app = before.clone();
                in_app.extend(&set.in_app);
                let emit = Emit::nothing().reply(complete(&in_app));
                Ok(if in_app == before { emit } else { emit.event(PreferencesChanged { in_app }) })
            }
            _ => Err(Reject::invalid("unknown_command", "the notification service has no such command")),
        }
    }

    /// At most one notification about a subject stands, and it says what holds: what was told before is retracted, whatever
    /// the preference, when an achievement or a record fell or a correction of a workout betters its own records.
    fn react(&self, state: &State, event: &Message<Event>) -> Emit {
        let user = event.user();
        let Some(Meaning { subject, kind }) = domain::meaning(&event.body) else { return Emit::nothing() };
        let before = state.told_about(user, &subject);
        let now = domain::told(&event.body, before.map(|row| &row.params));
        if before.map(|row| &row.params) == now.as_ref() {
            return Emit::nothing();
        }
        let emit = Emit::nothing().events(before.map(|row| {
            Event::from(NotificationRetracted {
                notification_id: row.notification_id,
                because: domain::because(event, row.because.preference),
            })
        }));
        let (is_wanted, preference) = state.preference(user, kind);
        let Some(params) = now.filter(|_| is_wanted) else { return emit };
        emit.event(NotificationCreated {
            notification_id: domain::notification_id(event),
            number: state.mailbox(user).last_number + 1,
            kind,
            subject,
            because: domain::because(event, preference),
            params,
        })
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        let user = event.user();
        if let Event::PreferencesChanged(changed) = &event.body {
            state.preferences.put(PreferenceRow { user_id: user, in_app: changed.in_app.clone() });
            return;
        }
        if event.body.kind().service() != Self::NAME {
            return;
        }
        let mut mailbox = state.mailbox(user);
        match &event.body {
            Event::NotificationCreated(created) => {
                mailbox.last_number = created.number;
                mailbox.unread += 1;
                state.told.put(ToldRow {
                    user_id: user,
                    subject: created.subject.clone(),
                    notification_id: created.notification_id,
                });
                state.notifications.put(row(event, created));
            }
            Event::NotificationRead(read) => state.change(&mut mailbox, read.notification_id, |row| row.read = true),
            Event::NotificationRetracted(retracted) => {
                state.change(&mut mailbox, retracted.notification_id, |row| row.retracted = true);
                if let Some(row) = state.notifications.get(&(user, retracted.notification_id)) {
                    state.told.remove(&(user, row.subject.clone()));
                }
            }
            Event::AllNotificationsRead(all) => {
                mailbox.read_through = all.through;
                mailbox.unread = 0;
            }
            _ => return,
        }
        state.mailboxes.put(mailbox);
    }
}

impl State {
    fn mailbox(&self, user_id: UserId) -> MailboxRow {
        self.mailboxes.get(&(user_id,)).cloned().unwrap_or(MailboxRow {
            user_id,
            last_number: 0,
            read_through: 0,
            unread: 0,
        })
    }

    /// Whether a kind is wanted, and whether that was chosen or is the default.
    fn preference(&self, user: UserId, kind: NotificationKind) -> (bool, PreferenceSource) {
        match self.preferences.get(&(user,)).and_then(|row| row.in_app.get(&kind)) {
            Some(is_wanted) => (*is_wanted, PreferenceSource::Chosen),
            None => (true, PreferenceSource::Default),
        }
    }

    /// The notification about a subject that stands.
    fn told_about(&self, user: UserId, subject: &str) -> Option<&NotificationRow> {
        let told = self.told.get(&(user, subject.to_owned()))?;
        self.notifications.get(&(user, told.notification_id))
    }

    /// Changes a notification; one that was unread and is so no longer is counted off.
    fn change(&mut self, mailbox: &mut MailboxRow, id: NotificationId, change: impl Fn(&mut NotificationRow)) {
        let Some(mut row) = self.notifications.get(&(mailbox.user_id, id)).cloned() else { return };
        let was_unread = is_unread(&row, mailbox);
        change(&mut row);
        if was_unread && !is_unread(&row, mailbox) {
            mailbox.unread = mailbox.unread.saturating_sub(1);
        }
        self.notifications.put(row);
    }
}

fn is_unread(row: &NotificationRow, mailbox: &MailboxRow) -> bool {
    !row.read && !row.retracted && row.number > mailbox.read_through
}

fn row(event: &Message<Event>, created: &NotificationCreated) -> NotificationRow {
    NotificationRow {
        user_id: event.user(),
        notification_id: created.notification_id,
        number: created.number,
        kind: created.kind,
        subject: created.subject.clone(),
        read: false,
        retracted: false,
        created_at: event.stored_time(),
        because: created.because.clone(),
        params: created.params.clone(),
    }
}

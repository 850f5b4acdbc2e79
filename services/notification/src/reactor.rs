//! The write side of the notifications.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::Timestamp;
use plyo_events::{
    Command, Emit, Event, EventKind, Message, NotificationId, Reject, UserId,
    notification::{
        AllNotificationsRead, NotificationCounts, NotificationCreated, NotificationKind, NotificationRead,
        NotificationRetracted, PreferenceSource, PreferencesChanged,
    },
};
use plyo_nats::{Batch, Load, Reactor, Rows, Save};
use sqlx::PgConnection;

use crate::{
    domain::{self, Meaning},
    queries::complete,
    store::{self, MailboxRow, NotificationRow, PreferenceRow},
};

#[cfg(test)]
mod tests;

pub(crate) struct Notifications;

#[derive(Default)]
pub(crate) struct State {
    mailboxes: Rows<MailboxRow>,
    notifications: Rows<NotificationRow>,
    preferences: Rows<PreferenceRow>,
}

impl Reactor for Notifications {
    const NAME: &'static str = "notification";
    /// `reminder.due` and not the clock's own event: only the owner of a reminder knows whether it still stands.
    const READS: &'static [EventKind] = &[
        EventKind::AchievementUnlocked,
        EventKind::AchievementRevoked,
        EventKind::RecordSet,
        EventKind::RecordWithdrawn,
        EventKind::ReminderDue,
    ];
    const TABLES: &'static [&'static str] = store::TABLES;
    type State = State;

    async fn load(&self, db: &mut PgConnection, batch: &Batch) -> Result<State> {
        let users: Vec<_> = batch.users().into_iter().map(|user| (user,)).collect();
        let mut load = Load::default();
        let mailboxes = load.rows(users.iter().copied())?;
        let notifications = store::notifications(&mut load, &named(batch), &subjects(batch));
        let preferences = load.rows(users)?;
        let mut loaded = load.run(db).await?;
        Ok(State {
            mailboxes: loaded.rows(mailboxes)?,
            notifications: loaded.rows(notifications)?,
            preferences: loaded.rows(preferences)?,
        })
    }

    fn decide(&self, state: &State, command: &Message<Command>) -> Result<Emit, Reject> {
        let mailbox = state.mailbox(command.user);
        let counts = |unread: u64| NotificationCounts { total: mailbox.last_number, unread };
        match &command.body {
            Command::ReadNotification(read) => {
                let row = state.notifications.get(&(command.user, read.notification_id));
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
                let before = state.preferences.get(&(command.user,)).map(|row| row.in_app.clone()).unwrap_or_default();
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
        let user = event.user;
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
        let user = event.user;
        let mut mailbox = state.mailbox(user);
        match &event.body {
            Event::NotificationCreated(created) => {
                mailbox.last_number = created.number;
                mailbox.unread += 1;
                state.notifications.put(row(event, created));
            }
            Event::NotificationRead(read) => state.change(&mut mailbox, read.notification_id, |row| row.read = true),
            Event::NotificationRetracted(retracted) => {
                state.change(&mut mailbox, retracted.notification_id, |row| row.retracted = true);
            }
            Event::AllNotificationsRead(all) => {
                mailbox.read_through = all.through;
                mailbox.unread = 0;
            }
            Event::PreferencesChanged(changed) => {
                state.preferences.put(PreferenceRow { user_id: user, in_app: changed.in_app.clone() });
                return;
            }
            _ => return,
        }
        state.mailboxes.put(mailbox);
    }

    async fn save(&self, db: &mut PgConnection, state: State) -> Result<()> {
        let mut save = Save::default();
        save.rows(state.mailboxes)?;
        save.rows(state.notifications)?;
        save.rows(state.preferences)?;
        save.run(db).await
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
        self.notifications.iter().find(|row| row.user_id == user && row.subject == subject && !row.retracted)
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
        user_id: event.user,
        notification_id: created.notification_id,
        number: created.number,
        kind: created.kind,
        subject: created.subject.clone(),
        read: false,
        retracted: false,
        // Postgres keeps microseconds: the fold must not know more.
        created_at: Timestamp::from_microsecond(event.time.as_microsecond()).unwrap_or(event.time),
        because: created.because.clone(),
        params: created.params.clone(),
    }
}

/// The notifications that the batch reads or changes by id.
fn named(batch: &Batch) -> BTreeSet<(UserId, NotificationId)> {
    let read = batch.commands().filter_map(|command| match &command.body {
        Command::ReadNotification(read) => Some((command.user, read.notification_id)),
        _ => None,
    });
    let changed = batch.events().filter_map(|event| match &event.body {
        Event::NotificationRead(read) => Some((event.user, read.notification_id)),
        Event::NotificationRetracted(retracted) => Some((event.user, retracted.notification_id)),
        _ => None,
    });
    read.chain(changed).collect()
}

/// What the batch tells anew or takes back.
fn subjects(batch: &Batch) -> BTreeSet<(UserId, String)> {
    let subject = |event: &Message<Event>| Some((event.user, domain::meaning(&event.body)?.subject));
    batch.events().filter_map(subject).collect()
}

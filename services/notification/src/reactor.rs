//! The write side of the notifications.

use anyhow::Result;
use jiff::Timestamp;
use plyo_events::{
    Command, Emit, Event, EventId, EventKind, Message, NotificationId, Reject, UserId,
    notification::{
        AllNotificationsRead, Because, NotificationCounts, NotificationCreated, NotificationKind, NotificationRead,
        NotificationRetracted, PreferenceSource, PreferencesChanged,
    },
};
use plyo_nats::{Batch, Reactor, Rows};
use sqlx::PgConnection;

use crate::{
    domain::{self, Meaning},
    queries::complete,
    store::{self, MailboxRow, NotificationRow, PreferenceRow},
};

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
        let (ids, subjects) = touched(batch);
        Ok(State {
            mailboxes: Rows::load(&mut *db, users.iter().copied()).await?,
            notifications: store::notifications(&mut *db, &ids, &subjects).await?,
            preferences: Rows::load(db, users).await?,
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
                let reply = complete(&in_app);
                let emit = if in_app == before {
                    Emit::nothing()
                } else {
                    Emit::nothing().event(PreferencesChanged { in_app })
                };
                Ok(emit.reply(reply))
            }
            _ => Err(Reject::invalid("unknown_command", "the notification service has no such command")),
        }
    }

    fn react(&self, state: &State, event: &Message<Event>) -> Emit {
        match domain::meaning(&event.body) {
            Meaning::Tell { kind, subject, params } => {
                let (wanted, preference) = state.preference(event.user, kind);
                if !wanted {
                    return Emit::nothing();
                }
                let notification_id = domain::notification_id(event);
                let number = state.mailbox(event.user).last_number + 1;
                let because = because(event, preference);
                Emit::nothing().event(NotificationCreated { notification_id, number, kind, subject, because, params })
            }
            Meaning::Retract { subject } => match state.latest_about(event.user, &subject) {
                Some(row) => Emit::nothing().event(NotificationRetracted {
                    notification_id: row.notification_id,
                    because: because(event, row.because.preference),
                }),
                None => Emit::nothing(),
            },
            Meaning::Nothing => Emit::nothing(),
        }
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
        state.mailboxes.save(&mut *db).await?;
        state.notifications.save(&mut *db).await?;
        state.preferences.save(db).await
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

    /// Whether a kind is wanted, and whether that was chosen.
    fn preference(&self, user: UserId, kind: NotificationKind) -> (bool, PreferenceSource) {
        match self.preferences.get(&(user,)).and_then(|row| row.in_app.get(&kind)) {
            Some(wanted) => (*wanted, PreferenceSource::Chosen),
            None => (true, PreferenceSource::Default),
        }
    }

    fn latest_about(&self, user: UserId, subject: &str) -> Option<&NotificationRow> {
        let about = |row: &&NotificationRow| row.user_id == user && row.subject == subject && !row.retracted;
        self.notifications.iter().filter(about).max_by_key(|row| row.number)
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

fn because(event: &Message<Event>, preference: PreferenceSource) -> Because {
    Because { event: EventId::new(event.id), event_type: event.body.kind().name().to_owned(), preference }
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
        created_at: Timestamp::from_microsecond(event.time.as_microsecond()).unwrap_or(event.time),
        because: created.because.clone(),
        params: created.params.clone(),
    }
}

/// The notifications that the batch changes, by id or by what they tell of.
fn touched(batch: &Batch) -> (Vec<(UserId, NotificationId)>, Vec<(UserId, String)>) {
    let read = batch.commands().filter_map(|command| match &command.body {
        Command::ReadNotification(read) => Some((command.user, read.notification_id)),
        _ => None,
    });
    let changed = batch.events().filter_map(|event| match &event.body {
        Event::NotificationRead(read) => Some((event.user, read.notification_id)),
        Event::NotificationRetracted(retracted) => Some((event.user, retracted.notification_id)),
        _ => None,
    });
    let retracted = batch.events().filter_map(|event| match domain::meaning(&event.body) {
        Meaning::Retract { subject } => Some((event.user, subject)),
        _ => None,
    });
    (read.chain(changed).collect(), retracted.collect())
}

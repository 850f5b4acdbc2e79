//! The state that decisions read, and the fold that changes it.

use plyo_events::{
    Event, Message, NotificationId, UserId,
    notification::{NotificationCreated, NotificationKind, PreferenceSource},
};
use plyo_nats::{Rows, Table, Tables};

use super::rows::{MailboxRow, NotificationRow, PreferenceRow, ToldRow};

#[derive(Default)]
pub(crate) struct State {
    pub mailboxes: Rows<MailboxRow>,
    pub notifications: Rows<NotificationRow>,
    pub told: Rows<ToldRow>,
    pub preferences: Rows<PreferenceRow>,
}

impl Tables for State {
    fn tables(&mut self) -> Vec<&mut dyn Table> {
        let Self { mailboxes, notifications, told, preferences } = self;
        vec![mailboxes, notifications, told, preferences]
    }
}

impl State {
    /// The only way it changes.
    pub(crate) fn evolve(&mut self, event: &Message<Event>) {
        let user = event.user();
        if let Event::PreferencesChanged(changed) = &event.body {
            self.preferences.put(PreferenceRow { user_id: user, in_app: changed.in_app.clone() });
            return;
        }
        if event.body.kind().service() != "notification" {
            return;
        }
        let mut mailbox = self.mailbox(user);
        match &event.body {
            Event::NotificationCreated(created) => {
                mailbox.last_number = created.number;
                mailbox.unread += 1;
                self.told.put(ToldRow {
                    user_id: user,
                    subject: created.subject.clone(),
                    notification_id: created.notification_id,
                });
                self.notifications.put(row(event, created));
            }
            Event::NotificationRead(read) => self.change(&mut mailbox, read.notification_id, |row| row.read = true),
            Event::NotificationRetracted(retracted) => {
                self.change(&mut mailbox, retracted.notification_id, |row| row.retracted = true);
                if let Some(row) = self.notifications.get(&(user, retracted.notification_id)) {
                    self.told.remove(&(user, row.subject.clone()));
                }
            }
            Event::AllNotificationsRead(all) => {
                mailbox.read_through = all.through;
                mailbox.unread = 0;
            }
            _ => return,
        }
        self.mailboxes.put(mailbox);
    }

    pub(crate) fn mailbox(&self, user_id: UserId) -> MailboxRow {
        self.mailboxes.get(&(user_id,)).cloned().unwrap_or(MailboxRow {
            user_id,
            last_number: 0,
            read_through: 0,
            unread: 0,
        })
    }

    /// Whether a kind is on, and whether that was chosen or is the default.
    pub(crate) fn preference(&self, user: UserId, kind: NotificationKind) -> (bool, PreferenceSource) {
        match self.preferences.get(&(user,)).and_then(|row| row.in_app.get(&kind)) {
            Some(is_wanted) => (*is_wanted, PreferenceSource::Chosen),
            None => (true, PreferenceSource::Default),
        }
    }

    /// The current notification about a subject.
    pub(crate) fn told_about(&self, user: UserId, subject: &str) -> Option<&NotificationRow> {
        let told = self.told.get(&(user, subject.to_owned()))?;
        self.notifications.get(&(user, told.notification_id))
    }

    /// Changes a notification; if it is no longer unread, decrements the count.
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

pub(crate) fn is_unread(row: &NotificationRow, mailbox: &MailboxRow) -> bool {
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

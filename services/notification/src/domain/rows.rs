//! The rows of notifications.

use std::collections::BTreeMap;

use jiff::Timestamp;
use plyo_events::{
    NotificationId, UserId,
    notification::{Because, NotificationKind, Told},
};
use plyo_nats::row;

row! {
    /// Numbers run 1, 2, 3 … per user. Notifications with numbers up to `read_through` count as read.
    pub(crate) struct MailboxRow: "mailbox" {
        [user_id: UserId]
        last_number: u64,
        read_through: u64,
        unread: u64,
    }
}

row! {
    pub(crate) struct NotificationRow: "notification" (forgotten) {
        [user_id: UserId, notification_id: NotificationId]
        number: u64,
        kind: NotificationKind as text,
        subject: String,
        read: bool,
        retracted: bool,
        created_at: Timestamp,
        because: Because as packed,
        params: Told as packed,
    }
}

row! {
    /// The current notification about a subject. Most subjects have only one ever.
    pub(crate) struct ToldRow: "told" (forgotten) {
        [user_id: UserId, subject: String]
        notification_id: NotificationId,
    }
}

row! {
    pub(crate) struct PreferenceRow: "preference" {
        [user_id: UserId]
        in_app: BTreeMap<NotificationKind, bool> as packed,
    }
}

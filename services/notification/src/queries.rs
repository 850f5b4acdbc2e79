//! Answers about notifications.

use std::collections::BTreeMap;

use plyo_events::{
    Reject,
    notification::{
        CountNotifications, GetPreferences, ListNotifications, NotificationCounts, NotificationKind, NotificationView,
        Preferences,
    },
    query::Page,
};
use plyo_nats::{Context, QueryError};

use crate::store;

pub(crate) async fn list(context: Context, query: ListNotifications) -> Result<Page<NotificationView>, QueryError> {
    let before = query.cursor.as_deref().map(read_cursor).transpose()?;
    let limit = query.limit.clamp(1, 100);
    let mut items = store::list(&context.pool, query.user, query.unread_only, before, limit + 1).await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| more).map(|last| format!("{:016x}", last.number));
    Ok(Page { items, next_cursor })
}

pub(crate) async fn counts(context: Context, query: CountNotifications) -> Result<NotificationCounts, QueryError> {
    Ok(store::counts(&context.pool, query.user).await?)
}

pub(crate) async fn preferences(context: Context, query: GetPreferences) -> Result<Preferences, QueryError> {
    Ok(complete(&store::preferences(&context.pool, query.user).await?))
}

/// Every kind with its setting: on, unless it was chosen otherwise.
pub(crate) fn complete(chosen: &BTreeMap<NotificationKind, bool>) -> Preferences {
    Preferences {
        in_app: NotificationKind::ALL
            .into_iter()
            .map(|kind| (kind, chosen.get(&kind).copied().unwrap_or(true)))
            .collect(),
    }
}

/// The number of the last notification shown, in hexadecimal.
fn read_cursor(text: &str) -> Result<u64, Reject> {
    let number = u64::from_str_radix(text, 16).ok().filter(|number| text.len() == 16 && i64::try_from(*number).is_ok());
    number.ok_or_else(|| Reject::invalid("invalid_cursor", "this cursor was not issued here; begin without one"))
}

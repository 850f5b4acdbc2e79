//! Queries about notifications.

use plyo_events::{
    Rejection,
    notification::{
        CountNotifications, GetPreferences, ListNotifications, NotificationCounts, NotificationView, Preferences,
    },
    query::Page,
    rejection::INVALID_CURSOR,
};
use plyo_nats::{Context, QueryError};

use crate::{domain, store};

pub(crate) async fn list(context: Context, query: ListNotifications) -> Result<Page<NotificationView>, QueryError> {
    let before = query.cursor.as_deref().map(read_cursor).transpose()?;
    let limit = query.limit.clamp(1, 100);
    let mut items = store::list(&context.pool, query.user, query.unread_only, before, limit + 1).await?;
    let more = items.len() > limit as usize;
    items.truncate(limit as usize);
    let next_cursor = items.last().filter(|_| more).map(|last| write_cursor(last.number));
    Ok(Page { items, next_cursor })
}

pub(crate) async fn counts(context: Context, query: CountNotifications) -> Result<NotificationCounts, QueryError> {
    Ok(store::counts(&context.pool, query.user).await?)
}

pub(crate) async fn preferences(context: Context, query: GetPreferences) -> Result<Preferences, QueryError> {
    Ok(domain::complete(&store::preferences(&context.pool, query.user).await?))
}

/// The start of the next page: the number of the last notification shown.
fn write_cursor(number: u64) -> String {
    format!("{number:016x}")
}

fn read_cursor(text: &str) -> Result<u64, Rejection> {
    let number = u64::from_str_radix(text, 16).ok().filter(|number| {
        // Rejects signs, capitals and numbers too large for Postgres, which can be parsed too.
        write_cursor(*number) == text && i64::try_from(*number).is_ok()
    });
    number.ok_or_else(|| INVALID_CURSOR.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_as_it_was_written_and_a_forged_one_is_refused() {
        for number in [1, 42, i64::MAX.cast_unsigned()] {
            assert_eq!(read_cursor(&write_cursor(number)), Ok(number));
        }
        for forged in ["", "1", "é000000000000000", "+00000000000000f", "000000000000000F", "ffffffffffffffff"] {
            assert_eq!(read_cursor(forged).unwrap_err().code, "invalid_cursor", "{forged}");
        }
    }
}

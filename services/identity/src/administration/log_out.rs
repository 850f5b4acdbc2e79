//! Ending every session and access token of an account, as an event asks for it.

use std::time::Duration;

use anyhow::Result;
use plyo_events::{
    CommandKind, Event, EventId, EventKind, Message, SessionId, UserId,
    administration::{LogOutForced, ReportLogOut, UserSuspended},
};
use plyo_nats::{Effect, Performed};

use super::store;
use crate::Credentials;

/// Does what `user.suspended` and `user.log_out_forced` ask for.
pub(crate) struct EndSessionsOf(pub Option<Credentials>);

/// When it is tried again.
const LATER: Duration = Duration::from_secs(1);

impl Effect for EndSessionsOf {
    const NAME: &'static str = "log_out";
    const PERFORMS: &'static [EventKind] = &[EventKind::UserSuspended, EventKind::LogOutForced];
    const REPORTS: &'static [CommandKind] = &[CommandKind::ReportLogOut];

    async fn perform(&self, event: &Message<Event>, _: u32) -> Performed {
        let (Event::UserSuspended(UserSuspended { user_id, .. }) | Event::LogOutForced(LogOutForced { user_id, .. })) =
            event.body
        else {
            return Performed::RetryAfter(LATER);
        };
        match self.end(user_id).await {
            Ok(Some(session_ids)) => {
                Performed::Done(ReportLogOut { user_id, act_id: EventId::new(event.id), session_ids }.into())
            }
            Ok(None) => Performed::RetryAfter(LATER),
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "sessions are ended later");
                Performed::RetryAfter(LATER)
            }
        }
    }
}

impl EndSessionsOf {
    /// Also those that an attempt before this one has ended without saying so.
    async fn end(&self, user: UserId) -> Result<Option<Vec<SessionId>>> {
        let Some(Credentials { pool, .. }) = &self.0 else { return Ok(None) };
        store::end_all(pool, user).await?;
        Ok(Some(store::untold_ends(pool, user).await?))
    }
}

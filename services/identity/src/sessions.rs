//! Where somebody is logged in: the list, and its end one by one or all at once.

mod store;

use plyo_events::user::{EndSessions, ListSessions, SESSION_NOT_FOUND, SessionView, SessionsEnded, WhichSessions};
use plyo_nats::{Context, QueryError, RequestContext};

use crate::{Desk, outbox};

/// For who exports them.
pub(crate) use self::store::list as of;

pub(crate) async fn list(desk: Desk, _: Context, query: ListSessions) -> Result<Vec<SessionView>, QueryError> {
    Ok(store::list(&desk.credentials.pool, query.user, query.current).await?)
}

pub(crate) async fn end(desk: Desk, context: RequestContext, query: EndSessions) -> Result<SessionsEnded, QueryError> {
    let pool = &desk.credentials.pool;
    let ended = store::end(pool, query.user, query.which).await?;
    // One that has ended may still be untold of.
    outbox::send(pool, &context.commands, query.user).await?;
    match query.which {
        WhichSessions::One(session) if ended == 0 && !store::exists(pool, query.user, session).await? => {
            Err(SESSION_NOT_FOUND.into())
        }
        _ => Ok(SessionsEnded { ended }),
    }
}

//! What administration needs of credentials: whether a second factor was shown lately, handles, and the end of every session.

mod log_out;
mod store;

use plyo_events::{
    Rejection, UserId,
    administration::{
        Account, AccountView, GetAccount, GetStanding, ListAccounts, ProveSecondFactor, Standing, WhichAccounts,
    },
    profile::Handle,
    query::Page,
    rejection::INVALID_CURSOR,
    user::{Accepted, NO_SECOND_FACTOR, TRY_AGAIN, USER_NOT_FOUND},
};
use plyo_nats::{Context, QueryError, RequestContext};

use crate::{Desk, outbox, second_factor};

pub(crate) use self::log_out::EndSessionsOf;

pub(crate) async fn standing(desk: Desk, context: Context, query: GetStanding) -> Result<Standing, QueryError> {
    let profile = (desk.find_profile)(context.pool, query.user).await?;
    let has_recent_second_factor =
        store::has_recent_second_factor(&desk.credentials.pool, query.user, query.session).await?;
    Ok(Standing { roles: profile.map(|profile| profile.roles).unwrap_or_default(), has_recent_second_factor })
}

pub(crate) async fn prove(
    desk: Desk,
    context: RequestContext,
    query: ProveSecondFactor,
) -> Result<Accepted, QueryError> {
    let pool = &desk.credentials.pool;
    let was_shown = second_factor::show(pool, query.user, &query.code).await;
    // A recovery code that was used, or a failure, is told of.
    outbox::send_beside(pool, &context.commands, query.user);
    if !was_shown? {
        return Err(NO_SECOND_FACTOR.into());
    }
    let is_noted = store::note_second_factor(pool, query.user, query.session).await?;
    if is_noted { Ok(Accepted {}) } else { Err(TRY_AGAIN.into()) }
}

pub(crate) async fn list(desk: Desk, context: Context, query: ListAccounts) -> Result<Page<AccountView>, QueryError> {
    let before = query.cursor.as_deref().map(read_cursor).transpose()?;
    let limit = query.limit.clamp(1, 100);
    let only = match &query.handle {
        Some(handle) => match store::of_handle(&desk.credentials.pool, &handle.key()).await? {
            Some(user) => Some(user),
            None => return Ok(Page { items: Vec::new(), next_cursor: None }),
        },
        None => None,
    };
    let which = WhichAccounts { only, role: query.role, suspended: query.suspended, before, limit };
    let mut found = (desk.find_accounts)(context.pool, which).await?;
    let more = found.len() > limit as usize;
    found.truncate(limit as usize);
    let next_cursor = found.last().filter(|_| more).map(|last| last.view.user_id.to_string());
    let mut items = with_handles(&desk, found).await?;
    // Who has claimed a handle need not have it.
    let has_it = |handle: &Handle, of: &AccountView| {
        of.handle.as_deref().is_some_and(|of| of.eq_ignore_ascii_case(handle.as_str()))
    };
    items.retain(|account| query.handle.as_ref().is_none_or(|handle| has_it(handle, account)));
    Ok(Page { items, next_cursor })
}

pub(crate) async fn account(desk: Desk, context: Context, query: GetAccount) -> Result<AccountView, QueryError> {
    let which = WhichAccounts { only: Some(query.user_id), limit: 1, ..WhichAccounts::default() };
    let found = (desk.find_accounts)(context.pool, which).await?;
    with_handles(&desk, found).await?.pop().ok_or_else(|| USER_NOT_FOUND.into())
}

async fn with_handles(desk: &Desk, accounts: Vec<Account>) -> Result<Vec<AccountView>, QueryError> {
    let held = accounts.iter().filter_map(|account| Some((account.view.user_id, account.called.handle?)));
    let mut handles = store::handles(&desk.credentials.pool, held).await?;
    let named = |Account { view, .. }: Account| AccountView { handle: handles.remove(&view.user_id), ..view };
    Ok(accounts.into_iter().map(named).collect())
}

/// The start of the next page: the last account shown.
fn read_cursor(text: &str) -> Result<UserId, Rejection> {
    text.parse().map_err(|_| INVALID_CURSOR.into())
}

//! The texts that name somebody: kept outside the history, which has their ids. A handle belongs to one person.

mod store;

use plyo_events::{
    Rejection, TextId, UserId, Violation,
    profile::{GetProfile, HANDLE_TAKEN, Handle, PrepareTexts, PreparedTexts, ProfileView},
    user::USER_NOT_FOUND,
};
use plyo_nats::{Context, QueryError, RequestContext};

use self::store::Claim;
use crate::{Desk, avatar};

/// Handles that somebody could take for the platform's own, or for a path of it.
const RESERVED: &[&str] = &[
    "about",
    "abuse",
    "account",
    "admin",
    "administrator",
    "anonymous",
    "api",
    "app",
    "auth",
    "billing",
    "blog",
    "bot",
    "coach",
    "contact",
    "deleted",
    "docs",
    "everyone",
    "feed",
    "help",
    "info",
    "legal",
    "live",
    "login",
    "logout",
    "mail",
    "moderator",
    "news",
    "nobody",
    "null",
    "official",
    "plyo",
    "postmaster",
    "privacy",
    "register",
    "root",
    "security",
    "settings",
    "signup",
    "staff",
    "status",
    "support",
    "system",
    "team",
    "terms",
    "undefined",
    "user",
    "users",
    "webmaster",
    "www",
];

pub(crate) async fn prepare(
    desk: Desk,
    context: RequestContext,
    query: PrepareTexts,
) -> Result<PreparedTexts, QueryError> {
    let pool = &desk.credentials.pool;
    let profile = (desk.find_profile)(context.pool.clone(), query.user).await?.ok_or(USER_NOT_FOUND)?;
    if let Some(handle) = &query.handle {
        claim(&desk, &context, query.user, handle).await?;
    }
    let held: Vec<TextId> = [profile.called.display_name, profile.called.handle].into_iter().flatten().collect();
    store::forget_unheld(pool, query.user, &held).await?;
    let handle = query.handle.as_ref().map(Handle::as_str);
    Ok(PreparedTexts {
        display_name: keep(&desk, query.user, store::DISPLAY_NAME, query.display_name.as_ref().map(|it| it.as_str()))
            .await?,
        handle: keep(&desk, query.user, store::HANDLE, handle).await?,
    })
}

/// Whether nobody may have this handle.
pub(crate) fn is_reserved(handle: &Handle) -> bool {
    RESERVED.binary_search(&handle.key().as_str()).is_ok()
}

/// A handle is free that nobody has in their profile, and that nobody claimed within a day: their change may be under way.
async fn claim(desk: &Desk, context: &RequestContext, user: UserId, handle: &Handle) -> Result<(), QueryError> {
    let (pool, key) = (&desk.credentials.pool, handle.key());
    if is_reserved(handle) {
        let violation = Violation { pointer: "/handle".to_owned(), detail: "this handle is reserved".to_owned() };
        return Err(Rejection::violations(vec![violation]).into());
    }
    match store::claim(pool, user, &key).await? {
        Claim::Own => Ok(()),
        Claim::Fresh => Err(HANDLE_TAKEN.into()),
        Claim::Old { of, claimed_at } => {
            let profile = (desk.find_profile)(context.pool.clone(), of).await?;
            let held = match profile.and_then(|profile| profile.called.handle) {
                Some(text) => store::text(pool, of, text).await?,
                None => None,
            };
            let is_held = held.is_some_and(|held| held.eq_ignore_ascii_case(&key));
            let is_taken_over = !is_held && store::take_over(pool, user, &key, of, claimed_at).await?;
            if is_taken_over { Ok(()) } else { Err(HANDLE_TAKEN.into()) }
        }
    }
}

async fn keep(desk: &Desk, user: UserId, field: &str, text: Option<&str>) -> Result<Option<TextId>, QueryError> {
    match text {
        Some(text) => Ok(Some(store::keep(&desk.credentials.pool, user, field, text).await?)),
        None => Ok(None),
    }
}

pub(crate) async fn profile(desk: Desk, context: Context, query: GetProfile) -> Result<ProfileView, QueryError> {
    let profile = (desk.find_profile)(context.pool, query.user).await?.ok_or(USER_NOT_FOUND)?;
    let pool = &desk.credentials.pool;
    let mut view = ProfileView {
        user_id: query.user,
        revision: profile.revision,
        display_name: None,
        handle: None,
        avatar: avatar::tag(&desk.nats, query.user).await?,
        about: profile.about,
    };
    if let Some(text) = profile.called.display_name {
        view.display_name = store::text(pool, query.user, text).await?.and_then(|text| text.try_into().ok());
    }
    if let Some(text) = profile.called.handle {
        view.handle = store::text(pool, query.user, text).await?.and_then(|text| text.try_into().ok());
    }
    Ok(view)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reserved_handle_would_be_one() {
        assert!(RESERVED.is_sorted());
        for word in RESERVED {
            assert_eq!(Handle::try_from((*word).to_owned()).unwrap().key(), *word);
        }
    }
}

//! Queries: a user's account, and the keys that verify tokens.

use plyo_events::user::{Jwks, Me, MeView, USER_NOT_FOUND};
use plyo_nats::{Context, QueryError};
use serde_json::{Value, json};

use crate::{Desk, store, tending::tend_beside};

pub(crate) async fn me(desk: Desk, context: Context, query: Me) -> Result<MeView, QueryError> {
    let profile = (desk.find_profile)(context.pool, query.user).await?.ok_or(USER_NOT_FOUND)?;
    let (email, email_verified, second_factor) =
        store::email(&desk.credentials.pool, query.user).await?.ok_or(USER_NOT_FOUND)?;
    Ok(MeView {
        user_id: query.user,
        email,
        email_verified,
        second_factor,
        roles: profile.roles,
        locale: profile.about.locale,
        time_zone: profile.about.time_zone,
        registered_at: profile.registered_at,
    })
}

/// From the table rather than from memory: another instance may have added a key.
pub(crate) async fn jwks(desk: Desk, context: Context, _: Jwks) -> Result<Value, QueryError> {
    tend_beside(&desk, context.into());
    Ok(json!({ "keys": desk.credentials.keys.published(&desk.credentials.pool).await? }))
}

//! Exports: a file for a person with all that there is of them, and the link to it. What asks for one, and what became of it, is
//! in the history; the link is a secret and in the answer alone.

mod account;
mod archive;
mod effect;
mod file;
mod import;
mod store;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use plyo_events::{
    UserId,
    export::{EXPORT_LINK_NOT_FOUND, EXPORT_LINK_OVER, ExportLink, MintExportLink, UseExportLink, UsedExportLink},
    user::USER_NOT_FOUND,
};
use plyo_nats::{QueryError, RequestContext};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::Desk;

pub use self::{
    account::Account,
    archive::{ACCOUNT, AVATAR, Archive, EVENTS, FORMAT, MANIFEST, Manifest, README, TIMERS, VERSION},
    effect::Exporting,
    file::{AccountFile, FileEvent, FileTimer},
};
pub(crate) use self::{effect::WriteExport, import::import};

pub(crate) async fn mint(desk: Desk, _: RequestContext, query: MintExportLink) -> Result<ExportLink, QueryError> {
    let secret: [u8; 32] = rand::random();
    if !store::add(&desk.credentials.pool, &query, &Sha256::digest(secret).into()).await? {
        return Err(USER_NOT_FOUND.into());
    }
    let token = BASE64_URL_SAFE_NO_PAD.encode([&query.user.uuid().as_bytes()[..], &secret].concat());
    Ok(ExportLink { path: format!("/api/v1/exports/{token}"), expires_at: query.expires_at })
}

pub(crate) async fn redeem(desk: Desk, _: RequestContext, query: UseExportLink) -> Result<UsedExportLink, QueryError> {
    let (user, secret) = read(&query.token).ok_or(EXPORT_LINK_NOT_FOUND)?;
    let (pool, sha256) = (&desk.credentials.pool, Sha256::digest(secret).into());
    match store::redeem(pool, user, &sha256).await? {
        Some(export_id) => Ok(UsedExportLink { user, export_id }),
        None if store::exists(pool, user, &sha256).await? => Err(EXPORT_LINK_OVER.into()),
        None => Err(EXPORT_LINK_NOT_FOUND.into()),
    }
}

/// Whose link this is, and the secret of it.
fn read(token: &str) -> Option<(UserId, [u8; 32])> {
    let bytes: [u8; 48] = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?.try_into().ok()?;
    let (user, secret) = bytes.split_first_chunk::<16>()?;
    Some((UserId::new(Uuid::from_bytes(*user)), secret.try_into().ok()?))
}

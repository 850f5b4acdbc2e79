//! The keys under which personal texts are sealed: one for each person, made when their first text comes. Who deletes the account
//! destroys it.

mod store;

use anyhow::{Context as _, Result};
use plyo_events::{
    UserId,
    sealed::{DataKeyView, GetDataKey},
    user::TRY_AGAIN,
};
use plyo_nats::{QueryError, RequestContext};
use plyo_sealing::{DataKey, KeyEncryptionKeys};
use sqlx::PgPool;

use crate::Desk;

/// What wraps the keys of people.
#[derive(Clone, Default)]
pub(crate) struct Wrapping(Option<KeyEncryptionKeys>);

/// How many are wrapped anew at a time.
const PAGE_SIZE: i64 = 1_000;

pub(crate) async fn get(desk: Desk, _: RequestContext, query: GetDataKey) -> Result<DataKeyView, QueryError> {
    match desk.credentials.wrapping.key(&desk.credentials.pool, query.user, query.create).await {
        Ok(key) => Ok(DataKeyView { key: key.map(|key| key.to_text()) }),
        Err(error) => {
            tracing::error!(error = format!("{error:#}"), user = %query.user, "the key of somebody's texts cannot be had");
            Err(TRY_AGAIN.into())
        }
    }
}

impl Wrapping {
    pub(crate) const fn new(keys: Option<KeyEncryptionKeys>) -> Self {
        Self(keys)
    }

    /// `None` if there is none; made if wanted and there is such an account.
    pub(crate) async fn key(&self, pool: &PgPool, user: UserId, create: bool) -> Result<Option<DataKey>> {
        if let Some(wrapped) = store::wrapped(pool, user).await? {
            return self.unwrap(user, &wrapped).map(Some);
        }
        if !create {
            return Ok(None);
        }
        // Of two at once, one makes it.
        self.add(pool, user, &DataKey::generate()).await?;
        store::wrapped(pool, user).await?.map(|wrapped| self.unwrap(user, &wrapped)).transpose()
    }

    /// Keeps a key that was made elsewhere, unless the account has one.
    pub(crate) async fn add(&self, pool: &PgPool, user: UserId, key: &DataKey) -> Result<()> {
        store::add(pool, user, &self.wrap(user, key)).await
    }

    fn wrap(&self, user: UserId, key: &DataKey) -> Vec<u8> {
        self.0.as_ref().map_or_else(|| key.secret().to_vec(), |keys| keys.wrap(user, key))
    }

    fn unwrap(&self, user: UserId, stored: &[u8]) -> Result<DataKey> {
        if let Ok(secret) = <[u8; 32]>::try_from(stored) {
            return Ok(DataKey::from(secret));
        }
        let keys = self
            .0
            .as_ref()
            .context("personal texts are sealed, and there is no key-encryption key: put `user.kek` back")?;
        keys.unwrap(user, stored)
    }
}

/// Wraps every key anew that the first of these has not wrapped. Says how many those were, and on the way how many so far.
///
/// # Errors
/// When one was wrapped by a key that is not among them, or Postgres fails.
pub async fn rewrap(credentials: &PgPool, keys: KeyEncryptionKeys, progress: impl Fn(u64)) -> Result<u64> {
    let (current, wrapping) = (keys.current().to_owned(), Wrapping::new(Some(keys)));
    let mut done = 0;
    loop {
        let stored = store::wrapped_by_others(credentials, &current, PAGE_SIZE).await?;
        if stored.is_empty() {
            return Ok(done);
        }
        let mut again = Vec::with_capacity(stored.len());
        for (user, before) in &stored {
            again.push((*user, before.as_slice(), wrapping.wrap(*user, &wrapping.unwrap(*user, before)?)));
        }
        done += store::replace(credentials, &again).await?;
        progress(done);
    }
}

//! What query handlers use: the credential store, the hashing threads, the signing key.

use std::sync::Arc;

use anyhow::{Context, Result};
use jiff::Timestamp;
use plyo_events::{
    SessionId,
    user::{AccessClaims, Tokens},
};
use sqlx::PgPool;

use crate::{
    mail::MailFolder,
    passwords::Passwords,
    store,
    tokens::{RefreshToken, SigningKey},
};

/// The credentials of all users. Cheap to clone. No `Debug`: it holds secrets.
#[derive(Clone)]
pub struct Credentials {
    pub(crate) pool: PgPool,
    pub(crate) passwords: Passwords,
    /// Where mails are written, if anywhere.
    pub(crate) mail: Option<MailFolder>,
    key: Arc<SigningKey>,
}

impl Credentials {
    /// Reads the signing key, or creates the first one. `pool` sees the schema `user_credentials`.
    ///
    /// # Errors
    /// When the database fails or a thread cannot be started.
    pub async fn open(pool: PgPool) -> Result<Self> {
        let key = signing_key(&pool).await.context("open the signing keys")?;
        store::add_mailboxes(&pool).await.context("name the mailboxes of accounts")?;
        Ok(Self { pool, passwords: Passwords::start()?, mail: None, key: Arc::new(key) })
    }

    /// With mails written to this folder.
    #[must_use]
    pub fn with_mail(self, mail: Option<MailFolder>) -> Self {
        Self { mail, ..self }
    }

    /// The answer to a log-in or refresh.
    pub(crate) fn tokens(&self, session: SessionId, refresh: &RefreshToken) -> Result<Tokens> {
        Ok(Tokens {
            user_id: refresh.user,
            access_token: self.key.access_token(refresh.user, session, Timestamp::now())?,
            token_type: "Bearer".to_owned(),
            expires_in: AccessClaims::LIFETIME,
            refresh_token: refresh.text(),
        })
    }
}

async fn signing_key(pool: &PgPool) -> Result<SigningKey> {
    let mut db = pool.begin().await?;
    store::lock_signing_keys(&mut db).await?;
    let key = match store::newest_signing_key(&mut db).await? {
        Some(key) => key,
        None => {
            let seed = rand::random();
            let key = SigningKey::from_seed(&seed)?;
            store::add_signing_key(&mut db, &key, &seed).await?;
            key
        }
    };
    db.commit().await?;
    Ok(key)
}

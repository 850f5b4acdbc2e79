//! What query handlers use: the credential store, the hashing threads, the signing key.

use std::sync::Arc;

use anyhow::{Context, Result};
use jiff::Timestamp;
use plyo_events::{
    SessionId,
    user::{AccessClaims, Tokens},
};
use plyo_sealing::KeyEncryptionKeys;
use sqlx::PgPool;

use crate::{
    data_keys::Wrapping,
    keys::Keys,
    mail::MailFolder,
    oidc::{Clients, Providers},
    passkeys::RelyingParty,
    passwords::Passwords,
    store,
    tokens::RefreshToken,
};

/// The credentials of all users. Cheap to clone. No `Debug`: it holds secrets.
#[derive(Clone)]
pub struct Credentials {
    pub(crate) pool: PgPool,
    pub(crate) passwords: Passwords,
    /// Where mails are written, if anywhere.
    pub(crate) mail: Option<MailFolder>,
    /// Whose passkeys somebody can log in with, if there are any here.
    pub(crate) relying_party: Option<Arc<RelyingParty>>,
    /// Which others somebody can log in with, if there are any.
    pub(crate) providers: Option<Arc<Clients>>,
    pub(crate) keys: Keys,
    pub(crate) wrapping: Wrapping,
}

impl Credentials {
    /// Reads the signing keys, or creates the first one. `pool` sees the schema `user_credentials`.
    ///
    /// # Errors
    /// When the database fails or a thread cannot be started.
    pub async fn open(pool: PgPool) -> Result<Self> {
        let keys = Keys::open(&pool).await?;
        store::add_mailboxes(&pool).await.context("name the mailboxes of accounts")?;
        Ok(Self {
            pool,
            passwords: Passwords::start()?,
            mail: None,
            relying_party: None,
            providers: None,
            keys,
            wrapping: Wrapping::default(),
        })
    }

    /// With the keys of people wrapped by these.
    #[must_use]
    pub fn with_wrapping(self, keys: Option<KeyEncryptionKeys>) -> Self {
        Self { wrapping: Wrapping::new(keys), ..self }
    }

    /// With mails written to this folder.
    #[must_use]
    pub fn with_mail(self, mail: Option<MailFolder>) -> Self {
        Self { mail, ..self }
    }

    /// With passkeys of the domain of this URL.
    #[must_use]
    pub fn with_passkeys_of(self, public_url: &str) -> Self {
        Self { relying_party: RelyingParty::of(public_url).map(Arc::new), ..self }
    }

    /// With log-ins by these providers, which send people back to a page of this URL.
    ///
    /// # Errors
    /// When this system has no certificates to know providers by.
    pub fn with_providers(self, providers: Providers, public_url: &str) -> Result<Self> {
        if providers.is_empty() {
            return Ok(self);
        }
        Ok(Self { providers: Some(Arc::new(Clients::new(providers, public_url)?)), ..self })
    }

    /// Looks at the signing keys now, rather than within a minute.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn look_at_keys(&self) -> Result<()> {
        self.keys.look(&self.pool).await.map(|_| ())
    }

    /// The answer to a log-in or refresh.
    pub(crate) async fn tokens(&self, session: SessionId, refresh: &RefreshToken) -> Result<Tokens> {
        Ok(Tokens {
            user_id: refresh.user,
            access_token: self.keys.current(&self.pool).await?.access_token(refresh.user, session, Timestamp::now())?,
            token_type: "Bearer".to_owned(),
            expires_in: AccessClaims::LIFETIME,
            refresh_token: refresh.text(),
        })
    }
}

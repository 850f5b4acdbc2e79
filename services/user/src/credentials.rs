//! What the credential side of the service works with: its tables, the password pool, the signing keys.

use std::sync::Arc;

use anyhow::{Context, Result};
use sqlx::PgPool;

use crate::{passwords::Passwords, store, tokens::SigningKeys};

/// The credential store. Cheap to clone.
#[derive(Clone)]
pub struct Credentials {
    pub(crate) pool: PgPool,
    pub(crate) passwords: Passwords,
    pub(crate) keys: Arc<SigningKeys>,
}

impl Credentials {
    /// Opens the store; its pool sees the schema `user_credentials`. The first instance makes the signing key.
    ///
    /// # Errors
    /// When Postgres is away or the schema is missing.
    pub async fn open(pool: PgPool) -> Result<Self> {
        let keys = store::signing_keys(&pool, &SigningKeys::generate()).await.context("read the signing keys")?;
        Ok(Self { pool, passwords: Passwords::new(), keys: Arc::new(SigningKeys::from_seeds(keys)?) })
    }
}

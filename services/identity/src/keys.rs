//! The keys that sign access tokens. A new one is made every month: it is published for some minutes before it signs, and the one
//! before it stays published until its last token has expired. Every instance looks at the table once a minute at least, so that all
//! sign with the same.

mod store;

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result};
use serde_json::Value;
use sqlx::PgPool;

use crate::tokens::SigningKey;

/// The key that signs now, as it was a moment ago.
#[derive(Clone)]
pub(crate) struct Keys(Arc<RwLock<(Instant, Arc<SigningKey>)>>);

const LOOKS_EVERY: Duration = Duration::from_secs(60);

impl Keys {
    /// Makes the first key if there is none.
    pub(crate) async fn open(pool: &PgPool) -> Result<Self> {
        let key = store::turn(pool).await.context("open the signing keys")?;
        Ok(Self(Arc::new(RwLock::new((Instant::now(), Arc::new(key))))))
    }

    /// The key that signs now.
    pub(crate) async fn current(&self, pool: &PgPool) -> Result<Arc<SigningKey>> {
        let (looked, key) = self.0.read().unwrap_or_else(PoisonError::into_inner).clone();
        if looked.elapsed() < LOOKS_EVERY { Ok(key) } else { self.look(pool).await }
    }

    /// Looks at the table now: makes the next key if it is time, and forgets those that nobody needs.
    pub(crate) async fn look(&self, pool: &PgPool) -> Result<Arc<SigningKey>> {
        let key = Arc::new(store::turn(pool).await?);
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = (Instant::now(), Arc::clone(&key));
        Ok(key)
    }

    /// The public half of every key whose tokens are good, or will be.
    pub(crate) async fn published(&self, pool: &PgPool) -> Result<Vec<Value>> {
        self.current(pool).await?;
        store::published(pool).await
    }
}

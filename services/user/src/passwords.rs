//! Passwords: Argon2id on a pool of its own, with a bounded queue, so that a wave of log-ins slows nothing else.

use std::sync::Arc;

use anyhow::{Context, Result};
use argon2::{
    Algorithm, Argon2, Params, Version,
    password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash},
};
use plyo_events::{Reject, RejectKind};
use plyo_nats::QueryError;
use tokio::sync::Semaphore;

/// 19 MiB, 2 passes, 1 lane: OWASP's recommendation for Argon2id.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
/// Hashes computed at a time; each takes about 13 ms of one core.
const WORKERS: usize = 2;
/// Hashes that may wait for their turn: about half a second of work.
const QUEUE: usize = 64;

/// The pool. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Passwords {
    places: Arc<Semaphore>,
    workers: Arc<Semaphore>,
    /// What an unknown e-mail's password is held against, so that it takes as long as a known one's.
    decoy: Arc<str>,
}

/// How a password compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Comparison {
    Right,
    /// Right, but hashed with other parameters than today's.
    RightButOutdated,
    Wrong,
}

impl Passwords {
    pub(crate) fn new() -> Self {
        let decoy = hash("a password that nobody has").unwrap_or_default();
        Self { places: Arc::new(Semaphore::new(QUEUE)), workers: Arc::new(Semaphore::new(WORKERS)), decoy: decoy.into() }
    }

    pub(crate) async fn hash(&self, password: String) -> Result<String, QueryError> {
        Ok(self.work(move || hash(&password)).await??)
    }

    /// Compares with a stored hash; without one it takes as long, and is wrong.
    pub(crate) async fn compare(&self, password: String, stored: Option<String>) -> Result<Comparison, QueryError> {
        let (known, stored) = (stored.is_some(), stored.unwrap_or_else(|| self.decoy.to_string()));
        let comparison = self.work(move || compare(&password, &stored)).await??;
        Ok(if known { comparison } else { Comparison::Wrong })
    }

    async fn work<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Result<T, QueryError> {
        let busy = || Reject::new(RejectKind::TooMany, "busy", "too many log-ins at a time; try again in a second");
        let _place = self.places.try_acquire().map_err(|_| busy())?;
        let _worker = self.workers.acquire().await.context("the pool is never closed")?;
        Ok(tokio::task::spawn_blocking(job).await.context("hash a password")?)
    }
}

fn argon2() -> Result<Argon2<'static>> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, None).map_err(|error| anyhow::anyhow!("argon2: {error}"))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

fn hash(password: &str) -> Result<String> {
    let hash = argon2()?.hash_password(password.as_bytes()).map_err(|error| anyhow::anyhow!("argon2: {error}"))?;
    Ok(hash.to_string())
}

fn compare(password: &str, stored: &str) -> Result<Comparison> {
    let parsed = PasswordHash::new(stored).map_err(|_| anyhow::anyhow!("a stored hash cannot be read"))?;
    if argon2()?.verify_password(password.as_bytes(), &parsed).is_err() {
        return Ok(Comparison::Wrong);
    }
    let today = format!("$argon2id$v=19$m={MEMORY_KIB},t={PASSES},p=1$");
    Ok(if stored.starts_with(&today) { Comparison::Right } else { Comparison::RightButOutdated })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_recognised_and_another_is_not() {
        let stored = hash("correct horse").unwrap();
        assert!(stored.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{stored}");
        assert_eq!(compare("correct horse", &stored).unwrap(), Comparison::Right);
        assert_eq!(compare("wrong horse", &stored).unwrap(), Comparison::Wrong);
        assert_ne!(hash("correct horse").unwrap(), stored, "each hash has a salt of its own");
    }

    #[tokio::test]
    async fn an_unknown_account_has_no_right_password() {
        let passwords = Passwords::new();
        let answer = passwords.compare("a password that nobody has".to_owned(), None).await.unwrap();
        assert_eq!(answer, Comparison::Wrong);
    }
}

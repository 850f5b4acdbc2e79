//! Log-ins that fail: each of the same mailbox after the fifth in a row makes the next wait twice as long, up to a quarter of an
//! hour. It is counted in Postgres, so by all instances together, and whether or not the mailbox is anybody's.

mod store;

use anyhow::Result;
use plyo_events::{
    EmailAddress, Rejection, UserId,
    user::{Device, TOO_MANY_FAILURES},
};
use plyo_nats::QueryError;
use sha2::{Digest, Sha256};
use sqlx::PgPool;

/// The failures of one mailbox.
#[derive(Clone, Copy)]
pub(crate) struct Attempts([u8; 32]);

impl Attempts {
    pub(crate) fn of(email: &EmailAddress) -> Self {
        Self(Sha256::digest(email.key()).into())
    }

    /// # Errors
    /// `too_many_failures` while the next has to wait.
    pub(crate) async fn check(self, pool: &PgPool) -> Result<(), QueryError> {
        match store::seconds_to_wait(pool, &self.0).await? {
            0 => Ok(()),
            seconds => Err(wait(seconds).into()),
        }
    }

    /// Counts one more, and has it told of if the mailbox has an account.
    pub(crate) async fn failed(self, pool: &PgPool, user: Option<UserId>, device: Option<&Device>) -> Result<()> {
        store::count(pool, &self.0, user, device).await
    }

    /// Forgets them after a log-in that was right.
    ///
    /// # Errors
    /// `too_many_failures` if so many others failed meanwhile that this one would have had to wait: of guesses that are made at
    /// once, the right one is no use after the fifth wrong one.
    pub(crate) async fn succeeded(self, pool: &PgPool) -> Result<(), QueryError> {
        match store::forget(pool, &self.0).await? {
            0 => Ok(()),
            seconds => Err(wait(seconds).into()),
        }
    }

    /// Forgets them, since the owner of the mailbox has shown to be that.
    pub(crate) async fn forget(self, pool: &PgPool) -> Result<()> {
        store::forget_all(pool, &self.0).await
    }
}

/// Forgets those that nobody goes on with.
pub(crate) async fn forget_old(pool: &PgPool) -> Result<()> {
    store::forget_old(pool).await
}

fn wait(seconds: i64) -> Rejection {
    TOO_MANY_FAILURES.because(format!("too many log-ins of this address have failed; wait {seconds} s"))
}

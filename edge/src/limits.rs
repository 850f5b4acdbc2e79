//! Rate limits: in process for everything (GCRA); for log-in and sign-up also in Redis, across edges. Without Redis the
//! process counts alone.

use std::{
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota};
use plyo_events::{EmailAddress, UserId};
use redis::aio::ConnectionManager;
use sha2::{Digest, Sha256};

use axum::http::StatusCode;

use crate::problem::{Code, Problem};

/// Commands and queries of one person: 50 a second, 500 at once.
const PER_USER: (u32, u32) = (50, 500);
/// Log-ins, sign-ups and refreshes from one address: 2 a second, 60 at once.
const PER_ADDRESS: (u32, u32) = (2, 60);
/// Log-ins and sign-ups of one e-mail within a minute.
const PER_EMAIL_A_MINUTE: u32 = 10;
/// Log-ins and sign-ups from one address within a minute, over all edges.
const PER_ADDRESS_A_MINUTE: u32 = 150;

pub(crate) const TOO_MANY_REQUESTS: Code =
    Code::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "too many requests; wait a moment");

/// The limits of one edge.
pub(crate) struct Limits {
    on: bool,
    users: DefaultKeyedRateLimiter<UserId>,
    addresses: DefaultKeyedRateLimiter<IpAddr>,
    emails: DefaultKeyedRateLimiter<[u8; 8]>,
    /// The minute in which those who keep within their limits were forgotten last.
    forgotten: AtomicI64,
    redis: Option<ConnectionManager>,
}

impl Limits {
    pub(crate) async fn new(on: bool, redis_url: Option<&str>) -> Self {
        let redis = match redis_url {
            Some(url) => shared(url).await,
            None => None,
        };
        Self {
            on,
            users: DefaultKeyedRateLimiter::keyed(quota(PER_USER)),
            addresses: DefaultKeyedRateLimiter::keyed(quota(PER_ADDRESS)),
            emails: DefaultKeyedRateLimiter::keyed(Quota::per_minute(number(PER_EMAIL_A_MINUTE))),
            forgotten: AtomicI64::new(minute()),
            redis,
        }
    }

    /// A command or a query of somebody.
    pub(crate) fn user(&self, user: UserId) -> Result<(), Problem> {
        self.forget_each_minute();
        if self.on && self.users.check_key(&user).is_err() { Err(TOO_MANY_REQUESTS.into()) } else { Ok(()) }
    }

    /// A request without a token.
    pub(crate) fn address(&self, address: IpAddr) -> Result<(), Problem> {
        self.forget_each_minute();
        if self.on && self.addresses.check_key(&address).is_err() { Err(TOO_MANY_REQUESTS.into()) } else { Ok(()) }
    }

    /// A log-in or a sign-up.
    pub(crate) async fn credentials(&self, address: IpAddr, email: &str) -> Result<(), Problem> {
        if !self.on {
            return Ok(());
        }
        self.address(address)?;
        let hash = hash(email);
        if self.emails.check_key(&hash).is_err() {
            return Err(TOO_MANY_REQUESTS.into());
        }
        let Some(redis) = self.redis.clone() else { return Ok(()) };
        let counting = count(redis, address, u64::from_be_bytes(hash));
        match tokio::time::timeout(Duration::from_millis(100), counting).await {
            Ok(Ok((of_address, of_email))) if of_address > PER_ADDRESS_A_MINUTE || of_email > PER_EMAIL_A_MINUTE => {
                Err(TOO_MANY_REQUESTS.into())
            }
            Ok(Ok(_)) => Ok(()),
            // Redis is a cache: without it the process counts alone.
            Ok(Err(_)) | Err(_) => {
                metrics::counter!("plyo_limits_without_redis_total").increment(1);
                Ok(())
            }
        }
    }

    fn forget_each_minute(&self) {
        let minute = minute();
        if self.forgotten.fetch_max(minute, Ordering::Relaxed) < minute {
            self.forget();
        }
    }

    /// Forgets whose limit is whole again: anybody can send any number of addresses and e-mails, once each.
    fn forget(&self) {
        self.users.retain_recent();
        self.users.shrink_to_fit();
        self.addresses.retain_recent();
        self.addresses.shrink_to_fit();
        self.emails.retain_recent();
        self.emails.shrink_to_fit();
    }
}

async fn shared(url: &str) -> Option<ConnectionManager> {
    let client =
        redis::Client::open(url).inspect_err(|error| tracing::warn!(%error, "rate limits are not shared")).ok()?;
    let config =
        redis::aio::ConnectionManagerConfig::new().set_number_of_retries(1).set_max_delay(Duration::from_secs(1));
    let manager = ConnectionManager::new_lazy_with_config(client, config);
    let manager = manager.inspect_err(|error| tracing::warn!(%error, "rate limits are not shared")).ok()?;
    let (ping, mut connection) = (redis::cmd("PING"), manager.clone());
    if !matches!(tokio::time::timeout(Duration::from_secs(2), connection.send_packed_command(&ping)).await, Ok(Ok(_))) {
        tracing::warn!("Redis does not answer: rate limits are not shared until it does");
    }
    Some(manager)
}

/// Counts within this minute, in one round trip.
async fn count(mut redis: ConnectionManager, address: IpAddr, email: u64) -> redis::RedisResult<(u32, u32)> {
    let minute = minute();
    let (address, email) =
        (format!("plyo:limit:address:{address}:{minute}"), format!("plyo:limit:email:{email:x}:{minute}"));
    redis::pipe()
        .incr(&address, 1)
        .incr(&email, 1)
        .expire(&address, 120)
        .ignore()
        .expire(&email, 120)
        .ignore()
        .query_async(&mut redis)
        .await
}

fn minute() -> i64 {
    jiff::Timestamp::now().as_second() / 60
}

fn hash(email: &str) -> [u8; 8] {
    let digest = Sha256::digest(EmailAddress::read(email).key());
    digest.first_chunk().copied().unwrap_or_default()
}

fn quota((per_second, burst): (u32, u32)) -> Quota {
    Quota::per_second(number(per_second)).allow_burst(number(burst))
}

fn number(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN)
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[tokio::test]
    async fn a_mailbox_has_one_limit_however_it_is_typed() {
        let limits = Limits::new(true, None).await;
        let spellings = ["x@bücher.de", "X@Bu\u{308}cher.de", "\u{200b}x@xn--bcher-kva.de", "x@xn--bcher-kva.de."];
        let mut let_in = 0;
        for (address, email) in (0..).zip(spellings.iter().cycle().take(40)) {
            let_in += usize::from(limits.credentials(IpAddr::from(u128::to_be_bytes(address)), email).await.is_ok());
        }
        assert!((10..=11).contains(&let_in), "{let_in}");
    }

    #[tokio::test]
    async fn who_keeps_within_a_limit_is_forgotten_and_who_is_over_it_is_not() {
        let limits = Limits::new(true, None).await;
        for stranger in 0..10_000 {
            limits.user(UserId::mint()).unwrap();
            limits.address(IpAddr::from(u128::to_be_bytes(stranger))).unwrap();
        }
        let over: IpAddr = [192, 0, 2, 1].into();
        while limits.address(over).is_ok() {}
        let deadline = Instant::now() + Duration::from_secs(5);
        while limits.users.len() + limits.addresses.len() > 1 {
            limits.forget();
            assert!(Instant::now() < deadline, "{} addresses are kept", limits.addresses.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(!limits.addresses.is_empty(), "its limit is not whole before 30 s");
    }
}

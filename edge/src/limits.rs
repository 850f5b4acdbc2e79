//! Rate limits: in process for everything (GCRA); for log-in and sign-up also in Redis, across edges. Without Redis the
//! process counts alone.

mod standing;

use std::{
    hash::Hash,
    net::IpAddr,
    num::NonZeroU32,
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use governor::{DefaultKeyedRateLimiter, Quota, clock::Clock as _, middleware::StateInformationMiddleware};
use plyo_events::{EmailAddress, UserId};
use redis::aio::ConnectionManager;
use sha2::{Digest, Sha256};

use axum::http::StatusCode;

use self::standing::Left;
pub(crate) use self::standing::{HEADERS, Policy, Standing, told};
use crate::problem::{Code, Problem};

/// Commands and queries of one person: 50 a second.
pub(crate) const USER: Policy = Policy { name: "user", quota: 500, window: 10, is_of_others: false };
/// Log-ins, sign-ups and refreshes from one address: 2 a second.
pub(crate) const ADDRESS: Policy = Policy { name: "address", quota: 60, window: 30, is_of_others: false };
/// Log-ins and sign-ups of one e-mail; with Redis, over all edges.
pub(crate) const EMAIL: Policy = Policy { name: "email", quota: 10, window: 60, is_of_others: true };
/// Log-ins and sign-ups from one address over all edges, where there is Redis.
pub(crate) const ADDRESS_OF_ALL: Policy =
    Policy { name: "address-of-all", quota: 150, window: 60, is_of_others: false };

pub(crate) const TOO_MANY_REQUESTS: Code =
    Code::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", "too many requests; wait a moment");

type Keyed<K> = DefaultKeyedRateLimiter<K, StateInformationMiddleware>;

/// The limits of one edge.
pub(crate) struct Limits {
    on: bool,
    users: Keyed<UserId>,
    addresses: Keyed<IpAddr>,
    emails: Keyed<[u8; 8]>,
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
            users: keyed(&USER),
            addresses: keyed(&ADDRESS),
            emails: keyed(&EMAIL),
            forgotten: AtomicI64::new(minute()),
            redis,
        }
    }

    /// A command or a query of somebody.
    pub(crate) fn user(&self, user: UserId, standing: &Standing) -> Result<(), Problem> {
        self.forget_each_minute();
        if self.on { check(&self.users, &user, &USER, standing) } else { Ok(()) }
    }

    /// A request without a token.
    pub(crate) fn address(&self, address: IpAddr, standing: &Standing) -> Result<(), Problem> {
        self.forget_each_minute();
        if self.on { check(&self.addresses, &address, &ADDRESS, standing) } else { Ok(()) }
    }

    /// A log-in or a sign-up.
    pub(crate) async fn credentials(&self, address: IpAddr, email: &str, standing: &Standing) -> Result<(), Problem> {
        if !self.on {
            return Ok(());
        }
        self.address(address, standing)?;
        let hash = hash(email);
        check(&self.emails, &hash, &EMAIL, standing)?;
        let Some(redis) = self.redis.clone() else { return Ok(()) };
        let now = jiff::Timestamp::now();
        let counting = count(redis, address, u64::from_be_bytes(hash), minute_of(now));
        let Ok(Ok((of_address, of_email))) = tokio::time::timeout(Duration::from_millis(100), counting).await else {
            // Redis is a cache: without it the process counts alone.
            metrics::counter!("plyo_limits_without_redis_total").increment(1);
            return Ok(());
        };
        let rest = Duration::from_secs(60 - now.as_second().rem_euclid(60).cast_unsigned());
        within_the_minute(of_address, &ADDRESS_OF_ALL, rest, standing)?;
        within_the_minute(of_email, &EMAIL, rest, standing)
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
async fn count(
    mut redis: ConnectionManager,
    address: IpAddr,
    email: u64,
    minute: i64,
) -> redis::RedisResult<(u32, u32)> {
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

/// Counts one more.
fn check<K: Clone + Eq + Hash>(
    limiter: &Keyed<K>,
    key: &K,
    policy: &'static Policy,
    standing: &Standing,
) -> Result<(), Problem> {
    let (left, is_over) = match limiter.check_key(key) {
        Ok(state) => (Left::of(policy, state.remaining_burst_capacity()), false),
        Err(until) => (Left::nothing(policy, until.wait_time_from(limiter.clock().now())), true),
    };
    standing.counted(left, is_over);
    if is_over { Err(too_many(left)) } else { Ok(()) }
}

/// What all edges counted within the minute of which this is the rest.
fn within_the_minute(count: u32, policy: &'static Policy, rest: Duration, standing: &Standing) -> Result<(), Problem> {
    let left = Left { requests: policy.quota.saturating_sub(count), ..Left::nothing(policy, rest) };
    standing.counted(left, count > policy.quota);
    if count > policy.quota { Err(too_many(left)) } else { Ok(()) }
}

fn too_many(left: Left) -> Problem {
    Problem { retry_after: Some(left.within), ..TOO_MANY_REQUESTS.into() }
}

fn minute() -> i64 {
    minute_of(jiff::Timestamp::now())
}

fn minute_of(time: jiff::Timestamp) -> i64 {
    time.as_second() / 60
}

fn hash(email: &str) -> [u8; 8] {
    let digest = Sha256::digest(EmailAddress::read(email).key());
    digest.first_chunk().copied().unwrap_or_default()
}

fn keyed<K: Clone + Eq + Hash>(policy: &Policy) -> Keyed<K> {
    let burst = NonZeroU32::new(policy.quota).unwrap_or(NonZeroU32::MIN);
    let each = Duration::from_secs(policy.window.into()) / burst.get();
    let quota = Quota::with_period(each).unwrap_or(Quota::per_second(burst)).allow_burst(burst);
    DefaultKeyedRateLimiter::keyed(quota).with_middleware()
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
            let_in += usize::from(
                limits.credentials(IpAddr::from(u128::to_be_bytes(address)), email, &Standing::default()).await.is_ok(),
            );
        }
        assert!((10..=11).contains(&let_in), "{let_in}");
    }

    #[tokio::test]
    async fn who_keeps_within_a_limit_is_forgotten_and_who_is_over_it_is_not() {
        let (limits, standing) = (Limits::new(true, None).await, Standing::default());
        for stranger in 0..10_000 {
            limits.user(UserId::mint(), &standing).unwrap();
            limits.address(IpAddr::from(u128::to_be_bytes(stranger)), &standing).unwrap();
        }
        let over: IpAddr = [192, 0, 2, 1].into();
        while limits.address(over, &standing).is_ok() {}
        let deadline = Instant::now() + Duration::from_secs(5);
        while limits.users.len() + limits.addresses.len() > 1 {
            limits.forget();
            assert!(Instant::now() < deadline, "{} addresses are kept", limits.addresses.len());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert!(!limits.addresses.is_empty(), "its limit is not whole before 30 s");
    }
}

//! Accounts under load: log-ins beside what the machine can hash, refreshes, tokens that are known, and what others notice of a
//! storm of log-ins; and what sealing a text takes.

use std::{
    hint::black_box,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, anyhow, ensure};
use argon2::{Algorithm, Argon2, Params, PasswordHasher, Version};
use plyo_edge::inside::Tokens;
use plyo_sealing::DataKey;
use plyo_servers::Durability;
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    Bench,
    figures::{Figures, percentile},
    fixture::{ALL, Fixture},
    http::{Http, get, hammer, post},
};

/// People who are logged in.
const PEOPLE: usize = 64;
/// Log-ins at a time, so that none is refused: the queue of passwords has room for as many.
const LOG_INS: usize = 16;
const STORM: usize = 50;
/// Who asks for their workouts meanwhile.
const ASKING: usize = 8;
/// How often a known token is checked.
const CHECKS: usize = 1_000_000;

/// Somebody who has signed up, as they log in, and the tokens of a session.
struct Person {
    credentials: String,
    access: String,
    refresh: String,
}

pub async fn measure(bench: Bench) -> Result<Figures> {
    let fixture = Fixture::new(&bench.revision, Durability::Relaxed).await?;
    let platform = fixture.serve(ALL).await?;
    let authority = platform.authority.clone();
    let lasting = Duration::from_millis(bench.scale.of(5_000) as u64);
    let people = sign_up(&authority, bench.scale.of(PEOPLE).max(ASKING)).await?;
    let mut figures = Figures::default();

    let hashes = tokio::task::spawn_blocking(move || hashes_per_second(lasting)).await??;
    let log_ins = log_in(&authority, LOG_INS, lasting, &people).await?.per_second;
    eprintln!("{log_ins:.1} log-ins a second, {hashes:.1} hashes");
    figures.add("login_ratio_to_hash", log_ins / hashes, "").at_least(0.85);

    let refreshes = refresh(&authority, &people, lasting).await?;
    figures.add("refresh_per_s", refreshes, "/s").at_least(3_000.0);

    let access: Vec<String> = people.iter().map(|person| person.access.clone()).collect();
    let check = checking_takes(&authority, &access[0], bench.scale.of(CHECKS)).await?;
    figures.add("token_check_cached_us", check, "µs").at_most(2.0);

    figures.add("seal_open_us", sealing_takes(bench.scale.of(CHECKS)), "µs").at_most(3.0);

    let requests: Vec<Vec<u8>> = access.iter().map(|token| get("/api/v1/auth/me", token)).collect();
    let me = hammer(&authority, requests.len(), lasting, 200, move |person, _| requests[person].clone()).await?;
    figures.add("me_per_s", me.per_second, "/s").at_least(15_000.0);

    let mut calm = ask(&authority, &access, lasting).await?;
    let (stormy, storm) = tokio::join!(ask(&authority, &access, lasting), log_in(&authority, STORM, lasting, &people));
    ensure!(!storm?.took.is_empty(), "nobody logged in meanwhile");
    let (calm, stormy) = (percentile(&mut calm, 0.99), percentile(&mut stormy?, 0.99));
    eprintln!("a query takes {calm:.2} ms at most, {stormy:.2} ms in the storm (p99)");
    figures.add("query_p99_under_login_storm_ratio", stormy / calm, "").at_most(2.0);
    Ok(figures)
}

/// Microseconds that sealing a name and opening it again takes.
fn sealing_takes(times: usize) -> f64 {
    let key = DataKey::generate();
    let started = Instant::now();
    for _ in 0..times {
        let sealed = key.seal("name", black_box("Zercher carry, uphill"), Some("zercher carry uphill"));
        black_box(key.open("name", &sealed.sealed));
    }
    started.elapsed().as_secs_f64() * 1e6 / times as f64
}

async fn sign_up(authority: &str, count: usize) -> Result<Vec<Person>> {
    let mut http = Http::connect(authority).await?;
    let mut people = Vec::new();
    for number in 0..count {
        let credentials = format!(r#"{{"email":"person{number}@example.org","password":"long enough"}}"#);
        http.exchange(&unsigned("/api/v1/auth/register", &credentials), 201).await?;
        let tokens = http.exchange(&unsigned("/api/v1/auth/login", &credentials), 200).await?;
        let tokens: Value = serde_json::from_slice(tokens)?;
        let token = |name: &str| tokens[name].as_str().map(str::to_owned).with_context(|| format!("no {name}"));
        people.push(Person { access: token("access_token")?, refresh: token("refresh_token")?, credentials });
    }
    Ok(people)
}

/// A POST whose token nobody looks at.
fn unsigned(path: &str, body: &str) -> Vec<u8> {
    post(path, "none", "one", "wait=30", body)
}

async fn log_in(
    authority: &str,
    at_once: usize,
    lasting: Duration,
    people: &[Person],
) -> Result<crate::http::Latencies> {
    let requests: Vec<Vec<u8>> =
        people.iter().map(|person| unsigned("/api/v1/auth/login", &person.credentials)).collect();
    hammer(authority, at_once, lasting, 200, move |connection, n| requests[(connection + n) % requests.len()].clone())
        .await
}

/// What as many threads hash as the user service has for it, with its parameters (`services/identity/src/passwords.rs`).
fn hashes_per_second(lasting: Duration) -> Result<f64> {
    let params = Params::new(19 * 1024, 2, 1, None).map_err(|error| anyhow!("Argon2: {error}"))?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let threads = (thread::available_parallelism()?.get() / 2).clamp(1, 4);
    let started = Instant::now();
    let hash = || -> Result<u64> {
        let mut hashed = 0;
        while started.elapsed() < lasting {
            black_box(argon2.hash_password(b"long enough").map_err(|error| anyhow!("hash a password: {error}"))?);
            hashed += 1;
        }
        Ok(hashed)
    };
    let hashed: Result<Vec<u64>> = thread::scope(|scope| {
        let hashing: Vec<_> = (0..threads).map(|_| scope.spawn(hash)).collect();
        hashing.into_iter().map(|thread| thread.join().map_err(|_| anyhow!("a thread panicked"))?).collect()
    });
    Ok(hashed?.iter().sum::<u64>() as f64 / started.elapsed().as_secs_f64())
}

/// Everybody exchanges their refresh token for the next one, again and again.
async fn refresh(authority: &str, people: &[Person], lasting: Duration) -> Result<f64> {
    let end = Instant::now() + lasting;
    let mut running = JoinSet::new();
    for person in people {
        let (mut http, mut token) = (Http::connect(authority).await?, person.refresh.clone());
        running.spawn(async move {
            let mut refreshed = 0_u64;
            while Instant::now() < end {
                let body = format!(r#"{{"refresh_token":"{token}"}}"#);
                let tokens: Value =
                    serde_json::from_slice(http.exchange(&unsigned("/api/v1/auth/refresh", &body), 200).await?)?;
                tokens["refresh_token"].as_str().context("a refresh token")?.clone_into(&mut token);
                refreshed += 1;
            }
            anyhow::Ok(refreshed)
        });
    }
    let mut refreshed = 0;
    while let Some(person) = running.join_next().await {
        refreshed += person??;
    }
    Ok(refreshed as f64 / lasting.as_secs_f64())
}

/// Microseconds that an edge needs for a token that it has verified before.
async fn checking_takes(authority: &str, token: &str, times: usize) -> Result<f64> {
    let jwks = Http::connect(authority).await?.exchange(&get("/api/v1/auth/jwks", "none"), 200).await?.to_vec();
    let tokens = Tokens::new(std::str::from_utf8(&jwks)?);
    ensure!(tokens.verify(token), "the token is not good");
    let started = Instant::now();
    for _ in 0..times {
        black_box(tokens.verify(black_box(token)));
    }
    Ok(started.elapsed().as_secs_f64() * 1e6 / times as f64)
}

/// Milliseconds that each of many queries takes.
async fn ask(authority: &str, access: &[String], lasting: Duration) -> Result<Vec<f64>> {
    let requests: Vec<Vec<u8>> = access.iter().take(ASKING).map(|token| get("/api/v1/workouts", token)).collect();
    Ok(hammer(authority, ASKING, lasting, 200, move |person, _| requests[person].clone()).await?.took)
}

//! Ten thousand reminders that are due at the same moment: how late the last is pushed.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
use plyo_nats::{Tail, raw, streams};
use plyo_servers::Durability;
use tokio::{task::JoinSet, time::timeout};
use uuid::Uuid;

use crate::{
    Bench,
    figures::Figures,
    fixture::{ALL, Fixture},
    http::{Http, post},
    revision::Revision,
    socket::Socket,
};

const REMINDERS: usize = 10_000;
const EACH: usize = 10;
const CONNECTIONS: usize = 64;
const REMIND: &str = "/api/v1/workouts/reminders";
/// How long the last one is waited for.
const TIMEOUT: Duration = Duration::from_secs(180);

pub async fn measure(bench: Bench) -> Result<Figures> {
    let mut figures = measure_relaxed(bench.clone()).await?;
    figures.extend(measure_at(Durability::Always, &bench).await?);
    Ok(figures)
}

/// The quick half of it.
pub async fn measure_relaxed(bench: Bench) -> Result<Figures> {
    measure_at(Durability::Relaxed, &bench).await
}

async fn measure_at(durability: Durability, bench: &Bench) -> Result<Figures> {
    let (infix, lead) = match durability {
        Durability::Relaxed => ("", 20_000),
        Durability::Always => ("_durable", 90_000),
    };
    let mut figures = Figures::default();
    let reminders = bench.scale.of(REMINDERS);
    let lead = SignedDuration::from_millis(bench.scale.of(lead).max(8_000) as i64);
    let (late, sample) = with_plyo(&bench.revision, durability, reminders, lead).await?;
    let limit = without_plyo(&bench.revision, durability, reminders, lead, &sample).await?;
    let figure = figures.add(format!("reminders_10000{infix}_last_late_ms"), late, "ms").limit(limit);
    match durability {
        Durability::Relaxed => figure.goal("< 900", late < 900.0),
        Durability::Always => figure.goal("≤ 1.5 × limit", late <= 1.5 * limit),
    };
    Ok(figures)
}

/// How many milliseconds late the last reminder is pushed as a notification; and one schedule as it was published.
async fn with_plyo(
    revision: &Revision,
    durability: Durability,
    reminders: usize,
    lead: SignedDuration,
) -> Result<(f64, raw::Raw)> {
    let fixture = Fixture::new(revision, durability).await?;
    let nats = fixture.nats().await?;
    let platform = fixture.serve(ALL).await?;
    let tokens = Arc::new(fixture.tokens(reminders / EACH).await?);
    let due = rounded(Timestamp::now() + lead);
    let overheard = raw::overhear(&nats, "at.workout_reminder_due.>").await?;
    let mut listening = JoinSet::new();
    for token in tokens.iter() {
        let mut socket = Socket::connect(&platform.authority, token, None, &["me"]).await?;
        socket.next_of("ready").await?;
        listening.spawn(async move {
            let mut due = 0;
            while due < EACH {
                due += usize::from(socket.next().await?.contains(r#""type":"notification.created.v1""#));
            }
            Ok::<_, anyhow::Error>(Timestamp::now())
        });
    }
    let body = format!(r#"{{"due_at":"{due}"}}"#);
    let mut posting = JoinSet::new();
    for connection in 0..CONNECTIONS {
        let mut http = Http::connect(&platform.authority).await?;
        let (tokens, body) = (Arc::clone(&tokens), body.clone());
        posting.spawn(async move {
            for n in (connection..reminders).step_by(CONNECTIONS) {
                let (token, key) = (&tokens[n / EACH], format!("reminder-{}", n % EACH));
                http.exchange(&post(REMIND, token, &key, "respond-async", &body), 202).await?;
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(poster) = posting.join_next().await {
        poster??;
    }
    fixture.settle(TIMEOUT).await?;
    let early = due.duration_since(Timestamp::now());
    ensure!(early.is_positive(), "the reminders were not set {} s before they are due", lead.as_secs());
    eprintln!("  {reminders} reminders were set {early:#} before they are due");
    let mut last = due;
    let all = async {
        while let Some(heard) = listening.join_next().await {
            last = last.max(heard??);
        }
        Ok::<_, anyhow::Error>(())
    };
    timeout(TIMEOUT + early.unsigned_abs(), all).await.context("a reminder was not pushed")??;
    Ok((late(due, last), overheard.await.context("a schedule")?))
}

/// How late the last of the same schedules is in `EVENTS` when nobody sets and nobody reads them but this.
async fn without_plyo(
    revision: &Revision,
    durability: Durability,
    reminders: usize,
    lead: SignedDuration,
    sample: &raw::Raw,
) -> Result<f64> {
    let fixture = Fixture::new(revision, durability).await?;
    let nats = fixture.nats().await?;
    let due = rounded(Timestamp::now() + lead);
    let (subject, headers, body) = sample;
    let user = subject.split('.').nth(2).context("a user")?;
    let schedules = (0..reminders).map(|_| {
        let headers = headers.iter().filter(|(name, _)| !name.starts_with("Nats-Expected")).map(|(name, value)| {
            let value = if name == "Nats-Schedule" { format!("@at {due}") } else { value.clone() };
            (name.clone(), value)
        });
        (format!("at.workout_reminder_due.{user}.{}", Uuid::new_v4()), headers.collect(), body.clone())
    });
    raw::publish_pipelined(&nats, schedules.collect(), 256).await?;
    ensure!(Timestamp::now() < due, "the schedules were not set in time");
    let mut tail = Tail::open(&nats, u64::MAX).await?;
    let mut fired = 0;
    while fired < reminders {
        fired += timeout(TIMEOUT + lead.unsigned_abs(), tail.next()).await.context("a schedule did not fire")??.len();
    }
    let late = late(due, Timestamp::now());
    ensure!(streams::state(&nats, "EVENTS").await?.messages >= reminders as u64);
    Ok(late)
}

fn late(due: Timestamp, last: Timestamp) -> f64 {
    last.duration_since(due).as_secs_f64() * 1_000.0
}

/// To the second, as people set them.
fn rounded(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

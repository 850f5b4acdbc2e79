//! Live delivery: what an idle socket costs, how soon the last of many hears something, how soon a gap is filled.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use plyo_nats::publish_ephemeral;
use plyo_servers::Durability;
use tokio::{sync::mpsc, task::JoinSet, time::timeout};

use crate::{
    Bench, Scale,
    edge::{WORKOUT, WORKOUTS},
    figures::{Figures, percentile},
    fixture::{ALL, Fixture, Platform},
    http::{Http, post},
    socket::{Socket, field},
};

const SOCKETS: usize = 5_000;
const MISSED: usize = 10_000;
const TRIES: usize = 10;
const CONNECTIONS: usize = 32;

pub async fn measure(bench: Bench) -> Result<Figures> {
    let mut figures = Figures::default();
    let fixture = Fixture::new(&bench.revision, Durability::Relaxed).await?;
    let platform = fixture.serve(ALL).await?;
    idle(&fixture, &platform, bench.scale, &mut figures).await?;
    resume(&fixture, &platform, bench.scale, &mut figures).await?;
    Ok(figures)
}

async fn idle(fixture: &Fixture, platform: &Platform, scale: Scale, figures: &mut Figures) -> Result<()> {
    let sockets = scale.of(SOCKETS);
    let tokens = fixture.tokens(sockets).await?;
    let before = platform.resident_kib()?;
    let (arrived, mut arrivals) = mpsc::channel(sockets);
    let mut listening = JoinSet::new();
    for token in &tokens {
        let mut socket = Socket::connect(&platform.authority, token, None, &["me", "announcements"]).await?;
        socket.next_of("ready").await?;
        let arrived = arrived.clone();
        listening.spawn(async move {
            while let Ok(frame) = socket.next().await {
                if frame.starts_with(r#"{"t":"eph""#) && arrived.send(Instant::now()).await.is_err() {
                    break;
                }
            }
        });
    }
    tokio::time::sleep(Duration::from_millis(scale.of(30_000) as u64)).await;
    let each = platform.resident_kib()?.saturating_sub(before) as f64 / sockets as f64;
    figures.add("ws_idle_kib", each, "KiB").at_most(12.0);

    let nats = fixture.nats().await?;
    let mut last_heard = Vec::new();
    for n in 0..TRIES {
        let said = Instant::now();
        publish_ephemeral(&nats, "announcements", format!(r#"{{"maintenance":{n}}}"#).into_bytes()).await?;
        let mut last = said;
        for heard in 0..sockets {
            let arrival = timeout(Duration::from_secs(10), arrivals.recv()).await;
            last = last.max(arrival.with_context(|| format!("{heard} of {sockets} heard"))?.context("all ended")?);
        }
        last_heard.push((last - said).as_secs_f64() * 1_000.0);
    }
    let median = percentile(&mut last_heard, 0.5);
    figures.add("ws_broadcast_5000_last_ms", median, "ms").goal("< 80", median < 80.0);
    Ok(())
}

async fn resume(fixture: &Fixture, platform: &Platform, scale: Scale, figures: &mut Figures) -> Result<()> {
    let token = fixture.tokens(1).await?.remove(0);
    let cursor = {
        let mut socket = Socket::connect(&platform.authority, &token, None, &["me"]).await?;
        field(socket.next_of("welcome").await?, "head").context("a cursor")?.to_owned()
    };
    let missed = scale.of(MISSED);
    train(fixture, platform, &token, missed).await?;
    let (mut recovered, mut took) = (0, Vec::new());
    for _ in 0..TRIES {
        let started = Instant::now();
        let came = come_again(platform, &token, &cursor).await?;
        took.push(started.elapsed().as_secs_f64() * 1_000.0);
        ensure!(came.is_none_or(|came| came >= missed as u64), "only {came:?} of {missed} events");
        recovered += u32::from(came.is_some());
    }
    figures.add("resume_10000_recovered_of_10", f64::from(recovered), "").at_least(10.0);
    let median = percentile(&mut took, 0.5);
    figures.add("resume_10000_ms", median, "ms").goal("< 50", median < 50.0);
    Ok(())
}

/// Workouts of one person until so many events have come of them.
async fn train(fixture: &Fixture, platform: &Platform, token: &str, events: usize) -> Result<()> {
    let nats = fixture.nats().await?;
    let before = plyo_nats::streams::state(&nats, "EVENTS").await?.last;
    for round in 0.. {
        let mut posting = JoinSet::new();
        for connection in 0..CONNECTIONS {
            let mut http = Http::connect(&platform.authority).await?;
            let token = token.to_owned();
            posting.spawn(async move {
                for n in 0..50 {
                    let key = format!("resume-{round}-{connection}-{n}");
                    http.exchange(&post(WORKOUTS, &token, &key, "respond-async", WORKOUT), 202).await?;
                }
                Ok::<_, anyhow::Error>(())
            });
        }
        while let Some(poster) = posting.join_next().await {
            poster??;
        }
        fixture.settle(Duration::from_secs(60)).await?;
        if plyo_nats::streams::state(&nats, "EVENTS").await?.last - before >= events as u64 {
            break;
        }
    }
    Ok(())
}

/// Connects with a cursor and reads to `ready`; gives how many events came, `None` when there was a gap or a reset.
async fn come_again(platform: &Platform, token: &str, cursor: &str) -> Result<Option<u64>> {
    let mut socket = Socket::connect(&platform.authority, token, Some(cursor), &["me"]).await?;
    let mut last = cursor.to_owned();
    let mut events = 0;
    let mut whole = true;
    loop {
        let frame = timeout(Duration::from_secs(10), socket.next()).await.context("no ready")??;
        match field(frame, "t") {
            Some("evt") => {
                events += 1;
                whole &= field(frame, "p") == Some(&last);
                field(frame, "c").unwrap_or_default().clone_into(&mut last);
            }
            Some("welcome") => whole &= frame.contains(r#""mode":"replay""#),
            Some("ready") => return Ok(whole.then_some(events)),
            _ => {}
        }
    }
}

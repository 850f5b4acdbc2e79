//! From POST to `achievement.unlocked` on that client's WebSocket, at a steady rate.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use plyo_servers::Durability;
use tokio::{task::JoinSet, time::timeout};

use crate::{
    Bench,
    disk::serial_syncs,
    edge::WORKOUTS,
    figures::{Figures, percentile},
    fixture::{ALL, Fixture},
    http::{Http, post},
    socket::{Socket, field},
};

/// What each person logs, one after the other: sets of 100 repetitions with 100 kg, and what that unlocks.
const STEPS: [(usize, &str); 4] = [(0, "workouts_1"), (1, "tonnage_10_t"), (9, "tonnage_100_t"), (40, "tonnage_500_t")];
const CONNECTIONS: usize = 128;
/// How long the last push is waited for.
const TIMEOUT: Duration = Duration::from_secs(30);

pub async fn measure(bench: Bench) -> Result<Figures> {
    let mut figures = Figures::default();
    let fixture = Fixture::new(&bench.revision, Durability::Always).await?;
    let platform = fixture.serve(ALL).await?;
    // What the first ones cost, connections and plans of statements, is not what a push costs.
    let unlocked = Pushed::achievements();
    at_rate(&fixture, &platform.authority, 50, 200, &unlocked).await?;
    for (rate, seconds, most) in [(100, 10, [4.0, 10.0]), (1_000, 5, [8.0, 30.0]), (2_000, 5, [30.0, 100.0])] {
        // Five things must be on disk one after the other: the command, then twice a transaction and an event.
        let mut syncs = serial_syncs(5, 100)?;
        let limits = [percentile(&mut syncs, 0.5), percentile(&mut syncs, 0.99)];
        let mut took = at_rate(&fixture, &platform.authority, rate, bench.scale.of(rate * seconds), &unlocked).await?;
        for (share, name, limit, most) in [(0.5, "p50", limits[0], most[0]), (0.99, "p99", limits[1], most[1])] {
            let value = percentile(&mut took, share);
            let figure = figures.add(format!("push_{rate}_{name}_ms"), value, "ms");
            figure.goal(&format!("< {most}"), value < most);
            if rate == 100 {
                figure.limit(limit);
            }
        }
    }
    Ok(figures)
}

/// What each person logs, one after the other, and which push each of these brings.
#[derive(Clone)]
pub struct Pushed {
    bodies: Arc<[String]>,
    kind: &'static str,
    /// A field of the push, and its value after each; none where the kind is enough.
    field: Option<(&'static str, &'static [&'static str])>,
}

impl Pushed {
    /// Each unlocks an achievement.
    pub fn achievements() -> Self {
        const CODES: [&str; 4] = [STEPS[0].1, STEPS[1].1, STEPS[2].1, STEPS[3].1];
        let bodies = STEPS.iter().map(|(sets, _)| workout(*sets)).collect();
        Self { bodies, kind: "achievement.unlocked.v1", field: Some(("code", &CODES[..])) }
    }

    /// Each is an occasion for the coach.
    pub fn recommendations(bodies: Vec<String>) -> Self {
        Self { bodies: bodies.into(), kind: "recommendation.ready.v1", field: None }
    }

    fn is_it(&self, step: usize, frame: &str) -> bool {
        field(frame, "type") == Some(self.kind)
            && self.field.is_none_or(|(name, values)| field(frame, name) == Some(values[step]))
    }
}

/// Sends so many workouts at a rate, each of which brings a push; gives the milliseconds until each was pushed.
pub async fn at_rate(
    fixture: &Fixture,
    authority: &str,
    rate: usize,
    posts: usize,
    pushed: &Pushed,
) -> Result<Vec<f64>> {
    let steps = pushed.bodies.len();
    let people = posts.div_ceil(steps);
    let tokens = Arc::new(fixture.tokens(people).await?);
    let start = Instant::now();
    // When each was sent, in nanoseconds since the start.
    let sent: Arc<Vec<AtomicU64>> = Arc::new((0..people * steps).map(|_| AtomicU64::new(0)).collect());

    let mut listening = JoinSet::new();
    for (person, token) in tokens.iter().enumerate() {
        let mut socket = Socket::connect(authority, token, None, &["me"]).await?;
        socket.next_of("ready").await?;
        let (sent, pushed) = (Arc::clone(&sent), pushed.clone());
        listening.spawn(async move {
            let mut took = Vec::with_capacity(steps);
            for step in 0..steps {
                if step * people + person >= posts {
                    break;
                }
                loop {
                    if pushed.is_it(step, socket.next().await?) {
                        break;
                    }
                }
                let since = Duration::from_nanos(sent[step * people + person].load(Ordering::Acquire));
                took.push((start.elapsed() - since).as_secs_f64() * 1_000.0);
            }
            Ok::<_, anyhow::Error>(took)
        });
    }

    let first = start.elapsed() + Duration::from_millis(100);
    let next = Arc::new(AtomicUsize::new(0));
    let mut sending = JoinSet::new();
    for _ in 0..CONNECTIONS.min(posts) {
        let mut http = Http::connect(authority).await?;
        let (tokens, sent, next, bodies) =
            (Arc::clone(&tokens), Arc::clone(&sent), Arc::clone(&next), Arc::clone(&pushed.bodies));
        sending.spawn(async move {
            loop {
                let n = next.fetch_add(1, Ordering::AcqRel);
                if n >= posts {
                    return Ok::<_, anyhow::Error>(());
                }
                // The n-th is due then; one that cannot be sent in time has been waiting since.
                let due = first + Duration::from_secs_f64(n as f64 / rate as f64);
                let mut since = due;
                if start.elapsed() < due {
                    tokio::time::sleep_until((start + due).into()).await;
                    since = start.elapsed();
                }
                sent[n].store(since.as_nanos() as u64, Ordering::Release);
                let (step, person) = (n / people, n % people);
                let request = post(WORKOUTS, &tokens[person], &format!("push-{step}"), "wait=10", &bodies[step]);
                http.exchange(&request, 201).await?;
            }
        });
    }
    while let Some(sender) = sending.join_next().await {
        sender??;
    }
    let mut took = Vec::with_capacity(posts);
    let all = async {
        while let Some(listener) = listening.join_next().await {
            took.extend(listener??);
        }
        Ok::<_, anyhow::Error>(())
    };
    timeout(TIMEOUT, all).await.context("a push did not come")??;
    ensure!(took.len() == posts, "{} of {posts} were pushed", took.len());
    Ok(took)
}

/// A warm-up set, then so many of ten tonnes each.
fn workout(sets: usize) -> String {
    let heavy = vec![r#"{"reps":100,"load":{"kg":100}}"#; sets];
    let sets = [vec![r#"{"reps":5,"load":{"kg":20}}"#], heavy].concat().join(",");
    format!(
        r#"{{"started_at":"2026-11-02T18:30:00+01:00","exercises":[{{"exercise":"barbell-deadlift","sets":[{sets}]}}]}}"#
    )
}

//! How fast a backlog is drained through all reactions, and how fast tables are folded again from the history.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use plyo::{demo::training, platform, servers::Durability};
use plyo_nats::{
    replay::{Purpose, Replay, shadow_schema},
    streams,
};
use tokio::task::JoinSet;

use crate::{
    Scale,
    edge::WORKOUTS,
    figures::Figures,
    ground::Ground,
    http::{Http, post},
    name_of,
};

/// People who log twelve weeks of training each, as in the demo.
const PEOPLE: usize = 400;
const CONNECTIONS: usize = 100;
const PATIENCE: Duration = Duration::from_secs(120);

pub async fn measure(scale: Scale) -> Result<Figures> {
    let mut figures = Figures::default();
    for (durability, least) in [(Durability::Always, 4_000.0), (Durability::Relaxed, 6_000.0)] {
        let ground = Ground::new(durability).await?;
        let commands = fill(&ground, scale.of(PEOPLE)).await?;
        let started = Instant::now();
        let platform = ground.serve("edge,user,workout,achievement,notification").await?;
        ground.settle(PATIENCE).await?;
        let per_second = commands as f64 / started.elapsed().as_secs_f64();
        figures.add(format!("pipeline_{}_per_s", name_of(durability)), per_second, "/s").at_least(least);
        let events = streams::state(&ground.nats().await?, "EVENTS").await?.last;
        eprintln!("  {commands} commands came to {events} events");
        drop(platform);
        if durability == Durability::Relaxed {
            figures.add("rebuild_per_s", rebuild(&ground).await?, "/s").at_least(40_000.0);
        }
    }
    Ok(figures)
}

/// Twelve weeks of everybody, posted while no service runs; gives how many commands that is.
async fn fill(ground: &Ground, people: usize) -> Result<u64> {
    let platform = ground.serve("edge,user").await?;
    let tokens = Arc::new(ground.tokens(people).await?);
    let today = jiff::civil::date(2026, 11, 24);
    let workouts: Arc<Vec<String>> = Arc::new(training::twelve_weeks(today).iter().map(ToString::to_string).collect());
    let mut posting = JoinSet::new();
    for first in 0..CONNECTIONS.min(people) {
        let mut http = Http::connect(&platform.authority).await?;
        let (tokens, workouts) = (Arc::clone(&tokens), Arc::clone(&workouts));
        posting.spawn(async move {
            // Week by week, so that those who train at the same time follow each other.
            for (n, workout) in workouts.iter().enumerate() {
                for token in tokens.iter().skip(first).step_by(CONNECTIONS) {
                    let request = post(WORKOUTS, token, &format!("week-{n}"), "respond-async", workout);
                    http.exchange(&request, 202).await?;
                }
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(poster) = posting.join_next().await {
        poster??;
    }
    let waiting = streams::state(&ground.nats().await?, "COMMANDS").await?.messages;
    ensure!(waiting == (people * workouts.len()) as u64, "{waiting} commands wait");
    Ok(waiting)
}

/// Events read per second while the achievement service's tables are folded again and put in place.
async fn rebuild(ground: &Ground) -> Result<f64> {
    let service = platform::service("achievement", &ground.surroundings()).await?;
    let shadow = shadow_schema("achievement");
    plyo_migrations::create_shadow(&ground.dsn(), "achievement", &shadow).await?;
    let purpose = Purpose::Rebuild { mended: false, new_history: false };
    let replay = Replay { nats: ground.nats().await?, dsn: ground.dsn(), purpose, progress: |_, _| {} };
    let report = service.replay(replay).await.context("rebuild")?;
    Ok(report.read as f64 / report.seconds)
}

//! What a platform remembers of people: how much its resident memory grows while a hundred thousand log a workout each.

use std::{sync::Arc, time::Duration};

use anyhow::Result;
use plyo_servers::Durability;
use tokio::task::JoinSet;

use crate::{
    Bench,
    edge::{WORKOUT, WORKOUTS},
    figures::Figures,
    fixture::{ALL, Fixture},
    http::{Http, post},
};

const PEOPLE: usize = 100_000;
const CONNECTIONS: usize = 64;
const TIMEOUT: Duration = Duration::from_secs(300);

pub async fn measure(bench: Bench) -> Result<Figures> {
    let fixture = Fixture::new(&bench.revision, Durability::Relaxed).await?;
    let platform = fixture.serve(ALL).await?;
    let tokens = Arc::new(fixture.tokens(bench.scale.of(PEOPLE)).await?);
    let before = platform.resident_kib()?;
    let mut posting = JoinSet::new();
    for first in 0..CONNECTIONS {
        let mut http = Http::connect(&platform.authority).await?;
        let tokens = Arc::clone(&tokens);
        posting.spawn(async move {
            for token in tokens.iter().skip(first).step_by(CONNECTIONS) {
                http.exchange(&post(WORKOUTS, token, "one", "respond-async", WORKOUT), 202).await?;
            }
            Ok::<_, anyhow::Error>(())
        });
    }
    while let Some(poster) = posting.join_next().await {
        poster??;
    }
    fixture.settle(TIMEOUT).await?;
    let after = platform.resident_kib()?;
    eprintln!("  {} people: from {} MiB to {} MiB", tokens.len(), before / 1_024, after / 1_024);
    let mut figures = Figures::default();
    figures.add("memory_100000_mib", after.saturating_sub(before) as f64 / 1_024.0, "MiB").at_most(256.0);
    Ok(figures)
}

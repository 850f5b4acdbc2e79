//! One workout over HTTP, authenticated.

use std::time::Duration;

use anyhow::{Context, Result};
use plyo_servers::Durability;

use crate::{
    Bench,
    edge::{WORKOUT, WORKOUTS},
    figures::{Figures, percentile},
    fixture::{ALL, Fixture},
    http::{Http, get, hammer, post},
};

const CONNECTIONS: usize = 64;

pub async fn measure(bench: Bench) -> Result<Figures> {
    let fixture = Fixture::new(&bench.revision, Durability::Relaxed).await?;
    let platform = fixture.serve(ALL).await?;
    let mut requests = Vec::with_capacity(CONNECTIONS);
    let mut http = Http::connect(&platform.authority).await?;
    for token in fixture.tokens(CONNECTIONS).await? {
        let saved = http.exchange(&post(WORKOUTS, &token, "one", "wait=10", WORKOUT), 201).await?;
        let saved: serde_json::Value = serde_json::from_slice(saved)?;
        let id = saved["workout_id"].as_str().context("a workout id")?;
        requests.push(get(&format!("{WORKOUTS}/{id}"), &token));
    }
    let lasting = Duration::from_millis(bench.scale.of(5_000) as u64);
    let mut load =
        hammer(&platform.authority, CONNECTIONS, lasting, 200, move |connection, _| requests[connection].clone())
            .await?;
    let mut figures = Figures::default();
    figures.add("query_per_s", load.per_second, "/s").at_least(15_000.0);
    let p99 = percentile(&mut load.took, 0.99);
    figures.add("query_p99_ms", p99, "ms").goal("< 15", p99 < 15.0);
    Ok(figures)
}

//! How many commands an edge stores: POST → validated, authenticated → PubAck → 202, while no service runs.

use std::{sync::Arc, time::Duration};

use anyhow::{Context, Result};
use plyo_nats::{raw, streams};
use plyo_servers::{Durability, settled::command_streams};
use uuid::Uuid;

use crate::{
    Bench,
    figures::{Figures, percentile},
    fixture::Fixture,
    http::{Http, hammer, post},
    name_of,
};

const CONNECTIONS: usize = 256;
pub const WORKOUTS: &str = "/api/v1/workouts";

/// One session of a week, as many log it.
pub const WORKOUT: &str = r#"{"started_at":"2026-11-02T18:30:00+01:00","ended_at":"2026-11-02T19:21:00+01:00","exercises":[{"exercise":"barbell-back-squat","sets":[{"reps":5,"load":{"kg":80},"rpe":7},{"reps":5,"load":{"kg":80},"rpe":7.5},{"reps":5,"load":{"kg":80},"rpe":8}]},{"exercise":"leg-press","sets":[{"reps":10,"load":{"kg":140},"rpe":7},{"reps":10,"load":{"kg":140},"rpe":7.5},{"reps":10,"load":{"kg":140},"rpe":8}]},{"exercise":"plank","sets":[{"duration_s":50,"rpe":7},{"duration_s":50,"rpe":7.5}]}]}"#;

pub async fn measure(bench: Bench) -> Result<Figures> {
    let mut figures = Figures::default();
    for durability in [Durability::Always, Durability::Relaxed] {
        measure_at(durability, &bench, &mut figures).await?;
    }
    Ok(figures)
}

async fn measure_at(durability: Durability, bench: &Bench, figures: &mut Figures) -> Result<()> {
    let fixture = Fixture::new(&bench.revision, durability).await?;
    let nats = fixture.nats().await?;
    let platform = fixture.serve("edge,user").await?;
    let tokens = Arc::new(fixture.tokens(CONNECTIONS).await?);

    let overheard = raw::overhear(&nats, "cmd.>").await?;
    let request = post(WORKOUTS, &tokens[0], "first", "respond-async", WORKOUT);
    Http::connect(&platform.authority).await?.exchange(&request, 202).await?;
    let sample = overheard.await.context("a command")?;

    let lasting = Duration::from_millis(bench.scale.of(8_000) as u64);
    let mut load = hammer(&platform.authority, CONNECTIONS, lasting, 202, move |connection, n| {
        let key = format!("bench-{connection}-{n}");
        post(WORKOUTS, &tokens[connection], &key, "respond-async", WORKOUT)
    })
    .await?;
    drop(platform);

    for stream in command_streams(&nats).await? {
        streams::purge(&nats, &stream.name).await?;
    }
    let copies = bench.scale.of(60_000);
    let messages: Vec<_> = (0..copies).map(|_| anew(&sample)).collect();
    let took = match durability {
        Durability::Always => raw::publish_batches(&nats, messages, 256).await?,
        Durability::Relaxed => raw::publish_pipelined(&nats, messages, 1_024).await?,
    };
    let limit = copies as f64 / took.as_secs_f64();

    let name = name_of(durability);
    let (p99, per_second) = (percentile(&mut load.took, 0.99), load.per_second);
    let rate = figures.add(format!("edge_{name}_per_s"), per_second, "/s").limit(limit);
    match durability {
        Durability::Always => {
            rate.goal("≥ 20,000", per_second >= 20_000.0);
            figures.add("edge_durable_p99_ms", p99, "ms").goal("< 40", p99 < 40.0);
        }
        Durability::Relaxed => {
            rate.goal("ratio ≥ 0.40", per_second / limit >= 0.40);
            figures.add("edge_relaxed_p99_ms", p99, "ms").goal("< 20", p99 < 20.0);
        }
    }
    Ok(())
}

/// The same message under an id of its own, of the same length.
fn anew((subject, headers, body): &raw::Raw) -> raw::Raw {
    let id = Uuid::now_v7().to_string();
    let headers = headers.iter().map(|(name, value)| {
        let is_id = ["ce-id", "ce-correlationid", "Nats-Msg-Id"].contains(&name.as_str());
        (name.clone(), if is_id { id.clone() } else { value.clone() })
    });
    (subject.clone(), headers.collect(), body.clone())
}

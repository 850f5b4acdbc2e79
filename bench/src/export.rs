//! How fast all that there is of somebody becomes a file.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::Timestamp;
use plyo_client::Client;
use plyo_nats::raw::{self, Raw};
use plyo_servers::Durability;
use serde_json::json;
use uuid::Uuid;

use crate::{
    Bench,
    figures::Figures,
    fixture::{ALL, Fixture},
};

/// Of somebody who has trained for decades.
const EVENTS: usize = 50_000;
/// Of everybody else, between them.
const OTHERS: usize = 10;
const IN_FLIGHT: usize = 2_000;
/// Longer than any export that is measured.
const PATIENCE: Duration = Duration::from_secs(120);

pub async fn measure(bench: Bench) -> Result<Figures> {
    let fixture = Fixture::new(&bench.revision, Durability::Relaxed).await?;
    let nats = fixture.nats().await?;
    let platform = fixture.serve(ALL).await?;
    let mut client = Client::new(&format!("http://{}", platform.authority))?;
    let credentials = json!({ "email": "ada@example.org", "password": "long enough" });
    client.post("/api/v1/auth/register", &credentials).await?.success()?;
    let tokens = client.post("/api/v1/auth/login", &credentials).await?.success()?;
    let user: Uuid = tokens["user_id"].as_str().context("a user")?.parse()?;
    client.set_token(tokens["access_token"].as_str().context("a token")?);
    let people: Vec<Uuid> = (0..OTHERS).map(|_| Uuid::new_v4()).collect();
    let mut events = Vec::new();
    for _ in 0..bench.scale.of(EVENTS) {
        events.push(event(user)?);
        if events.len() == IN_FLIGHT {
            events.extend(people.iter().map(|person| event(*person)).collect::<Result<Vec<_>>>()?);
            raw::publish_pipelined(&nats, std::mem::take(&mut events), IN_FLIGHT).await?;
        }
    }
    raw::publish_pipelined(&nats, events, IN_FLIGHT).await?;
    fixture.settle(PATIENCE).await?;
    let started = Instant::now();
    client.post("/api/v1/me/export", &json!({ "password": "long enough" })).await?.success()?;
    let file = loop {
        let export = client.get("/api/v1/me/export").await?.success()?;
        if export["stage"] == "completed" {
            break export["file"].clone();
        }
        ensure!(started.elapsed() < PATIENCE, "the export does not end: {export}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    let took = started.elapsed();
    eprintln!("{} events became {} bytes", file["events"], file["bytes"]);
    let per_second = file["events"].as_f64().context("how many events there are")? / took.as_secs_f64();
    let mut figures = Figures::default();
    figures.add("export_events_per_s", per_second, "/s").at_least(20_000.0);
    Ok(figures)
}

/// Like a workout of a few exercises, of a service that there is not, so that nobody reads it.
fn event(person: Uuid) -> Result<Raw> {
    let set = json!({ "reps": 5, "load": { "kg": 62.5 }, "rpe": 8.5 });
    let exercise = |name: &str| json!({ "exercise": name, "sets": [set, set, set] });
    let body = json!({ "workout_id": Uuid::new_v4(), "revision": 1, "started_at": "2026-10-07T17:30:00Z", "exercises": [
        exercise("barbell-bench-press"), exercise("barbell-back-squat"), exercise("pull-up")] });
    let headers = [
        ("ce-specversion", "1.0".to_owned()),
        ("ce-id", Uuid::new_v4().to_string()),
        ("ce-type", "elsewhere.trained.v1".to_owned()),
        ("ce-source", "plyo/elsewhere".to_owned()),
        ("ce-time", Timestamp::now().to_string()),
        ("ce-datacontenttype", "application/msgpack".to_owned()),
        ("ce-causationid", Uuid::new_v4().to_string()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    Ok((format!("evt.elsewhere.trained.{person}"), headers, rmp_serde::to_vec_named(&body)?))
}

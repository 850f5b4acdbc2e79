//! How long it takes until nothing is left of somebody, among a long history of others.

use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp};
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

const MESSAGES: usize = 1_000_000;
const PEOPLE: usize = 10_000;
const BODY: usize = 400;
const IN_FLIGHT: usize = 2_000;
const WORKOUTS: i64 = 200;
/// Longer than any erasure that is measured.
const PATIENCE: Duration = Duration::from_secs(120);

pub async fn measure(bench: Bench) -> Result<Figures> {
    let fixture = Fixture::new(&bench.revision, Durability::Relaxed).await?;
    let nats = fixture.nats().await?;
    let people: Vec<Uuid> = (0..PEOPLE).map(|_| Uuid::new_v4()).collect();
    let half = bench.scale.of(MESSAGES) / PEOPLE / 2;
    // Of a service that there is not, so that nobody reads them.
    let others = async |rounds: usize| -> Result<()> {
        for _ in 0..rounds {
            let posts = people.iter().map(|person| post(*person)).collect();
            raw::publish_pipelined(&nats, posts, IN_FLIGHT).await?;
        }
        Ok(())
    };
    others(half).await?;
    let platform = fixture.serve(ALL).await?;
    let mut client = Client::new(&format!("http://{}", platform.authority))?;
    let credentials = json!({ "email": "ada@example.org", "password": "long enough" });
    client.post("/api/v1/auth/register", &credentials).await?.success()?;
    let tokens = client.post("/api/v1/auth/login", &credentials).await?.success()?;
    client.set_token(tokens["access_token"].as_str().context("a token")?);
    let first = Timestamp::now() - SignedDuration::from_hours(24 * (WORKOUTS + 1));
    for day in 0..WORKOUTS {
        let started_at = (first + SignedDuration::from_hours(24 * day)).to_string();
        let workout = json!({ "started_at": started_at, "exercises": [
            { "exercise": "barbell-bench-press", "sets": [{ "reps": 5, "load": { "kg": 60 }, "rpe": 8 }] }] });
        client.post("/api/v1/workouts", &workout).await?.success()?;
        // Between theirs are those of others, as in life.
        others(half / usize::try_from(WORKOUTS)?).await?;
    }
    fixture.settle(PATIENCE).await?;
    let started = Instant::now();
    let body = json!({ "password": "long enough", "at_once": true }).to_string();
    let erased = client.send("DELETE", "/api/v1/me", &[], Some(body)).await?.success()?;
    let receipt = format!("/api/v1/erasures/{}", erased["user_id"].as_str().context("a receipt")?);
    let events = loop {
        let found = client.get(&receipt).await?.success()?;
        if found["stage"] == "completed" {
            break found["events"].as_u64().unwrap_or(0);
        }
        ensure!(started.elapsed() < PATIENCE, "the erasure does not end: {found}");
        tokio::time::sleep(Duration::from_millis(2)).await;
    };
    let took = started.elapsed();
    eprintln!("{events} events were removed");
    let mut figures = Figures::default();
    figures.add("erase_user_ms", took.as_secs_f64() * 1_000.0, "ms").at_most(2_000.0);
    Ok(figures)
}

fn post(person: Uuid) -> Raw {
    let headers = vec![
        ("ce-specversion".to_owned(), "1.0".to_owned()),
        ("ce-id".to_owned(), Uuid::new_v4().to_string()),
        ("ce-type".to_owned(), "social.posted.v1".to_owned()),
        ("ce-source".to_owned(), "plyo/social".to_owned()),
        ("ce-time".to_owned(), Timestamp::now().to_string()),
    ];
    (format!("evt.social.posted.{person}"), headers, vec![0; BODY])
}

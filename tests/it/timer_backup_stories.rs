//! Timers in a backup: one that fires while its stream's snapshot is taken is not lost, and what `EVENTS` has taken from
//! `SCHEDULE` it does not take again when the broker has made another stream of it.

use std::time::Duration;

use jiff::Timestamp;
use plyo_nats::{
    Nats,
    backup::{self, Put, Snapshot, TimersSince},
    raw, streams,
};
use serde_json::Value;
use uuid::Uuid;

use crate::platform::{Fixture, eventually};

/// A stream as its snapshot has it.
struct Taken {
    config: Value,
    state: Value,
    chunks: Vec<Vec<u8>>,
}

async fn take(mut snapshot: Snapshot) -> Taken {
    let mut chunks = Vec::new();
    while let Some(chunk) = snapshot.next().await.unwrap() {
        chunks.push(chunk.to_vec());
    }
    let Snapshot { config, state, .. } = snapshot;
    Taken { config, state, chunks }
}

/// Both streams and what changed meanwhile, in the place of those that are there.
async fn restore(fixture: &Fixture, events: &Taken, schedule: &Taken, lines: &[String]) {
    let nats = fixture.nats().await;
    for name in ["EVENTS", "SCHEDULE"] {
        streams::delete(&nats, name).await.unwrap();
    }
    for taken in [events, schedule] {
        let config = backup::config_of_restored(taken.config.clone(), 1, &[]);
        let put = Put::begin(&nats, &config, &taken.state).await.unwrap();
        for chunk in taken.chunks.iter().flat_map(|chunk| chunk.chunks(Put::CHUNK)) {
            put.chunk(chunk.to_vec().into()).await.unwrap();
        }
        put.end().await.unwrap();
    }
    let end = schedule.state["last_seq"].as_u64().unwrap();
    backup::put_timers(&nats, lines, end).await.unwrap();
    streams::apply(&nats, &fixture.config().streams()).await.unwrap();
}

/// Comes due in a moment.
async fn set_timer(nats: &Nats, user: Uuid) {
    let due = Timestamp::now() + Duration::from_millis(1_500);
    let headers = [
        ("ce-id", Uuid::new_v4().to_string()),
        ("Nats-Schedule", format!("@at {due}")),
        ("Nats-Schedule-Target", format!("due.workout_reminder_due.{user}")),
        ("Nats-Schedule-TTL", "24h".to_owned()),
    ];
    let headers = headers.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let timer = (format!("at.workout_reminder_due.{user}.{}", Uuid::new_v4()), headers, b"body".to_vec());
    raw::publish_pipelined(nats, vec![timer], 1).await.unwrap();
}

async fn events(nats: &Nats) -> u64 {
    streams::state(nats, "EVENTS").await.unwrap().messages
}

/// Waits until `EVENTS` has so many; more are too many.
async fn has(nats: &Nats, wanted: u64) {
    eventually("EVENTS has what came due", Duration::from_secs(30), async || {
        Ok((events(nats).await >= wanted).then_some(()))
    })
    .await;
    assert_eq!(events(nats).await, wanted);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_timer_that_fires_while_its_stream_is_copied_comes_once_after_the_restore() {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    // More than the broker reads ahead, so that what stands behind it is read when its time is past.
    let filler = (0..24).map(|number| {
        let body: Vec<u8> = (0..50_000).flat_map(|_| Uuid::new_v4().into_bytes()).collect();
        (format!("at.filler.none.{number}"), Vec::new(), body)
    });
    raw::publish_pipelined(&nats, filler.collect(), 4).await.unwrap();
    set_timer(&nats, Uuid::new_v4()).await;
    let before = take(Snapshot::begin(&nats, "EVENTS", false).await.unwrap()).await;
    let schedule = Snapshot::begin(&nats, "SCHEDULE", false).await.unwrap();
    has(&nats, 1).await;
    let schedule = take(schedule).await;
    let mut since = TimersSince::begin(&nats, schedule.state["last_seq"].as_u64().unwrap()).await.unwrap();
    let mut lines = Vec::new();
    while let Some(line) = since.next().await.unwrap() {
        lines.push(line);
    }
    assert_eq!(lines.len(), 1);

    // The snapshot alone has nothing of it.
    restore(&fixture, &before, &schedule, &[]).await;
    for filter in ["at.workout_reminder_due.>", "due.>"] {
        assert_eq!(streams::last_matching(&nats, "SCHEDULE", filter).await.unwrap(), 0, "{filter}");
    }
    restore(&fixture, &before, &schedule, &lines).await;
    has(&nats, 1).await;

    // Now EVENTS has it: what comes after it is taken, and it is not taken again.
    let after = take(Snapshot::begin(&nats, "EVENTS", false).await.unwrap()).await;
    let schedule = take(Snapshot::begin(&nats, "SCHEDULE", false).await.unwrap()).await;
    restore(&fixture, &after, &schedule, &[]).await;
    set_timer(&nats, Uuid::new_v4()).await;
    has(&nats, 2).await;
}

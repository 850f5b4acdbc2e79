//! What an event costs an edge that nobody listens at.

use std::{fs, path::Path, sync::Arc, time::Instant};

use jiff::Timestamp;
use plyo_events::{Message, UserId};
use plyo_nats::{Encoded, Stored};
use uuid::Uuid;

use super::fixture::EPOCH;
use crate::{
    caller::Callers,
    live::{Hub, frames::Format, rendered::Place},
};

/// Workouts about so many people.
fn workouts(count: u64) -> Vec<Stored> {
    let example = "../schemas/examples/workout.completed.v1/squat-day-in-kilograms.msgpack";
    let body = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(example)).unwrap();
    let about: Vec<UserId> = (0..100).map(|_| UserId::mint()).collect();
    let workout = |sequence: u64| {
        let (about, body) = (about[sequence as usize % 100], Encoded::MessagePack(body.clone().into()));
        let message = Message::first(Uuid::now_v7(), about, Timestamp::now(), body);
        Stored { sequence, type_name: "workout.completed.v1".to_owned(), message }
    };
    (1..=count).map(workout).collect()
}

/// `cargo test --release -p plyo-edge unheard -- --nocapture` prints both figures.
#[test]
fn an_event_that_nobody_listens_to_is_not_rendered() {
    const COUNT: u64 = 20_000;
    let hub = Hub::new(EPOCH, 0, 2 * COUNT as usize, Arc::new(Callers::default()));
    let events = workouts(COUNT);
    let subject = events[0].message.subject;
    let started = Instant::now();
    for chunk in events.chunks(256).map(<[Stored]>::to_vec) {
        hub.append(chunk);
    }
    let unheard = started.elapsed();
    let missed = hub.missed(EPOCH, &[subject], 0, usize::MAX).ok().unwrap();
    assert!(missed.events.len() > 100 && missed.events.iter().all(|(.., event)| !event.is_rendered()));
    let started = Instant::now();
    for (sequence, _, event) in &missed.events {
        let place = Place { epoch: EPOCH, sequence: *sequence, previous: 0, topic: "me" };
        drop(event.frame(place, Format::Json));
        assert!(event.is_rendered());
    }
    let (unheard, heard) =
        (unheard.as_secs_f64() / COUNT as f64, started.elapsed().as_secs_f64() / missed.events.len() as f64);
    println!("{:.2} µs an event, {:.2} µs more for the first who listens", unheard * 1e6, heard * 1e6);
}

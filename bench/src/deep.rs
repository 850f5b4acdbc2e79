//! How fast `plyo verify --deep` looks at every message of a long history.

use anyhow::{Context, Result};
use jiff::Timestamp;
use plyo_events::EventId;
use plyo_nats::raw::{self, Raw};
use plyo_servers::Durability;
use uuid::Uuid;

use crate::{Bench, figures::Figures, fixture::Fixture};

const MESSAGES: usize = 1_000_000;
const PEOPLE: usize = 10_000;
/// What a workout of a few exercises has.
const BODY: usize = 400;
const IN_FLIGHT: usize = 2_000;

pub async fn measure(bench: Bench) -> Result<Figures> {
    let fixture = Fixture::new(&bench.revision, Durability::Relaxed).await?;
    let nats = fixture.nats().await?;
    // A timer begins each person's chain: what comes from the clock need not name a cause.
    let mut people: Vec<(Uuid, Uuid)> = (0..PEOPLE).map(|_| (Uuid::new_v4(), Uuid::new_v4())).collect();
    let firsts = people.iter().map(|(person, id)| event("clock.workout_reminder_due", *person, *id, None));
    raw::publish_pipelined(&nats, firsts.collect(), IN_FLIGHT).await?;
    for _ in 1..bench.scale.of(MESSAGES) / PEOPLE {
        let next = people.iter_mut().map(|(person, last)| {
            let (id, cause) = (EventId::derive(*last, "workout/0").uuid(), *last);
            *last = id;
            event("workout.completed", *person, id, Some(cause))
        });
        raw::publish_pipelined(&nats, next.collect(), IN_FLIGHT).await?;
    }
    let said = fixture.operate(&["verify", "--deep"])?;
    eprintln!("{said}");
    // `EVENTS: 1000000 messages from 1 to 1000000 were read in 4.00 s (250000/s)`
    let per_second = said.split_once('(').and_then(|(_, rest)| rest.split_once("/s)")?.0.parse().ok());
    let mut figures = Figures::default();
    let per_second: f64 = per_second.with_context(|| format!("how fast it was: {said}"))?;
    figures.add("verify_deep_per_s", per_second, "/s").at_least(150_000.0);
    Ok(figures)
}

/// With the headers of a service's event.
fn event(kind: &str, person: Uuid, id: Uuid, cause: Option<Uuid>) -> Raw {
    let mut headers = vec![
        ("ce-specversion".to_owned(), "1.0".to_owned()),
        ("ce-id".to_owned(), id.to_string()),
        ("ce-type".to_owned(), format!("{kind}.v1")),
        ("ce-source".to_owned(), "plyo/workout".to_owned()),
        ("ce-time".to_owned(), Timestamp::now().to_string()),
        ("ce-datacontenttype".to_owned(), "application/msgpack".to_owned()),
    ];
    headers.extend(cause.map(|cause| ("ce-causationid".to_owned(), cause.to_string())));
    (format!("evt.{kind}.{person}"), headers, vec![0; BODY])
}

//! What `EVENTS` lacks since people were erased, which is not lost.

use std::collections::HashMap;

use anyhow::Result;
use plyo_events::{Event, EventKind};

use crate::broker::{Nats, reader::Reader, streams, wire};

/// How many events the erasures have removed, or are about to: their second events say it.
///
/// # Errors
/// When nats-server does not answer.
pub async fn messages(nats: &Nats) -> Result<u64> {
    let kind = EventKind::ErasurePrepared;
    let filter = format!("evt.*.{}.{}.*", kind.service(), kind.fact());
    let end = streams::state(nats, "EVENTS").await?.last;
    let mut reader = Reader::create(nats, "EVENTS", streams::tail_consumer("erased", &filter, 1)).await?;
    let mut by_person = HashMap::new();
    while let Some(received) = reader.counted(end + 1).await? {
        let kind = wire::event_kind(&received.subject, &received.headers)?;
        let event = wire::event(kind, &received.subject, &received.headers, &received.body, received.stored_at())?;
        if let Event::ErasurePrepared(prepared) = event.body {
            by_person.insert(event.subject, prepared.events);
        }
    }
    Ok(by_person.values().sum())
}

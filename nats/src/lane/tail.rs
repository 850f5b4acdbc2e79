//! What earlier owners of a lane published that its tables lack, read from the end of `EVENTS`.

use std::collections::HashSet;

use uuid::Uuid;

use super::{fence, outbox::Outgoing, position::Position, session::Session};
use crate::{
    broker::{
        Nats,
        reader::{Reader, Received},
        streams,
        subject::partition,
        wire::{self, Origin},
    },
    failure::Failure,
};

/// An own event from the tail of `EVENTS`.
pub(crate) struct Own {
    pub sequence: u64,
    pub cause: Uuid,
}

/// The lane's own events in `EVENTS` after the last one that its tables know.
#[derive(Default)]
pub(crate) struct Tail {
    /// Those also in the outbox.
    pub published: HashSet<Uuid>,
    /// Those that the tables lack.
    pub lost: Vec<Own>,
}

/// Reads from `confirmed` up to the owner's epoch marker.
pub(crate) async fn look(
    session: &mut Session,
    nats: &Nats,
    fence: &fence::Fence,
    position: &Position,
    outbox: &[Outgoing],
) -> Result<Tail, Failure> {
    let lane = fence.lane;
    let mut config = streams::tail_consumer(lane.service, &lane.own_filter(), position.confirmed + 1);
    config["headers_only"] = true.into();
    let mut reader = Reader::create(nats, "EVENTS", config).await?;
    let known: HashSet<Uuid> = outbox.iter().filter_map(Outgoing::id).collect();
    let mut tail = Tail::default();
    while let Some(received) = reader.counted(fence.events).await? {
        session.keep_alive().await?;
        let Received { subject, headers, sequence, .. } = received;
        if !partition(&subject).is_some_and(|partition| lane.covers(partition)) {
            continue;
        }
        // Anything but an event did not come from a lane.
        let Ok(Origin { id, cause }) = wire::origin(&subject, &headers, sequence, false) else { continue };
        if known.contains(&id) {
            tail.published.insert(id);
        } else {
            tail.lost.push(Own { sequence, cause: cause.unwrap_or(id) });
        }
    }
    Ok(tail)
}

//! The fence: once a lane is taken, the broker refuses what an earlier owner still sends.

use async_nats::HeaderMap;
use bytes::Bytes;
use uuid::Uuid;

use super::{
    outbox::{Outgoing, Target},
    which::Lane,
};
use crate::{
    broker::{Nats, wire},
    failure::Failure,
};

/// The epoch markers of an owner: each of its publishes expects them to be the newest ones.
#[derive(Clone, Debug)]
pub(crate) struct Fence {
    pub lane: Lane,
    pub events: u64,
    /// The id of the epoch marker in `EVENTS`.
    pub events_id: Uuid,
    schedule: u64,
}

impl Fence {
    /// Publishes the lane's epoch markers to both streams.
    pub(crate) async fn put_up(nats: &Nats, lane: Lane) -> Result<Self, Failure> {
        let events_id = Uuid::new_v4();
        let events = publish_marker(nats, lane.epoch_marker(), events_id).await?;
        let schedule = publish_marker(nats, lane.schedule_marker(), events_id).await?;
        Ok(Self { lane, events, events_id, schedule })
    }

    pub(crate) fn stamp(&self, message: &mut Outgoing) {
        let (sequence, subject) = match message.target {
            Target::Events => (self.events, self.lane.epoch_marker()),
            Target::Schedule => (self.schedule, self.lane.schedule_marker()),
            Target::Dead | Target::Commands => return,
        };
        wire::set(&mut message.headers, "Nats-Expected-Last-Subject-Sequence", sequence.to_string());
        wire::set(&mut message.headers, "Nats-Expected-Last-Subject-Sequence-Subject", subject);
    }
}

/// Has an id, by which it is recognised.
async fn publish_marker(nats: &Nats, subject: String, id: Uuid) -> Result<u64, Failure> {
    let mut headers = HeaderMap::new();
    wire::set(&mut headers, wire::CE_ID, id.to_string());
    let ack = nats.publish(subject.clone(), headers, Bytes::new()).await?.await;
    Ok(ack.map_err(|error| Failure::from(error).context(format!("publish the epoch marker {subject}")))?.seq)
}

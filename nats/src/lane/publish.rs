//! Publishes an outbox to the streams: fenced, and waiting for each PubAck.

use uuid::Uuid;

use super::{
    Fence,
    letter::Letter,
    outbox::{Outgoing, Target},
    which::Lane,
};
use crate::{
    broker::{
        Nats,
        pub_acks::{PubAck, PublishError},
        streams, wire,
    },
    failpoint::failpoint,
    failure::Failure,
};

/// How to publish several messages to one stream with the same fence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Mode {
    /// Up to this many are published plainly and pipelined; more as one atomic batch.
    pub pipelined: usize,
}

/// The server's limit for an atomic batch is 1,000.
const ATOMIC: usize = 900;

impl Mode {
    /// What is best for a stream with this many replicas. A replicated one checks a fence for one publish at a time, or for
    /// an atomic batch. Otherwise, on a server that syncs each write, a batch is synced once but costs more than a few
    /// syncs; without syncs it gains nothing.
    pub(crate) const fn of(replicas: u64, syncs_each_write: bool) -> Self {
        Self {
            pipelined: match (replicas, syncs_each_write) {
                (2.., _) => 1,
                (_, true) => 8,
                (_, false) => usize::MAX,
            },
        }
    }
}

/// Publishes dead letters, then timers one by one, then commands and events, waiting for every PubAck. Returns the last
/// sequence in `EVENTS`, if there was an event.
pub(crate) async fn publish(
    nats: &Nats,
    fence: &Fence,
    mode: Mode,
    messages: Vec<Outgoing>,
) -> Result<Option<u64>, Failure> {
    let (mut events, others): (Vec<_>, Vec<_>) =
        messages.into_iter().partition(|message| message.target == Target::Events);
    let (commands, others): (Vec<_>, Vec<_>) =
        others.into_iter().partition(|message| message.target == Target::Commands);
    let (dead, timers): (Vec<_>, Vec<_>) = others.into_iter().partition(|message| message.target == Target::Dead);
    for message in dead.into_iter().chain(timers) {
        send_fenced(nats, fence, message).await?.await?;
        failpoint!("publish");
    }
    publish_commands(nats, fence.lane, commands).await?;
    let mut last = None;
    if events.len() <= mode.pipelined {
        let mut acks = Vec::with_capacity(events.len());
        for event in events {
            acks.push(send_fenced(nats, fence, event).await?);
            failpoint!("publish");
        }
        for ack in acks {
            last = Some(ack.await?.seq);
        }
        return Ok(last);
    }
    while !events.is_empty() {
        let rest = events.split_off(events.len().min(ATOMIC));
        last = Some(publish_atomic(nats, fence, events).await?);
        events = rest;
        failpoint!("publish");
    }
    Ok(last)
}

/// Commands need no fence: their ids derive, so that a repeated one is recognised.
async fn publish_commands(nats: &Nats, lane: Lane, commands: Vec<Outgoing>) -> Result<(), Failure> {
    let mut sent = Vec::with_capacity(commands.len());
    for command in commands {
        let Outgoing { subject, headers, body, .. } = command.clone();
        sent.push((command, nats.publish(subject, headers, body).await?));
        failpoint!("publish");
    }
    for (command, ack) in sent {
        match ack.await {
            Ok(_) => {}
            Err(PublishError::NoStream) => match command.subject.split('.').nth(1).map(streams::commands) {
                // While a stream's servers elect a leader, it has no responders either.
                Some(stream) if !streams::is_missing(nats, &stream).await.map_err(Failure::Unavailable)? => {
                    return Err(Failure::unavailable(format!("{stream} has no leader")));
                }
                _ => dead_letter(nats, lane, &command).await?,
            },
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// A command that no service handles is dead-lettered: an operator replays it once there is such a service.
async fn dead_letter(nats: &Nats, lane: Lane, command: &Outgoing) -> Result<(), Failure> {
    tracing::error!(service = lane.service, subject = command.subject, "no service handles this command");
    let letter = Letter {
        service: lane.service,
        effect: None,
        stream: "outbox",
        // The id makes it one letter however often it is published.
        place: wire::text(&command.headers, wire::CE_ID).unwrap_or_default(),
        subject: &command.subject,
        headers: &command.headers,
        body: &command.body,
        reason: "no service handles this command",
        attempts: 1,
    };
    let Outgoing { subject, headers, body, .. } = letter.outgoing();
    nats.publish(subject, headers, body).await?.await?;
    Ok(())
}

/// All or none, synced once. The first message carries the fence; only the commit is acknowledged.
async fn publish_atomic(nats: &Nats, fence: &Fence, mut messages: Vec<Outgoing>) -> Result<u64, PublishError> {
    let batch = Uuid::new_v4().simple().to_string();
    if let Some(first) = messages.first_mut() {
        fence.stamp(first);
    }
    let count = messages.len();
    for (index, Outgoing { subject, mut headers, body, .. }) in messages.into_iter().enumerate() {
        wire::set(&mut headers, "Nats-Batch-Id", batch.as_str());
        wire::set(&mut headers, "Nats-Batch-Sequence", (index + 1).to_string());
        if index + 1 == count {
            wire::set(&mut headers, "Nats-Batch-Commit", "1");
            return Ok(nats.publish(subject, headers, body).await?.await?.seq);
        }
        let sent = nats.client().publish_with_headers(subject, headers, body).await;
        sent.map_err(|_| PublishError::Unknown)?;
        failpoint!("publish");
    }
    Err(PublishError::Unknown)
}

async fn send_fenced(
    nats: &Nats,
    fence: &Fence,
    mut message: Outgoing,
) -> Result<impl Future<Output = Result<PubAck, PublishError>> + Send + use<>, PublishError> {
    fence.stamp(&mut message);
    nats.publish(message.subject, message.headers, message.body).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replicated_stream_takes_several_as_one_batch() {
        assert_eq!(Mode::of(3, true), Mode { pipelined: 1 });
        assert_eq!(Mode::of(1, true), Mode { pipelined: 8 });
        assert_eq!(Mode::of(1, false), Mode { pipelined: usize::MAX });
    }
}

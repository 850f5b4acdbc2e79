//! Publishes commands with group commit: commands that arrive while a group is being synced become the next group. On a
//! server that does not sync each write there is no sync to share, so each command is published alone.

use std::{
    collections::{BTreeMap, VecDeque, hash_map::Entry},
    time::Duration,
};

use async_nats::HeaderMap;
use bytes::Bytes;
use futures_util::future::join_all;
use plyo_events::{Command, Message};
use rustc_hash::FxHashMap;
use tokio::sync::{mpsc, oneshot};
use uuid::Uuid;

use crate::broker::{
    Nats,
    pub_acks::{PUB_ACK_TIMEOUT, PubAck, PublishError},
    subject, wire,
};

/// A command is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Published {
    /// The same command was already stored within the last 60 seconds.
    pub duplicate: bool,
}

/// Why a command is not known to be stored.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SendError {
    /// Nothing was stored; try again later.
    #[error("the command was not stored: {0}")]
    Unavailable(String),
    /// It may or may not have been stored; sending the same command again tells.
    #[error("it is unknown whether the command was stored")]
    Unknown,
}

/// Publishes the commands of a process. Cheap to clone.
#[derive(Clone)]
pub struct CommandPublisher {
    nats: Nats,
    /// Where outcomes are sent, if anybody waits for them.
    reply: Option<String>,
    queue: mpsc::Sender<Queued>,
}

type Waiter = oneshot::Sender<Result<Published, SendError>>;

struct Queued {
    id: Uuid,
    service: &'static str,
    subject: String,
    headers: HeaderMap,
    body: Bytes,
    waiter: Waiter,
}

/// A message of a group with all its waiters: a group has each id once.
struct Grouped {
    subject: String,
    headers: HeaderMap,
    body: Bytes,
    waiters: Vec<Waiter>,
}

/// Up to this size, plain pipelined publishes are faster than an atomic batch on a server that syncs each write.
const PLAIN: usize = 8;
/// Timeout of a batch, and of republishing its messages one by one: together no longer than that of a single publish.
const BATCH_TIMEOUT: Duration = Duration::from_secs(3);
const RETRY_TIMEOUT: Duration = Duration::from_millis(2_500);
/// The server takes at most 1,000 messages in an atomic batch.
const GROUP: usize = 1_000;

impl CommandPublisher {
    /// A publisher whose outcomes are sent to `out.<edge>.<command id>`.
    pub fn new(nats: &Nats, edge: &str) -> Self {
        Self { reply: Some(format!("out.{edge}")), ..Self::unanswered(nats) }
    }

    /// A publisher that only stores commands: nobody waits for their outcomes.
    pub fn unanswered(nats: &Nats) -> Self {
        let (queue, queued) = mpsc::channel(4 * GROUP);
        tokio::spawn(publish_groups(nats.clone(), queued));
        Self { nats: nats.clone(), reply: None, queue }
    }

    /// Stores a command. `fingerprint` identifies its body: the same id with another one is rejected later.
    ///
    /// # Errors
    /// [`SendError::Unavailable`] when nothing was stored, [`SendError::Unknown`] when that is unknown.
    pub async fn send(&self, command: &Message<Command>, fingerprint: &str) -> Result<Published, SendError> {
        self.send_encoded(command, command.body.encode(), fingerprint).await
    }

    /// The same for a caller that has encoded the command already.
    ///
    /// # Errors
    /// See [`send`](Self::send).
    pub async fn send_encoded(
        &self,
        command: &Message<Command>,
        body: Vec<u8>,
        fingerprint: &str,
    ) -> Result<Published, SendError> {
        if !self.nats.connected() {
            return Err(SendError::Unavailable("NATS is unavailable".to_owned()));
        }
        let subject = subject::command(command.body.kind(), command.subject);
        let headers = wire::command_headers(command, fingerprint, self.reply.as_deref());
        let body = body.into();
        if !self.nats.syncs_each_write() {
            let ack = self.nats.publish(subject, headers, body).await.map_err(|error| send_error(&error))?;
            return published(ack.await);
        }
        let (waiter, answer) = oneshot::channel();
        let service = command.body.kind().service();
        let queued = Queued { id: command.id, service, subject, headers, body, waiter };
        // A full queue means that the server is slower than its clients: fail at once rather than grow.
        self.queue.try_send(queued).map_err(|_| SendError::Unavailable("too many queued commands".to_owned()))?;
        answer.await.unwrap_or(Err(SendError::Unknown))
    }
}

async fn publish_groups(nats: Nats, mut queued: mpsc::Receiver<Queued>) {
    let mut arrived = Vec::with_capacity(GROUP);
    while queued.recv_many(&mut arrived, GROUP).await > 0 {
        let groups = by_service(arrived.drain(..));
        join_all(groups.into_values().map(|group| publish_group(group, &nats))).await;
    }
}

/// Each service's commands have their own stream, and a batch goes to one stream.
fn by_service(arrived: impl Iterator<Item = Queued>) -> BTreeMap<&'static str, Vec<Grouped>> {
    let mut groups: BTreeMap<&'static str, Vec<Grouped>> = BTreeMap::new();
    let mut places = FxHashMap::default();
    for Queued { id, service, subject, headers, body, waiter } in arrived {
        let group = groups.entry(service).or_default();
        match places.entry((service, id)) {
            Entry::Occupied(place) => {
                let grouped: &mut Grouped = &mut group[*place.get()];
                grouped.waiters.push(waiter);
            }
            Entry::Vacant(place) => {
                place.insert(group.len());
                group.push(Grouped { subject, headers, body, waiters: vec![waiter] });
            }
        }
    }
    groups
}

/// Where a group is published; tests have their own implementation.
trait Server {
    fn is_connected(&self) -> bool;
    async fn publish_atomically(&self, group: &[Grouped]) -> Result<(), PublishError>;
    /// `again` when an earlier attempt may have stored them: a duplicate is then our own.
    async fn publish_plainly(&self, group: Vec<Grouped>, again: bool);
}

/// Publishes a group; one that is refused as a whole is halved until the refused message is found.
async fn publish_group(group: Vec<Grouped>, server: &impl Server) {
    let mut groups = VecDeque::from([group]);
    while let Some(mut group) = groups.pop_front() {
        if group.len() <= PLAIN {
            server.publish_plainly(group, false).await;
            continue;
        }
        match server.publish_atomically(&group).await {
            Ok(()) => group.into_iter().for_each(|message| answer(message.waiters, Ok(Published { duplicate: false }))),
            Err(PublishError::Refused { .. }) => {
                let second = group.split_off(group.len() / 2);
                groups.push_front(second);
                groups.push_front(group);
            }
            // Published plainly, each is stored now, if not by the unacknowledged attempt.
            Err(PublishError::Unknown) if server.is_connected() => server.publish_plainly(group, true).await,
            Err(error) => group.into_iter().for_each(|message| answer(message.waiters, Err(send_error(&error)))),
        }
    }
}

impl Server for Nats {
    fn is_connected(&self) -> bool {
        self.connected()
    }

    async fn publish_atomically(&self, group: &[Grouped]) -> Result<(), PublishError> {
        let batch = Uuid::new_v4().simple().to_string();
        for (index, message) in group.iter().enumerate() {
            let mut headers = message.headers.clone();
            wire::set(&mut headers, "Nats-Batch-Id", batch.as_str());
            wire::set(&mut headers, "Nats-Batch-Sequence", (index + 1).to_string());
            if index + 1 == group.len() {
                wire::set(&mut headers, "Nats-Batch-Commit", "1");
                let (subject, body) = (message.subject.clone(), message.body.clone());
                return self.publish_within(BATCH_TIMEOUT, subject, headers, body).await?.await.map(|_| ());
            }
            let sent = self.client().publish_with_headers(message.subject.clone(), headers, message.body.clone()).await;
            sent.map_err(|_| PublishError::Unknown)?;
        }
        Ok(())
    }

    async fn publish_plainly(&self, group: Vec<Grouped>, again: bool) {
        let patience = if again { RETRY_TIMEOUT } else { PUB_ACK_TIMEOUT };
        let mut sent = Vec::with_capacity(group.len());
        for Grouped { subject, headers, body, waiters } in group {
            sent.push((waiters, self.publish_within(patience, subject, headers, body).await));
        }
        for (waiters, ack) in sent {
            let ack = match ack {
                Ok(ack) => ack.await.map(|ack| PubAck { duplicate: ack.duplicate && !again, ..ack }),
                Err(error) => Err(error),
            };
            answer(waiters, published(ack));
        }
    }
}

fn answer(waiters: Vec<Waiter>, answer: Result<Published, SendError>) {
    for waiter in waiters {
        // A client that hung up has dropped its end.
        let _ = waiter.send(answer.clone());
    }
}

fn published(ack: Result<PubAck, PublishError>) -> Result<Published, SendError> {
    ack.map(|ack| Published { duplicate: ack.duplicate }).map_err(|error| send_error(&error))
}

fn send_error(error: &PublishError) -> SendError {
    match error {
        PublishError::Unknown => SendError::Unknown,
        refused => SendError::Unavailable(refused.to_string()),
    }
}

#[cfg(test)]
mod tests;

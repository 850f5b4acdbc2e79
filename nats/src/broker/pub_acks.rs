//! PubAcks: JetStream's acknowledgements, and their waiters.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use async_nats::{Client, Subscriber};
use futures_util::StreamExt;
use serde::Deserialize;
use tokio::{
    sync::{oneshot, watch},
    task::AbortHandle,
    time::Instant,
};

use crate::failure::Failure;

/// Timeout of a PubAck, after which the outcome of a publish is unknown.
pub(crate) const PUB_ACK_TIMEOUT: Duration = Duration::from_secs(5);

/// JetStream's acknowledgement of a publish.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PubAck {
    pub seq: u64,
    #[serde(default)]
    pub duplicate: bool,
}

/// Why there is no PubAck.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum PublishError {
    /// JetStream refused it: nothing was stored.
    #[error("refused by JetStream with {code}: {description}")]
    Refused { code: u64, description: String },
    /// No stream has the subject: nothing was stored.
    #[error("no stream has this subject")]
    NoStream,
    /// No response: it may or may not have been stored.
    #[error("no PubAck received")]
    Unknown,
}

impl PublishError {
    /// The fence of a publish is no longer the newest epoch marker.
    pub(crate) const WRONG_LAST_SEQUENCE: u64 = 10_071;
}

/// The waiters for PubAcks, by the last token of the reply subject: one subscription for all.
pub(crate) struct PubAcks {
    prefix: String,
    next: AtomicU64,
    waiting: Mutex<HashMap<u64, oneshot::Sender<Result<PubAck, PublishError>>>>,
    listener: AbortHandle,
}

/// One wait for a PubAck.
pub(crate) struct AwaitedAck {
    token: u64,
    deadline: Instant,
    answer: oneshot::Receiver<Result<PubAck, PublishError>>,
    pub_acks: Arc<PubAcks>,
}

impl PubAcks {
    pub(crate) async fn listen(client: &Client, disconnects: watch::Receiver<u64>) -> Result<Arc<Self>> {
        let prefix = format!("{}.", client.new_inbox());
        let answers = client.subscribe(format!("{prefix}*")).await?;
        Ok(Arc::new_cyclic(|pub_acks| Self {
            prefix,
            next: AtomicU64::new(0),
            waiting: Mutex::default(),
            listener: tokio::spawn(deliver(pub_acks.clone(), answers, disconnects)).abort_handle(),
        }))
    }

    pub(crate) fn awaited(self: &Arc<Self>, patience: Duration) -> (String, AwaitedAck) {
        let token = self.next.fetch_add(1, Ordering::Relaxed);
        let (sender, answer) = oneshot::channel();
        self.waiting().insert(token, sender);
        (
            format!("{}{token}", self.prefix),
            AwaitedAck { token, deadline: Instant::now() + patience, answer, pub_acks: Arc::clone(self) },
        )
    }

    fn waiting(&self) -> MutexGuard<'_, HashMap<u64, oneshot::Sender<Result<PubAck, PublishError>>>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn deliver(&self, answer: &async_nats::Message) {
        let token = answer.subject.as_str().rsplit('.').next().and_then(|token| token.parse().ok());
        let Some(token) = token else { return };
        let sender = self.waiting().remove(&token);
        if let Some(sender) = sender {
            // A waiter that gave up has dropped its end.
            let _ = sender.send(read_pub_ack(answer));
        }
    }
}

impl Drop for PubAcks {
    fn drop(&mut self) {
        // Its subscription would keep the connection open.
        self.listener.abort();
    }
}

async fn deliver(pub_acks: Weak<PubAcks>, mut answers: Subscriber, mut disconnects: watch::Receiver<u64>) {
    loop {
        let answer = tokio::select! {
            biased;
            answer = answers.next() => answer,
            Ok(()) = disconnects.changed() => {
                // The outcome of pending publishes is unknown and will not arrive.
                if let Some(pub_acks) = pub_acks.upgrade() {
                    pub_acks.waiting().clear();
                }
                continue;
            }
        };
        let (Some(answer), Some(pub_acks)) = (answer, pub_acks.upgrade()) else { return };
        pub_acks.deliver(&answer);
    }
}

impl AwaitedAck {
    pub(crate) async fn wait(mut self) -> Result<PubAck, PublishError> {
        match tokio::time::timeout_at(self.deadline, &mut self.answer).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) | Err(_) => Err(PublishError::Unknown),
        }
    }
}

impl Drop for AwaitedAck {
    fn drop(&mut self) {
        self.pub_acks.waiting().remove(&self.token);
    }
}

fn read_pub_ack(answer: &async_nats::Message) -> Result<PubAck, PublishError> {
    #[derive(Deserialize)]
    struct Answer {
        error: Option<Refusal>,
        seq: Option<u64>,
        #[serde(default)]
        duplicate: bool,
    }
    #[derive(Deserialize)]
    struct Refusal {
        #[serde(default)]
        err_code: u64,
        #[serde(default)]
        description: String,
    }
    if answer.status == Some(async_nats::StatusCode::NO_RESPONDERS) {
        return Err(PublishError::NoStream);
    }
    match serde_json::from_slice(&answer.payload) {
        Ok(Answer { error: Some(Refusal { err_code, description }), .. }) => {
            Err(PublishError::Refused { code: err_code, description })
        }
        Ok(Answer { seq: Some(seq), duplicate, .. }) => Ok(PubAck { seq, duplicate }),
        Ok(_) | Err(_) => Err(PublishError::Unknown),
    }
}

impl From<PublishError> for Failure {
    fn from(error: PublishError) -> Self {
        match error {
            PublishError::Refused { code: PublishError::WRONG_LAST_SEQUENCE, .. } => {
                Self::Lost(anyhow::Error::new(error).context("another owner took the lane"))
            }
            other => Self::Unavailable(other.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_that_moved_loses_the_lane_and_silence_does_not() {
        let fenced = PublishError::Refused { code: PublishError::WRONG_LAST_SEQUENCE, description: String::new() };
        assert!(matches!(Failure::from(fenced), Failure::Lost(_)));
        assert!(matches!(Failure::from(PublishError::Unknown), Failure::Unavailable(_)));
    }
}

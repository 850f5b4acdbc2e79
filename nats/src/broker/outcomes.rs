//! Outcomes of commands from the loops: one subscription for a whole edge.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use anyhow::Result;
use futures_util::StreamExt;
use plyo_events::{CommandId, Outcome};
use tokio::sync::broadcast;

use crate::broker::Nats;

type Waiting = Mutex<HashMap<CommandId, broadcast::Sender<Outcome>>>;

/// The outcomes that are sent to one edge. Cheap to clone.
#[derive(Clone)]
pub struct Outcomes {
    waiting: Arc<Waiting>,
}

/// A wait for one outcome; dropping it ends the wait.
pub struct AwaitedOutcome {
    command: CommandId,
    outcome: Option<broadcast::Receiver<Outcome>>,
    waiting: Arc<Waiting>,
}

impl Outcomes {
    /// Listens on `out.<edge>.*` as long as the process lives.
    ///
    /// # Errors
    /// When the subscription cannot be made.
    pub async fn subscribe(nats: &Nats, edge: &str) -> Result<Self> {
        let mut answers = nats.client().subscribe(format!("out.{edge}.*")).await?;
        let waiting = Arc::<Waiting>::default();
        let deliver_to = Arc::clone(&waiting);
        tokio::spawn(async move {
            while let Some(answer) = answers.next().await {
                let command = answer.subject.as_str().rsplit('.').next().and_then(|id| id.parse().ok());
                let outcome = rmp_serde::from_slice::<Outcome>(&answer.payload);
                let (Some(command), Ok(outcome)) = (command, outcome) else {
                    tracing::warn!(subject = %answer.subject, "cannot decode an outcome");
                    continue;
                };
                let waiter = deliver_to.lock().unwrap_or_else(PoisonError::into_inner).remove(&command);
                if let Some(waiter) = waiter {
                    // The waiter may be gone.
                    let _ = waiter.send(outcome);
                }
            }
        });
        Ok(Self { waiting })
    }

    /// Registers a wait, before the command is sent.
    pub fn awaited(&self, command: CommandId) -> AwaitedOutcome {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        let sender = waiting.entry(command).or_insert_with(|| broadcast::channel(1).0);
        AwaitedOutcome { command, outcome: Some(sender.subscribe()), waiting: Arc::clone(&self.waiting) }
    }
}

impl AwaitedOutcome {
    /// The outcome, or `None` on a timeout.
    pub async fn outcome(mut self, within: Duration) -> Option<Outcome> {
        let outcome = self.outcome.as_mut()?;
        tokio::time::timeout(within, outcome.recv()).await.ok()?.ok()
    }
}

impl Drop for AwaitedOutcome {
    fn drop(&mut self) {
        // Our own receiver is counted while the field lives, so it is dropped first.
        self.outcome = None;
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if waiting.get(&self.command).is_some_and(|sender| sender.receiver_count() == 0) {
            waiting.remove(&self.command);
        }
    }
}

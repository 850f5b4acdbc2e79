//! Runs an effect: takes some requests at a time, performs each, reports, and only then acknowledges.

use std::{
    panic::AssertUnwindSafe,
    sync::{Arc, OnceLock},
    time::Duration,
};

use anyhow::{Result, anyhow};
use futures_util::FutureExt;
use jiff::Timestamp;
use plyo_events::{Command, CommandId, DecodeError, Event, Message};
use rand::RngExt as _;
use tokio::task::JoinSet;
use tracing::{Instrument as _, Span};

use super::{Consumer, Effect, Performed, consumer::Asked};
use crate::{
    broker::{
        Nats,
        commands::CommandPublisher,
        wire::{self, WireError},
    },
    failpoint::failpoint,
    health::Health,
    lane::{letter::Letter, outbox::Outgoing},
    trace,
};

/// Max requests that an instance performs concurrently.
const MAX_CONCURRENT: usize = 32;
/// Timeout of an attempt.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(300);
/// Delay before retrying after an outage.
const AGAIN: Duration = Duration::from_secs(1);

/// What an effect runs with.
#[derive(Clone)]
pub(crate) struct Performing {
    pub service: &'static str,
    pub nats: Nats,
    pub health: Health,
}

struct Performer<E> {
    effect: Arc<E>,
    consumer: Consumer,
    commands: CommandPublisher,
    with: Performing,
    /// Why it has stopped: a newer binary is needed.
    stopped: OnceLock<String>,
}

/// Performs for ever; stop it by dropping the future: unfinished requests are redelivered. It returns only on a bug.
pub(crate) async fn perform_all<E: Effect>(effect: Arc<E>, with: Performing) -> anyhow::Error {
    let performer = Arc::new(Performer {
        effect,
        consumer: Consumer::new(&with.nats, with.service, E::NAME),
        commands: CommandPublisher::unanswered(&with.nats),
        with,
        stopped: OnceLock::new(),
    });
    while let Err(error) = performer.consumer.create(E::PERFORMS).await {
        performer.fails(&error);
        tokio::time::sleep(AGAIN).await;
    }
    let mut workers = JoinSet::new();
    for _ in 0..MAX_CONCURRENT {
        let performer = Arc::clone(&performer);
        workers.spawn(async move { performer.work().await });
    }
    while let Some(ended) = workers.join_next().await {
        if let Err(error) = ended {
            return anyhow!(error).context(format!("the effect {}", E::NAME));
        }
    }
    // A request still in progress may have cleared the state.
    performer.with.health.set_effect(E::NAME, performer.stopped.get().cloned());
    std::future::pending().await
}

impl<E: Effect> Performer<E> {
    /// Handles one request after another, until a newer binary is needed.
    async fn work(&self) {
        // After an outage the first answer comes at once, so that what is over is not told until a request comes.
        let mut waits = true;
        while self.stopped.get().is_none() {
            match self.consumer.next(waits).await {
                Ok(asked) => {
                    waits = true;
                    self.with.health.set_effect(E::NAME, None);
                    if let Some(asked) = asked {
                        self.handle(&asked).await;
                    }
                }
                Err(error) => {
                    waits = false;
                    self.fails(&error);
                    tokio::time::sleep(AGAIN).await;
                }
            }
        }
    }

    async fn handle(&self, asked: &Asked) {
        failpoint!("effect-received");
        if wire::imported_by(&asked.received.headers).is_some() {
            // It was performed where it comes from.
            return self.consumer.acknowledge(asked).await;
        }
        let mut event = match self.decode(asked) {
            Ok(event) => event,
            Err(WireError::Decode(error @ DecodeError::NewerVersion { .. })) => return self.stop(asked, &error).await,
            Err(error) => return self.dead_letter(asked, &error.to_string()).await,
        };
        let span = self.span(&event, asked.attempt);
        event.traceparent = trace::of(&span).or(event.traceparent);
        self.perform_and_report(asked, &event).instrument(span).await;
    }

    async fn perform_and_report(&self, asked: &Asked, event: &Message<Event>) {
        let performed = self.consumer.performing(asked, self.perform(event, asked.attempt)).await;
        let (outcome, report) = match performed {
            Performed::RetryAfter(delay) => {
                self.count("retried");
                return self.consumer.again_after(asked, delay).await;
            }
            Performed::Done(report) => ("done", report),
            Performed::GaveUp(report) => ("gave_up", report),
        };
        failpoint!("effect-performed");
        self.consumer.working_on(asked, self.report(event, report)).await;
        failpoint!("effect-reported");
        self.consumer.acknowledge(asked).await;
        failpoint!("effect-acked");
        self.count(outcome);
    }

    fn decode(&self, asked: &Asked) -> Result<Message<Event>, WireError> {
        let received = &asked.received;
        let kind = wire::event_kind(&received.subject, &received.headers)?;
        wire::event(kind, &received.subject, &received.headers, &received.body, received.stored_at())
    }

    /// The span of an attempt, in the trace of who asked for it.
    fn span(&self, event: &Message<Event>, attempt: u32) -> Span {
        let span = tracing::debug_span!(
            "effect",
            otel.name = format!("perform {}", E::NAME),
            otel.kind = "consumer",
            messaging.system = "nats",
            messaging.operation.name = "perform",
            "messaging.operation.type" = "process",
            messaging.destination.name = "EVENTS",
            messaging.consumer.group.name = self.with.service,
            messaging.message.id = %event.id,
            plyo.attempt = attempt,
            traceparent = event.traceparent.map(tracing::field::display),
        );
        trace::follow(&span, event.traceparent);
        span
    }

    /// One attempt. Whatever goes wrong, it is retried later.
    async fn perform(&self, event: &Message<Event>, attempt: u32) -> Performed {
        let performing = AssertUnwindSafe(async { self.effect.perform(event, attempt).await }).catch_unwind();
        let failed = match tokio::time::timeout(ATTEMPT_TIMEOUT, performing).await {
            Ok(Ok(performed)) => return performed,
            Ok(Err(_)) => "panicked",
            Err(_) => "timed out",
        };
        tracing::error!(effect = E::NAME, event = %event.id, attempt, failed, "attempt failed");
        Performed::RetryAfter(backoff(attempt))
    }

    /// Sends the report until it is stored. Its id deduplicates repeated sends; performing again instead could disturb
    /// somebody twice.
    async fn report(&self, event: &Message<Event>, report: Command) {
        let report = self.report_of(event, report);
        let mut attempt = 1;
        while let Err(error) = self.commands.send(&report, "").await {
            self.fails(&anyhow!(error).context("store the report"));
            tokio::time::sleep(backoff(attempt).min(ATTEMPT_TIMEOUT / 10)).await;
            attempt += 1;
        }
        self.with.health.set_effect(E::NAME, None);
    }

    fn report_of(&self, event: &Message<Event>, report: Command) -> Message<Command> {
        let id = CommandId::derive(event.id, &format!("{}/effect/{}", self.with.service, E::NAME)).uuid();
        Message { id, time: Timestamp::now(), causation: event.id, ..event.with(report) }
    }

    /// A request from a newer binary: this instance stops, and leaves it to a newer one.
    async fn stop(&self, asked: &Asked, error: &DecodeError) {
        let reason = format!("sequence {}: {error}; run a newer binary (nothing was skipped)", asked.received.sequence);
        tracing::error!(service = self.with.service, effect = E::NAME, reason, "the effect has stopped");
        self.with.health.set_effect(E::NAME, Some(self.stopped.get_or_init(|| reason).clone()));
        self.consumer.again_after(asked, Duration::ZERO).await;
    }

    /// An undecodable request. It is settled when its dead letter is stored.
    async fn dead_letter(&self, asked: &Asked, reason: &str) {
        let (service, received) = (self.with.service, &asked.received);
        tracing::error!(service, effect = E::NAME, sequence = received.sequence, reason, "dead-lettered a request");
        let letter = Letter {
            service,
            effect: Some(E::NAME),
            stream: "EVENTS",
            place: &received.sequence.to_string(),
            subject: &received.subject,
            headers: &received.headers,
            body: &received.body,
            reason,
            attempts: asked.attempt,
        };
        let Outgoing { subject, headers, body, .. } = letter.outgoing();
        let stored = match self.with.nats.publish(subject, headers, body).await {
            Ok(pub_ack) => pub_ack.await,
            Err(error) => Err(error),
        };
        match stored {
            Ok(_) => {
                self.consumer.terminate(asked).await;
                self.count("dead");
            }
            Err(error) => {
                self.fails(&anyhow!(error).context("store the dead letter"));
                self.consumer.again_after(asked, backoff(asked.attempt)).await;
            }
        }
    }

    fn fails(&self, error: &anyhow::Error) {
        let reason = format!("{error:#}");
        tracing::warn!(service = self.with.service, effect = E::NAME, reason, "the effect is waiting");
        self.with.health.set_effect(E::NAME, Some(reason));
    }

    fn count(&self, outcome: &'static str) {
        let service = self.with.service;
        metrics::counter!("plyo_effects_total", "service" => service, "effect" => E::NAME, "outcome" => outcome)
            .increment(1);
    }
}

/// Backoff: a second after the first attempt, doubled after each further one, at most ten minutes, with jitter.
fn backoff(attempt: u32) -> Duration {
    let seconds = 1_u64 << attempt.saturating_sub(1).min(10);
    Duration::from_secs(seconds.min(600)).mul_f64(rand::rng().random_range(0.75..1.25))
}

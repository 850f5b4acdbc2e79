//! The pure middle of a batch: commands are decided, events evolved and reacted to, and what follows is collected.

use std::collections::HashMap;

use async_nats::HeaderMap;
use plyo_events::{Command, Emit, EventId, Id, Message, Outcome, Reject, UserId, query::StoredOutcome};
use uuid::Uuid;

use super::{
    gather::{Arrival, Gathered, Source, Work},
    outbox::{Outgoing, Target},
};
use crate::{Incoming, Reactor, store::HandledCommand, subject, wire};

/// What a batch comes to, besides the service's own tables.
#[derive(Default)]
pub(super) struct Decided {
    pub handled: Vec<HandledCommand>,
    pub outbox: Vec<Outgoing>,
    pub skipped: Vec<(u64, String)>,
    pub answers: Vec<Answer>,
}

/// An outcome for the edge that waits for it.
pub(super) struct Answer {
    pub subject: String,
    pub outcome: Outcome,
}

/// Runs a batch through the reactor. `handled` are the commands of it that were handled before.
pub(super) fn decide<R: Reactor>(
    reactor: &R,
    state: &mut R::State,
    gathered: &Gathered,
    mut handled: HashMap<Uuid, StoredOutcome>,
) -> Decided {
    let mut decided = Decided::default();
    let mut emitter = Emitter { reactor, state };
    for arrival in &gathered.arrivals {
        let index = match &arrival.work {
            Work::Skip => continue,
            Work::Undecodable(reason) => {
                bury(&mut decided, R::NAME, arrival, reason, 1);
                continue;
            }
            Work::Message(index) => *index,
        };
        match &gathered.batch.messages[index] {
            Incoming::Event(event) => {
                reactor.evolve(emitter.state, event);
                let emit = reactor.react(emitter.state, event);
                emitter.emit(event, emit, &mut decided.outbox);
            }
            Incoming::Command(command) => {
                let stored = match handled.get(&command.id) {
                    Some(stored) if !comes_again(stored, &arrival.received.headers) => stored.clone(),
                    _ => {
                        let stored = emitter.command(command, &arrival.received.headers, &mut decided.outbox);
                        decided.handled.push(HandledCommand {
                            id: command.id,
                            user: command.user.uuid(),
                            stored: stored.clone(),
                        });
                        handled.insert(command.id, stored.clone());
                        stored
                    }
                };
                decided.answers.extend(answer(&arrival.received.headers, command.id, stored));
            }
        }
    }
    decided
}

/// What a message comes to that failed alone, for good.
pub(super) fn bury_one(service: &'static str, arrival: &Arrival, reason: &str, attempts: u32) -> Decided {
    let mut decided = Decided::default();
    bury(&mut decided, service, arrival, reason, attempts);
    decided
}

struct Emitter<'a, R: Reactor> {
    reactor: &'a R,
    state: &'a mut R::State,
}

impl<R: Reactor> Emitter<'_, R> {
    fn command(
        &mut self,
        command: &Message<Command>,
        headers: &HeaderMap,
        outbox: &mut Vec<Outgoing>,
    ) -> StoredOutcome {
        let fingerprint = wire::text(headers, wire::FINGERPRINT).unwrap_or_default().to_owned();
        let outcome = match self.reactor.decide(self.state, command) {
            Err(reject) => Outcome::Rejected { reject },
            Ok(mut emit) => {
                let result = emit.reply.take().unwrap_or(serde_json::Value::Null);
                self.emit(command, emit, outbox);
                Outcome::Done { result }
            }
        };
        StoredOutcome { fingerprint, outcome }
    }

    fn emit<T>(&mut self, cause: &Message<T>, emit: Emit, outbox: &mut Vec<Outgoing>) {
        for (ordinal, timer) in emit.timers.iter().enumerate() {
            let id = Id::<Event>::derive(cause.id, &format!("{}/timer/{ordinal}", R::NAME)).uuid();
            outbox.push(Outgoing::timer(id, cause, timer));
        }
        for (ordinal, event) in emit.events.into_iter().enumerate() {
            let id = EventId::derive(cause.id, &format!("{}/{ordinal}", R::NAME)).uuid();
            let traceparent = wire::child_span(cause.traceparent.as_deref(), id);
            let event = Message { id, causation: cause.id, traceparent, ..cause.with(event) };
            self.reactor.evolve(self.state, &event);
            outbox.push(Outgoing::event(&event));
        }
    }
}

/// Marker for the id of a timer, which becomes the id of the clock's event.
struct Event;

/// Whether a command that was handled is to be handled again: an operator replays its dead letter.
fn comes_again(stored: &StoredOutcome, headers: &HeaderMap) -> bool {
    matches!(stored.outcome, Outcome::Dead { .. }) && headers.get(wire::REPLAY).is_some()
}

/// The outcome for whoever waits, or a refusal if the command came with another body than the one that was handled.
fn answer(headers: &HeaderMap, command: Uuid, stored: StoredOutcome) -> Option<Answer> {
    let edge = wire::text(headers, wire::REPLY)?.strip_prefix("out.")?;
    let subject = subject::subject(&["out", edge, &command.to_string()]).ok()?;
    let same = wire::text(headers, wire::FINGERPRINT).unwrap_or_default() == stored.fingerprint;
    let outcome = if same { stored.outcome } else { Outcome::Rejected { reject: key_reused() } };
    Some(Answer { subject, outcome })
}

fn key_reused() -> Reject {
    Reject::invalid("idempotency_key_reused", "this Idempotency-Key was used with another body; use a new key")
}

/// A dead letter: kept in `DEAD` with its reason; a command gets the outcome `dead`, an event is noted as skipped.
fn bury(decided: &mut Decided, service: &'static str, arrival: &Arrival, reason: &str, attempts: u32) {
    let received = &arrival.received;
    let reason: String = reason.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect();
    let user = wire::text(&received.headers, wire::CE_SUBJECT).and_then(|user| user.parse::<UserId>().ok());
    let id = wire::text(&received.headers, wire::CE_ID).and_then(|id| Uuid::try_parse(id).ok());
    let stream = if arrival.source == Source::Events { "EVENTS" } else { "COMMANDS" };
    let mut headers = HeaderMap::new();
    for (name, values) in received.headers.iter() {
        if let Some(value) = values.first().filter(|_| !name.to_string().starts_with("Nats-")) {
            headers.insert(name.clone(), value.clone());
        }
    }
    headers.insert("Nats-Msg-Id", format!("{service}/{stream}/{}", received.sequence));
    headers.insert("plyo-dead-service", service);
    headers.insert("plyo-dead-reason", reason.as_str());
    headers.insert("plyo-dead-attempts", attempts.to_string());
    headers.insert("plyo-dead-stream", stream);
    headers.insert("plyo-dead-subject", received.subject.as_str());
    headers.insert("plyo-dead-sequence", received.sequence.to_string());
    let owner = user.map_or_else(|| "unknown".to_owned(), |user| user.to_string());
    decided.outbox.push(Outgoing {
        target: Target::Dead,
        subject: format!("dead.{service}.{owner}"),
        headers,
        body: received.body.clone(),
    });
    match (arrival.source, id, user) {
        (Source::Events, ..) => decided.skipped.push((received.sequence, reason)),
        (Source::Commands, Some(id), Some(user)) => {
            let fingerprint = wire::text(&received.headers, wire::FINGERPRINT).unwrap_or_default().to_owned();
            let stored = StoredOutcome { fingerprint, outcome: Outcome::Dead { reason } };
            decided.answers.extend(answer(&received.headers, id, stored.clone()));
            decided.handled.push(HandledCommand { id, user: user.uuid(), stored });
        }
        (Source::Commands, ..) => {}
    }
}

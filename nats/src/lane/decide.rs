//! Runs a batch through the reactor: what to write besides the service's tables, publish and answer.

#![deny(clippy::disallowed_methods, reason = "time comes from the message")]

use async_nats::HeaderMap;
use plyo_events::{EventKind, Message, Outcome, Subject, query::StoredOutcome, rejection::IDEMPOTENCY_KEY_REUSED};
use rustc_hash::{FxHashMap, FxHashSet};
use serde_json::Value;
use uuid::Uuid;

use super::{
    erasure,
    gather::{Arrival, Gathered, Source, Work},
    letter::{Letter, one_line},
    outbox::Outgoing,
    step::{self, Step},
    store::HandledCommand,
    which::Lane,
};
use crate::{
    broker::{attributes, streams, subject, wire},
    reactor::Reactor,
};

/// The results of a batch, besides the service's own tables.
#[derive(Default)]
pub(super) struct Decided {
    pub handled: Vec<HandledCommand>,
    pub outbox: Vec<Outgoing>,
    pub skipped: Vec<(u64, String)>,
    pub answers: Vec<Answer>,
    /// Who is erased with this batch.
    pub erased: Vec<Uuid>,
}

/// An outcome for the edge that waits for it.
pub(super) struct Answer {
    pub subject: String,
    pub outcome: Outcome,
}

/// Runs a batch through the reactor. `handled` are its commands that were handled before, `erased` those who were erased.
pub(super) fn decide<R: Reactor>(
    reactor: &R,
    state: &mut R::State,
    gathered: &Gathered,
    mut handled: FxHashMap<Uuid, StoredOutcome>,
    erased: &FxHashSet<Uuid>,
) -> Decided {
    let mut decided = Decided::default();
    for arrival in gathered.by_due_time() {
        match &arrival.work {
            Work::Skip => {}
            Work::Undecodable(reason) => {
                let sequence = arrival.received.sequence;
                tracing::error!(service = R::NAME, source = ?arrival.source, sequence, reason, "dead-lettered a message");
                dead_letter(&mut decided, R::NAME, arrival, reason, 1);
            }
            Work::Erase(erase) => {
                decided.erase(erase.subject);
                decided.handled.push(erase.handled());
            }
            Work::Event(event) if !event.body.kind().outlives_erasure() && decided.is_erased(erased, event.subject) => {
            }
            Work::Event(event) => {
                let step = step::event(reactor, state, event);
                decided.emit(arrival, event, step);
            }
            Work::Imported(event) => {
                if !decided.is_erased(erased, event.subject) {
                    step::fold(reactor, state, event);
                }
            }
            Work::Import(import) => {
                let before = handled.get(&import.id);
                // What comes again was folded, and is published.
                if before.is_some_and(|stored| !comes_again(stored, &arrival.received.headers)) {
                    continue;
                }
                let outcome = if decided.is_erased(erased, import.subject) {
                    erasure::declined()
                } else {
                    for event in &import.events {
                        step::fold(reactor, state, event);
                        decided.outbox.push(import.outgoing(event));
                    }
                    Outcome::Done { result: Value::Null }
                };
                let command = HandledCommand::by_id(import.id, import.subject, outcome);
                handled.insert(command.id, command.stored.clone());
                decided.handled.push(command);
            }
            Work::Command(command) => {
                let headers = &arrival.received.headers;
                let stored = match handled.get(&command.id) {
                    Some(stored) if !comes_again(stored, headers) => stored.clone(),
                    _ => {
                        let is_declined =
                            !command.body.kind().outlives_erasure() && decided.is_erased(erased, command.subject);
                        let (outcome, step) = if is_declined {
                            (erasure::declined(), Step::default())
                        } else {
                            step::command(reactor, state, command)
                        };
                        decided.emit(arrival, command, step);
                        let fingerprint = wire::text(headers, wire::FINGERPRINT).unwrap_or_default().to_owned();
                        let stored = StoredOutcome { fingerprint, outcome };
                        let (id, subject) = (command.id, command.subject.uuid());
                        decided.handled.push(HandledCommand { id, subject, stored: stored.clone() });
                        handled.insert(id, stored.clone());
                        stored
                    }
                };
                decided.answers.extend(answer(headers, command.id, stored));
            }
        }
    }
    decided
}

/// The results of a message that failed on its own, for good.
pub(super) fn dead_letter_one(lane: Lane, arrival: &Arrival, reason: &str, attempts: u32) -> Decided {
    let mut decided = Decided::default();
    dead_letter(&mut decided, lane.service, arrival, reason, attempts);
    decided
}

impl Decided {
    fn is_erased(&self, erased: &FxHashSet<Uuid>, subject: Subject) -> bool {
        // Mostly nobody was.
        (!erased.is_empty() && erased.contains(&subject.uuid())) || self.erased.contains(&subject.uuid())
    }

    /// What this batch has decided about a subject goes with it: it is not published yet.
    fn erase(&mut self, subject: Subject) {
        let token = subject.to_string();
        self.outbox.retain(|message| !message.subject.split('.').any(|part| part == token));
        self.handled.retain(|command| command.subject != subject.uuid());
        self.erased.push(subject.uuid());
    }

    fn emit<T>(&mut self, arrival: &Arrival, cause: &Message<T>, step: Step) {
        if step.events.iter().any(|event| event.body.kind() == EventKind::UserErased) {
            self.erase(cause.subject);
        }
        // A recurring timer continues from when its cause reached the stream, so that missed times fire once.
        let now = cause.time.max(arrival.received.time);
        self.outbox.extend(step.timers.iter().map(|(id, timer)| Outgoing::timer(*id, cause, timer, now)));
        self.outbox.extend(step.events.iter().map(Outgoing::event));
        self.outbox.extend(step.commands.iter().map(Outgoing::command));
    }
}

/// Whether to handle a handled command again: an operator replays its dead letter.
fn comes_again(stored: &StoredOutcome, headers: &HeaderMap) -> bool {
    matches!(stored.outcome, Outcome::Dead { .. }) && headers.get(wire::REPLAY).is_some()
}

/// The outcome for the waiter, or a rejection if the command has another body than the handled one.
fn answer(headers: &HeaderMap, command: Uuid, stored: StoredOutcome) -> Option<Answer> {
    let edge = wire::text(headers, wire::REPLY)?.strip_prefix("out.")?;
    let subject = subject::subject(&["out", edge, &command.to_string()]).ok()?;
    let same = stored.is_of(wire::text(headers, wire::FINGERPRINT).unwrap_or_default());
    let outcome = if same { stored.outcome } else { Outcome::Rejected { rejection: IDEMPOTENCY_KEY_REUSED.into() } };
    Some(Answer { subject, outcome })
}

/// A dead letter: kept in `DEAD` with its reason; a command gets the outcome `dead`, an event is noted as skipped.
fn dead_letter(decided: &mut Decided, service: &'static str, arrival: &Arrival, reason: &str, attempts: u32) {
    let received = &arrival.received;
    let reason = one_line(reason);
    let stream = match arrival.source {
        Source::Events => "EVENTS".to_owned(),
        Source::Commands => streams::commands(service),
    };
    let letter = Letter {
        service,
        effect: None,
        stream: &stream,
        place: &received.sequence.to_string(),
        subject: &received.subject,
        headers: &received.headers,
        body: &received.body,
        reason: &reason,
        attempts,
    };
    decided.outbox.push(letter.outgoing());
    match (arrival.source, attributes::parsed(&received.headers, wire::CE_ID), letter.owner()) {
        (Source::Events, ..) => decided.skipped.push((received.sequence, reason)),
        (Source::Commands, Some(id), Some(about)) => {
            let fingerprint = wire::text(&received.headers, wire::FINGERPRINT).unwrap_or_default().to_owned();
            let stored = StoredOutcome { fingerprint, outcome: Outcome::Dead { reason } };
            decided.answers.extend(answer(&received.headers, id, stored.clone()));
            decided.handled.push(HandledCommand { id, subject: about.uuid(), stored });
        }
        (Source::Commands, ..) => {}
    }
}

#[cfg(test)]
mod tests;

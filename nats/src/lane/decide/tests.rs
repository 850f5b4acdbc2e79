//! Which commands are handled, which are answered again, and what becomes of those that cannot be read.

use bytes::Bytes;
use jiff::Timestamp;
use plyo_events::{Command, Event, RejectionKind};
use serde_json::Value;

use super::*;
use crate::{
    broker::reader::Received,
    lane::{import::Import, outbox::Target},
    probe::{Probe, State, id, measure, measured, person, unlocked},
    reactor::Incoming,
    sql::{MemoryTables, Tables},
};

fn received(subject: String, headers: HeaderMap) -> Received {
    let (body, time) = (Bytes::from_static(b"body"), Timestamp::UNIX_EPOCH);
    Received { subject, headers, body, sequence: 42, time, pending: 0 }
}

/// A command that an edge sent, whose body has that fingerprint.
fn command(message: Message<Command>, fingerprint: &str) -> Arrival {
    let headers = wire::command_headers(&message, fingerprint, Some("out.edge"));
    let received = received(format!("cmd.7.probe.measure.{}", message.subject), headers);
    Arrival { source: Source::Commands, received, work: Work::Command(message) }
}

fn event(message: Message<Event>) -> Arrival {
    let received = received(format!("evt.7.achievement.unlocked.{}", message.subject), wire::event_headers(&message));
    Arrival { source: Source::Events, received, work: Work::Event(message) }
}

fn replayed(mut arrival: Arrival) -> Arrival {
    wire::set(&mut arrival.received.headers, wire::REPLAY, "1");
    arrival
}

fn unreadable(mut arrival: Arrival, reason: &str) -> Arrival {
    arrival.work = Work::Undecodable(reason.to_owned());
    arrival
}

/// A batch after which the commands of `before` were handled, on tables that are empty.
fn batch(arrivals: impl IntoIterator<Item = Arrival>, before: &[(u32, StoredOutcome)]) -> Decided {
    let mut gathered = Gathered::default();
    gathered.arrivals.extend(arrivals);
    let mut state = State::default();
    for message in gathered.incoming().collect::<Vec<Incoming<'_>>>() {
        Probe::default().needs(message, &mut state);
    }
    state.tables().iter_mut().for_each(|table| table.take_from(&MemoryTables::default()));
    let handled = before.iter().map(|(number, stored)| (id(*number), stored.clone())).collect();
    decide(&Probe::default(), &mut state, &gathered, handled, &FxHashSet::default())
}

#[test]
fn from_where_somebody_is_erased_their_messages_are_declined_and_what_was_decided_of_them_is_dropped() {
    let erase = || {
        let received = received(format!("cmd.7.probe.erase.{}", person(1)), HeaderMap::new());
        let erase = erasure::Erase { id: id(9), subject: person(1).into() };
        Arrival { source: Source::Commands, received, work: Work::Erase(erase) }
    };
    let of = |number, who| command(measure(number, who, 7), "a");
    let decided = batch(
        [of(1, person(1)), of(2, person(2)), erase(), of(3, person(1)), event(unlocked(4, person(1), "ten"))],
        &[],
    );
    assert_eq!(decided.erased, [person(1).uuid()]);
    let about = |who: &str| decided.outbox.iter().filter(|message| message.subject.ends_with(who)).count();
    assert_eq!((about(&person(1).to_string()), about(&person(2).to_string())), (0, 1));
    let outcome =
        |number| decided.handled.iter().find(|handled| handled.id == id(number)).map(|it| it.stored.outcome.clone());
    assert_eq!((outcome(1), outcome(9)), (None, Some(Outcome::Done { result: serde_json::Value::Null })));
    assert_eq!(outcome(3), Some(erasure::declined()));
}

#[test]
fn what_is_imported_for_somebody_who_was_erased_is_declined_once() {
    let events = vec![measured(2, person(1), 700)];
    let mut gathered = Gathered::default();
    gathered.arrivals.extend([import(1, events.clone()), import(1, events)]);
    let decided = decide(
        &Probe::default(),
        &mut State::default(),
        &gathered,
        FxHashMap::default(),
        &FxHashSet::from_iter([person(1).uuid()]),
    );
    let handled: Vec<_> = decided.handled.iter().map(|it| (it.id, it.stored.outcome.clone())).collect();
    assert_eq!(handled, [(id(1), erasure::declined())], "the same row is not written twice");
    assert!(decided.outbox.is_empty());
}

fn stored(fingerprint: &str, outcome: Outcome) -> StoredOutcome {
    StoredOutcome { fingerprint: fingerprint.to_owned(), outcome }
}

fn done(result: u32) -> Outcome {
    Outcome::Done { result: result.into() }
}

fn dead(reason: &str) -> Outcome {
    Outcome::Dead { reason: reason.to_owned() }
}

/// What is written of the commands, and what is answered.
fn outcomes(decided: &Decided) -> (Vec<Outcome>, Vec<Outcome>) {
    let handled = decided.handled.iter().map(|handled| handled.stored.outcome.clone());
    (handled.collect(), decided.answers.iter().map(|answer| answer.outcome.clone()).collect())
}

fn targets(decided: &Decided) -> Vec<Target> {
    decided.outbox.iter().map(|outgoing| outgoing.target).collect()
}

#[test]
fn a_command_is_handled_published_and_answered() {
    let decided = batch([command(measure(1, person(1), 7), "f")], &[]);
    assert_eq!(outcomes(&decided), (vec![done(7)], vec![done(7)]));
    assert_eq!(decided.answers[0].subject, format!("out.edge.{}", id(1)));
    assert_eq!((decided.handled[0].id, decided.handled[0].subject), (id(1), person(1).uuid()));
    assert_eq!(targets(&decided), [Target::Events]);
    assert_eq!(decided.outbox[0].subject, format!("evt.probe.measured.{}", person(1)));
}

#[test]
fn a_command_that_was_handled_is_answered_as_it_was_and_changes_nothing() {
    let decided = batch([command(measure(1, person(1), 7), "f")], &[(1, stored("f", done(99)))]);
    assert_eq!(outcomes(&decided), (vec![], vec![done(99)]));
    assert!(decided.outbox.is_empty());
}

#[test]
fn a_command_that_comes_twice_in_one_batch_is_handled_once_and_answered_twice() {
    let twice = || command(measure(1, person(1), 7), "f");
    let decided = batch([twice(), command(measure(2, person(1), 8), "f"), twice()], &[]);
    assert_eq!(outcomes(&decided), (vec![done(7), done(8)], vec![done(7), done(8), done(7)]));
    assert_eq!(decided.outbox.len(), 2);
}

#[test]
fn a_key_that_comes_again_with_another_body_is_refused_and_the_outcome_stays() {
    for before in [&[(1, stored("f", done(7)))][..], &[]] {
        let first = before.is_empty().then(|| command(measure(1, person(1), 7), "f"));
        let decided = batch(first.into_iter().chain([command(measure(1, person(1), 8), "g")]), before);
        let Some(Outcome::Rejected { rejection }) = decided.answers.last().map(|answer| &answer.outcome) else {
            panic!("another body was answered")
        };
        assert_eq!((rejection.kind, rejection.code.as_str()), (RejectionKind::Invalid, "idempotency_key_reused"));
        assert!(decided.handled.iter().all(|handled| handled.stored.outcome == done(7)));
    }
}

#[test]
fn a_refusal_is_an_outcome_like_any_other() {
    let decided = batch([command(measure(1, person(1), 0), "f")], &[]);
    let (handled, answered) = outcomes(&decided);
    assert!(matches!(&handled[..], [Outcome::Rejected { rejection }] if rejection.code == "weightless"));
    assert_eq!(handled, answered);
    assert!(decided.outbox.is_empty());
}

#[test]
fn a_dead_letter_that_an_operator_replays_is_handled_after_all_and_once() {
    let again = || command(measure(1, person(1), 7), "f");
    let before = [(1, stored("f", dead("panic")))];
    assert_eq!(outcomes(&batch([again()], &before)), (vec![], vec![dead("panic")]), "only an operator replays");
    let decided = batch([replayed(again()), replayed(again())], &before);
    assert_eq!(outcomes(&decided), (vec![done(7)], vec![done(7), done(7)]));
    let decided = batch([replayed(again())], &[(1, stored("f", done(99)))]);
    assert_eq!(outcomes(&decided), (vec![], vec![done(99)]), "what is done stays done");
}

#[test]
fn a_command_that_cannot_be_read_is_a_dead_letter_and_has_an_outcome() {
    let reason = "line\nbreaks ".to_owned() + &"é".repeat(600);
    let mut arrival = unreadable(command(measure(1, person(1), 7), "f"), &reason);
    wire::set(&mut arrival.received.headers, "Nats-Expected-Stream", "COMMANDS_probe");
    let decided = batch([arrival], &[]);
    assert_eq!(targets(&decided), [Target::Dead]);
    let letter = &decided.outbox[0];
    assert_eq!((letter.subject.clone(), &letter.body[..]), (format!("dead.probe.{}", person(1)), &b"body"[..]));
    let said = |name| wire::text(&letter.headers, name).unwrap_or_default();
    assert_eq!((said("plyo-dead-stream"), said("plyo-dead-sequence")), ("COMMANDS_probe", "42"));
    assert_eq!((said("Nats-Expected-Stream"), said("Nats-Msg-Id")), ("", "probe/COMMANDS_probe/42"));
    let kept = said("plyo-dead-reason");
    assert!(kept.starts_with("line breaks é") && kept.chars().count() == 500, "{kept}");
    assert_eq!(outcomes(&decided), (vec![dead(kept)], vec![dead(kept)]));
    assert_eq!(decided.handled[0].stored.fingerprint, "f");
    assert!(decided.skipped.is_empty());
}

#[test]
fn an_event_that_cannot_be_read_is_a_dead_letter_and_noted_as_skipped() {
    let decided = batch([unreadable(event(unlocked(1, person(1), "a")), "no JSON")], &[]);
    assert_eq!(targets(&decided), [Target::Dead]);
    assert_eq!(wire::text(&decided.outbox[0].headers, "plyo-dead-stream"), Some("EVENTS"));
    assert_eq!(decided.skipped, [(42, "no JSON".to_owned())]);
    assert!(decided.handled.is_empty() && decided.answers.is_empty());
}

#[test]
fn a_command_about_nobody_is_only_a_dead_letter() {
    let mut arrival = unreadable(command(measure(1, person(1), 7), "f"), "about nobody");
    arrival.received.subject = "cmd.7.probe.measure.nobody".to_owned();
    let decided = batch([arrival], &[]);
    assert_eq!(decided.outbox[0].subject, "dead.probe.unknown");
    assert_eq!(outcomes(&decided), (vec![], vec![]));
}

#[test]
fn a_dead_letter_is_of_the_person_of_its_subject_or_else_of_its_header() {
    for (subject, said, expected) in [(person(1), person(2), person(1)), (person(1), person(1), person(1))] {
        let mut arrival = unreadable(command(measure(1, subject, 7), "f"), "contradicts itself");
        wire::set(&mut arrival.received.headers, "ce-subject", said.to_string());
        assert_eq!(batch([arrival], &[]).outbox[0].subject, format!("dead.probe.{expected}"));
    }
    let mut arrival = unreadable(command(measure(1, person(1), 7), "f"), "about nobody");
    arrival.received.subject = "cmd.7.probe.measure.nobody".to_owned();
    wire::set(&mut arrival.received.headers, "ce-subject", person(2).to_string());
    assert_eq!(batch([arrival], &[]).outbox[0].subject, format!("dead.probe.{}", person(2)));
}

#[test]
fn a_dead_letter_of_one_message_says_how_often_it_was_tried() {
    let lane = Lane::all("probe", 1).unwrap()[0];
    let decided = dead_letter_one(lane, &command(measure(1, person(1), 7), "f"), "panic: no such row", 3);
    assert_eq!(wire::text(&decided.outbox[0].headers, "plyo-dead-attempts"), Some("3"));
    assert_eq!(outcomes(&decided), (vec![dead("panic: no such row")], vec![dead("panic: no such row")]));
}

#[test]
fn only_an_inbox_for_outcomes_is_answered() {
    for reply in [None, Some("evt.7.workout.completed"), Some("out.>"), Some("out.*"), Some("edge")] {
        let mut arrival = command(measure(1, person(1), 7), "f");
        arrival.received.headers = wire::command_headers(&measure(1, person(1), 7), "f", reply);
        assert_eq!(outcomes(&batch([arrival], &[])), (vec![done(7)], vec![]), "{reply:?}");
    }
}

#[test]
fn what_a_batch_publishes_is_in_the_order_of_its_messages() {
    let arrivals = [
        event(unlocked(1, person(1), "a")),
        command(measure(2, person(1), 7), "f"),
        event(unlocked(3, person(1), "a")),
        Arrival { work: Work::Skip, ..event(measured(4, person(1), 1)) },
        event(unlocked(5, person(1), "a")),
    ];
    let decided = batch(arrivals, &[]);
    let caused_by = |number: usize| wire::text(&decided.outbox[number].headers, wire::CAUSATION).map(str::to_owned);
    assert_eq!((caused_by(0), caused_by(1)), (Some(id(2).to_string()), Some(id(5).to_string())));
    assert_eq!(decided.outbox.len(), 2, "the third achievement is weighed, and what is skipped counts for nothing");
}

/// The loop's command that brings these events.
fn import(number: u32, events: Vec<Message<Event>>) -> Arrival {
    let received = received(format!("cmd.7.probe.import.{}", person(1)), HeaderMap::new());
    let work = Work::Import(Import { id: id(number), subject: person(1).into(), events });
    Arrival { source: Source::Commands, received, work }
}

#[test]
fn imported_events_are_published_as_they_were_once_and_with_a_mark() {
    let events = vec![measured(2, person(1), 700), measured(3, person(1), 800)];
    let decided = batch([import(1, events.clone()), import(1, events.clone())], &[]);
    let published: Vec<_> = decided.outbox.iter().map(|outgoing| outgoing.id().unwrap()).collect();
    assert_eq!(published, [id(2), id(3)]);
    assert!(decided.outbox.iter().all(|outgoing| wire::imported_by(&outgoing.headers) == Some(id(1))));
    assert_eq!(decided.handled.iter().map(|handled| handled.id).collect::<Vec<_>>(), [id(1)]);
    let again = batch([import(1, events.clone())], &[(1, stored("", Outcome::Done { result: Value::Null }))]);
    assert_eq!((again.outbox.len(), again.handled.len()), (0, 0));
    // They are in the tables: the same measurement again is no news.
    let decided = batch([import(1, events), command(measure(4, person(1), 800), "f")], &[]);
    assert_eq!(decided.outbox.len(), 2);
}

#[test]
fn nobody_reacts_to_what_was_reacted_to_on_another_instance() {
    let heard = |number| event(unlocked(number, person(1), "a"));
    let imported = |number| Arrival { work: Work::Imported(unlocked(number, person(1), "a")), ..heard(number) };
    assert_eq!(batch([heard(1), heard(2), imported(3)], &[]).outbox.len(), 0);
    assert_eq!(batch([imported(1), imported(2), heard(3)], &[]).outbox.len(), 1, "and it was folded");
}

//! One message through a reactor: the pure core of the loop, without streams or tables.

#![deny(clippy::disallowed_methods, reason = "time comes from the message")]

use plyo_events::{
    Aggregate, Command, CommandId, Event, EventId, Id, Message, Outcome, Subject, Timer, rejection::UNKNOWN_COMMAND,
};
use uuid::Uuid;

use crate::{broker::wire, reactor::Reactor};

/// What a message comes to.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Step {
    pub events: Vec<Message<Event>>,
    pub commands: Vec<Message<Command>>,
    /// Each with the id of its future clock event.
    pub timers: Vec<(Uuid, Timer)>,
}

/// A command is decided, and what it emits is evolved.
pub fn command<R: Reactor>(reactor: &R, state: &mut R::State, command: &Message<Command>) -> (Outcome, Step) {
    match reactor.decide(state, command) {
        Err(rejection) => {
            let kind = command.body.kind();
            let is_listed = rejection.is_one_of(&[UNKNOWN_COMMAND]) || rejection.is_one_of(kind.rejections());
            debug_assert!(is_listed, "{rejection:?} is not among the rejections of {kind}");
            (Outcome::Rejected { rejection }, Step::default())
        }
        Ok(mut output) => {
            let result = output.reply.take().unwrap_or(serde_json::Value::Null);
            (Outcome::Done { result }, emitted(reactor, state, command, output))
        }
    }
}

/// A foreign event is evolved and reacted to, and what the reaction emits is evolved.
pub fn event<R: Reactor>(reactor: &R, state: &mut R::State, event: &Message<Event>) -> Step {
    fold(reactor, state, event);
    let output = reactor.react(state, event);
    emitted(reactor, state, event, output)
}

/// Folds an event of the history. A timer is not folded but reacted to: several that are late are handled in the order in which
/// they were due, which is not that of the history.
pub fn fold<R: Reactor>(reactor: &R, state: &mut R::State, event: &Message<Event>) {
    if event.body.kind().service() != "clock" {
        reactor.evolve(state, event);
    }
}

fn emitted<R: Reactor, T>(reactor: &R, state: &mut R::State, cause: &Message<T>, output: plyo_events::Output) -> Step {
    let mut step = Step::default();
    for (ordinal, timer) in output.timers.into_iter().enumerate() {
        let id = Id::<()>::derive(cause.id, &format!("{}/timer/{ordinal}", R::NAME)).uuid();
        step.timers.push((id, timer));
    }
    for (ordinal, event) in output.events.into_iter().enumerate() {
        let id = EventId::derive(cause.id, &format!("{}/{ordinal}", R::NAME)).uuid();
        check_about::<R>(cause.subject, event.kind().name(), event.kind().about());
        let event = caused(cause, id, event);
        reactor.evolve(state, &event);
        step.events.push(event);
    }
    for (ordinal, (subject, command)) in output.commands.into_iter().enumerate() {
        check_about::<R>(subject, command.kind().name(), command.kind().about());
        let id = CommandId::derive(cause.id, &format!("{}/command/{ordinal}", R::NAME)).uuid();
        step.commands.push(Message { subject, ..caused(cause, id, command) });
    }
    step
}

/// A message about another kind of subject than the catalogue declares would be dead-lettered by each reader: better
/// dead-letter its cause.
fn check_about<R: Reactor>(subject: Subject, name: &'static str, expected: Option<Aggregate>) {
    if let Err(error) = wire::check_about(subject, name, expected) {
        panic!("{} emits an event that cannot be decoded: {error}", R::NAME);
    }
}

fn caused<T, U>(cause: &Message<T>, id: Uuid, body: U) -> Message<U> {
    Message { id, causation: cause.id, ..cause.with(body) }
}

//! What surrounds a payload: the envelope, what a reaction emits, and the outcome of a command.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{Command, Event, EventKind, Recurrence, Rejection, Subject, Traceparent, UserId};

/// A payload with its envelope (CloudEvents 1.0; on NATS the attributes are headers, see `plyo_nats::wire`).
#[derive(Clone, Debug, PartialEq)]
pub struct Message<T> {
    /// `ce-id`: a `CommandId` for a command, an `EventId` for an event.
    pub id: Uuid,
    /// Whom or what this is about: the last token of the NATS subject.
    pub subject: Subject,
    /// `ce-time`: when it happened. An event that a command causes has the command's time, so that replay needs no clock.
    pub time: Timestamp,
    /// `ce-correlationid`: the id of the first message of the chain.
    pub correlation: Uuid,
    /// `ce-causationid`: the id of the message that caused this one; its own id for the first.
    pub causation: Uuid,
    /// The parent span. Caused messages have the span that handles this one as their parent, or the same parent if nobody
    /// records spans.
    pub traceparent: Option<Traceparent>,
    pub body: T,
}

impl<T> Message<T> {
    /// A first message: it correlates with itself.
    pub fn first(id: Uuid, subject: impl Into<Subject>, time: Timestamp, body: T) -> Self {
        Self { id, subject: subject.into(), time, correlation: id, causation: id, traceparent: None, body }
    }

    /// The user this is about. Decoding has checked that there is one if the catalogue says that such a message is about a
    /// user.
    ///
    /// # Panics
    /// When it is about an aggregate, which is a bug in the caller.
    pub fn user(&self) -> UserId {
        self.subject.user().expect("this message is about a person")
    }

    /// When it happened, to the microsecond, as Postgres stores it: a fold must not know more than its table.
    pub fn stored_time(&self) -> Timestamp {
        Timestamp::from_microsecond(self.time.as_microsecond()).unwrap_or(self.time)
    }

    /// The same envelope around another payload.
    pub fn with<U>(&self, body: U) -> Message<U> {
        Message {
            id: self.id,
            subject: self.subject,
            time: self.time,
            correlation: self.correlation,
            causation: self.causation,
            traceparent: self.traceparent,
            body,
        }
    }
}

/// What a decision or reaction emits: events and timers about the subject of the message that caused it, commands about any
/// subject.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Output {
    pub events: Vec<Event>,
    /// Commands to this service or another, and about whom: so one user's action can concern another.
    pub commands: Vec<(Subject, Command)>,
    pub timers: Vec<Timer>,
    /// The result of a command, as returned to the client. Ignored for an event.
    pub reply: Option<serde_json::Value>,
}

impl Output {
    /// Nothing happens.
    pub fn nothing() -> Self {
        Self::default()
    }

    pub fn event(mut self, event: impl Into<Event>) -> Self {
        self.events.push(event.into());
        self
    }

    pub fn events(mut self, events: impl IntoIterator<Item = Event>) -> Self {
        self.events.extend(events);
        self
    }

    /// Sends a command about `to` to its service.
    pub fn command(mut self, to: impl Into<Subject>, command: impl Into<Command>) -> Self {
        self.commands.push((to.into(), command.into()));
        self
    }

    pub fn timer(mut self, timer: Timer) -> Self {
        self.timers.push(timer);
        self
    }

    /// # Panics
    /// If `reply` cannot be JSON (a map with non-string keys), which is a bug in the type.
    pub fn reply(mut self, reply: impl Serialize) -> Self {
        self.reply = Some(serde_json::to_value(reply).expect("a reply is plain data"));
        self
    }
}

/// A change to the schedule: a timer comes back as a `clock.…` event of the same subject when it is due.
#[derive(Clone, Debug, PartialEq)]
pub enum Timer {
    /// Sets, or moves, the timer `key`. `due` is the clock event that fires.
    Set { key: Uuid, at: Timestamp, due: Event },
    /// Sets, or moves, the timer `key` to the next time of `recurrence`. It fires once: to repeat it, emit it again when
    /// `due` comes; times that have passed meanwhile are skipped. The `time` of the clock event is the time it was due.
    Every { key: Uuid, recurrence: Recurrence, due: Event },
    /// Cancels the timer `key` of that kind, if there is one.
    Cancel { key: Uuid, kind: EventKind },
}

/// The outcome of a command: stored with its id, and returned whenever the same command comes again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "status")]
pub enum Outcome {
    Done {
        result: serde_json::Value,
    },
    Rejected {
        #[serde(rename = "reject")]
        rejection: Rejection,
    },
    /// It could not be processed; operators see it with `plyo dead list` and can replay it.
    Dead {
        reason: String,
    },
}

//! The network side of a service: performs what its own events ask for, and reports what became of it as a command.

pub(crate) mod consumer;
mod performer;

use std::{future::Future, time::Duration};

use plyo_events::{Command, CommandKind, Event, EventKind, Message};

// In this a test can plant a bug.
#[cfg(not(feature = "failpoints"))]
use self::consumer::Consumer;
#[cfg(feature = "failpoints")]
use crate::planted::Consumer;

pub(crate) use performer::{Performing, perform_all};

/// Something that a service does to the world outside: a push, a mail, a question to a language model.
///
/// **Asked** by an event of the service itself, once. A durable consumer of the broker keeps what is still to be done, for
/// all instances of the service together; the loop, `plyo rebuild` and `plyo verify` have no part in it, so a replay
/// performs nothing.
///
/// **Performed** at least once: an instance that dies, or loses the broker, between performing and acknowledging has it
/// performed again. What must not happen twice outside needs a key that whoever receives it knows again, such as the id of
/// the event. Some are performed side by side, and retries come later: there is no order, not even among those of one
/// person.
///
/// **Reported** once. The report is a command to the service itself, and the request is acknowledged when that is stored.
/// Its id derives from the event and the effect's name and from nothing else, not from the attempt, not from how it went:
/// of two reports of one request, the service handles the one that came first. Like any command it may be refused, for
/// instance because its person was erased meanwhile, and is settled by that.
pub trait Effect: Send + Sync + 'static {
    /// A subject token, kept for ever: under another name all that was ever asked for is performed again.
    const NAME: &'static str;

    /// The events that ask for it, all of them of its own service.
    const PERFORMS: &'static [EventKind];

    /// The commands that report it, to its own service.
    const REPORTS: &'static [CommandKind];

    /// Performs what `event` asks for. `attempt` counts from 1; the broker counts, so also what became of no report.
    ///
    /// It keeps to time limits of its own; after five minutes, or a panic, the attempt counts as failed and another one
    /// follows, later each time.
    fn perform(&self, event: &Message<Event>, attempt: u32) -> impl Future<Output = Performed> + Send;
}

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Performed {
    /// It is done; this is the report.
    Done(Command),
    /// It failed for now. The request goes back to the broker, which gives it out again after this time.
    ///
    /// The broker's consumer keeps that on disk, with its count of attempts. A message schedule would keep the same in
    /// `EVENTS` for ever, one event a retry, although nobody wants to know it. After a restart of the broker a retry may
    /// come some seconds earlier or later.
    RetryAfter(Duration),
    /// It will not be tried again; this is the report.
    GaveUp(Command),
}

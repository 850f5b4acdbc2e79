//! The network side of a service: performs what its own events ask for, and reports the result as a command.

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

/// Something that a service does to the outside world: a push, a mail, a question to a language model.
///
/// **Asked** by an event of the service itself, once. A durable consumer of the broker keeps pending requests for all
/// instances of the service together; the loop, `plyo rebuild` and `plyo verify` are not involved, so a replay performs
/// nothing.
///
/// **Performed** at least once: if an instance dies, or loses the broker, between performing and acknowledging, it is
/// performed again. What must not happen twice needs a key that the receiver recognises, such as the id of the event.
/// Requests run concurrently, and retries come later: there is no order, not even for one user.
///
/// **Reported** once. The report is a command to the service itself, and the request is acknowledged once that is stored.
/// Its id derives only from the event and the effect's name, not from the attempt or its result: of two reports of one
/// request, the service handles the first. Like any command it may be rejected, for instance because its user was erased
/// meanwhile, and is settled by that.
pub trait Effect: Send + Sync + 'static {
    /// A subject token that must never change: under another name, the whole history would be performed again.
    const NAME: &'static str;

    /// The events that ask for it, all of its own service.
    const PERFORMS: &'static [EventKind];

    /// The commands that report it, to its own service.
    const REPORTS: &'static [CommandKind];

    /// Whether it erases people, which takes rights on every stream.
    const ERASES: bool = false;
    /// The buckets of the object store whose files it writes or reads, which takes rights on them.
    const STORES: &'static [&'static str] = &[];

    /// Whether it tells people how far it is with [`tell`](crate::tell), which takes a right, too.
    const TELLS: bool = false;

    /// Performs what `event` asks for. `attempt` counts from 1; the broker counts, so attempts without a report are
    /// included.
    ///
    /// It must have its own timeouts; after five minutes, or on a panic, the attempt counts as failed and is retried, with
    /// growing delays.
    fn perform(&self, event: &Message<Event>, attempt: u32) -> impl Future<Output = Performed> + Send;
}

/// The result of an attempt.
#[derive(Clone, Debug, PartialEq)]
pub enum Performed {
    /// Done; this is the report.
    Done(Command),
    /// It failed for now. The broker delivers the request again after this delay.
    ///
    /// The broker's consumer keeps that on disk, with its count of attempts. A message schedule would leave a useless event
    /// in `EVENTS` for each retry, for ever. After a restart of the broker a retry may come some seconds earlier or later.
    RetryAfter(Duration),
    /// Failed for good; this is the report.
    GaveUp(Command),
}

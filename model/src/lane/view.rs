//! How actions and states read in a trace.

use std::fmt::{self, Display};

use super::{
    action::{Action, Fault, Step},
    world::{Cause, Event, Process, Sent, Stored, World},
};
use crate::trace::Scene;

impl Scene for World {
    fn parts(&self) -> Vec<(&'static str, String)> {
        let Self { postgres, broker, .. } = self;
        let memory = Process::BOTH.map(|process| {
            let rows = self.local(process).memory.iter().enumerate();
            let known = rows.filter_map(|(user, count)| Some(format!("{process:?} user {user}: {}", (*count)?)));
            list(known)
        });
        let mut wires: Vec<_> = Process::BOTH
            .iter()
            .filter_map(|process| Some((format!("{process:?}: "), &self.owner(*process)?.wire)))
            .collect();
        wires.extend(broker.strays.iter().map(|stray| ("given up: ".to_owned(), stray)));
        wires.retain(|(_, wire)| !wire.is_empty());
        vec![
            (
                "COMMANDS",
                list(broker.commands_after(0).map(|(sequence, command)| format!("{sequence}: command {command}"))),
            ),
            (
                "EVENTS",
                list(broker.events.iter().enumerate().map(|(place, stored)| format!("{}: {stored}", place + 1))),
            ),
            ("on the way", list(wires.iter().map(|(whose, wire)| format!("{whose}{}", list(wire.iter()))))),
            ("table", list(postgres.counts.iter().enumerate().map(|(user, count)| format!("user {user}: {count}")))),
            ("outbox", list(postgres.outbox.iter())),
            ("position", format!("EVENTS {}, COMMANDS {}", postgres.position.events, postgres.position.commands)),
            ("memory", list(memory.iter().filter(|rows| !rows.is_empty()))),
        ]
    }
}

fn list(items: impl Iterator<Item = impl Display>) -> String {
    items.map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

impl Display for Stored {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EpochMarker => write!(f, "epoch marker"),
            Self::Foreign(foreign) => write!(f, "foreign {foreign}"),
            Self::Own(event) => event.fmt(f),
        }
    }
}

impl Display for Sent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EpochMarker => write!(f, "epoch marker"),
            Self::Own { event, fence } => write!(f, "{event} if the last mark is {fence}"),
        }
    }
}

impl Display for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.cause {
            Cause::Command(command) => write!(f, "of command {command}")?,
            Cause::Foreign(foreign) => write!(f, "of foreign {foreign}")?,
        }
        write!(f, " (user {} is {})", self.cause.user(), self.count)
    }
}

impl Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Foreign => write!(f, "another service's event is stored"),
            Self::Step(step) => step.fmt(f),
            Self::Fault(fault) => fault.fmt(f),
        }
    }
}

impl Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lock(p) => write!(f, "{p:?} takes the lock, reads the lane row, sends its mark"),
            Self::ReadOutbox(p) => write!(f, "{p:?} reads the outbox"),
            Self::Look(p) => write!(f, "{p:?} looks at EVENTS, sends what is missing"),
            Self::Complete(p) => write!(f, "{p:?} writes the position and owns the lane"),
            Self::Decide { process: p, events, commands } => {
                write!(f, "{p:?} gathers and decides a batch: events {events}, commands {commands}")
            }
            Self::Commit(p) => write!(f, "{p:?} commits, answers, sends the batch's events"),
            Self::Idle(p) => write!(f, "{p:?} is idle, writes what it knows"),
            Self::Purge(p) => write!(f, "{p:?} purges COMMANDS up to its position"),
            Self::Drop { process: p, arriving } => write!(f, "{p:?} meets an error, drops the lane{}", late(*arriving)),
            Self::Arrive(p) => write!(f, "what {p:?} sent first arrives at the broker"),
            Self::Refuse(p) => write!(f, "what {p:?} sent first is refused, since more is under way"),
            Self::ArriveStray(_) => write!(f, "what was sent on a connection that is given up arrives at the broker"),
        }
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FAULT: ")?;
        match self {
            Self::Crash { process: p, arriving } => write!(f, "{p:?} dies{}", late(*arriving)),
            Self::EndSession(p) => write!(f, "Postgres ends the session of {p:?}, which does not notice"),
            Self::CommitUnanswered(p) => write!(f, "{p:?} commits; its session ends before the answer"),
            Self::RollBack(p) => write!(f, "the transaction of {p:?} is rolled back, its batch is tried again"),
            Self::LoseAck(p) => write!(f, "what {p:?} sent first arrives, its ack is lost"),
            Self::RestartBroker => write!(f, "the broker starts anew, what was on the way is lost"),
        }
    }
}

fn late(arriving: u8) -> String {
    if arriving == 0 { String::new() } else { format!("; {arriving} of what it sent will still arrive") }
}

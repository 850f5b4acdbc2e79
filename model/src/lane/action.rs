//! What can happen next.

use super::{
    Bug, Lane,
    world::{Owner, Phase, Process, World},
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Another service's event is stored.
    Foreign,
    /// What the loop and the network do.
    Step(Step),
    Fault(Fault),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    Lock(Process),
    ReadOutbox(Process),
    Look(Process),
    Complete(Process),
    Decide {
        process: Process,
        events: u8,
        commands: u8,
    },
    Commit(Process),
    Idle(Process),
    Purge(Process),
    /// `arriving` of the messages on its connection arrive later, the others never.
    Drop {
        process: Process,
        arriving: u8,
    },
    Arrive(Process),
    /// A replicated stream refuses what arrives while another publish with the same fence is under way.
    Refuse(Process),
    ArriveStray(u8),
}

/// What should not happen, and does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A process dies, and another one starts in its place.
    Crash {
        process: Process,
        arriving: u8,
    },
    /// Postgres ends a session: its process stopped for too long, the network broke, or Postgres started anew.
    EndSession(Process),
    /// The same, after a commit and before its answer.
    CommitUnanswered(Process),
    /// A transaction fails for a reason of its own.
    RollBack(Process),
    LoseAck(Process),
    RestartBroker,
}

impl Lane {
    /// What the loop does by itself. Where there is none of it, nothing happens any more without somebody else.
    pub(super) fn steps(&self, world: &World, steps: &mut Vec<Step>) {
        for process in Process::BOTH {
            match world.owner(process) {
                None if may_lock(world, process) => steps.push(Step::Lock(process)),
                None => {}
                Some(owner) => self.steps_of(world, process, owner, steps),
            }
        }
        steps.extend((0..world.broker.strays.len()).map(|stray| Step::ArriveStray(stray as u8)));
    }

    fn steps_of(&self, world: &World, process: Process, owner: &Owner, steps: &mut Vec<Step>) {
        let has_session = world.has_session(process);
        if owner.phase == Phase::Failed || !has_session {
            steps.extend(prefixes(owner).map(|arriving| Step::Drop { process, arriving }));
        }
        if owner.phase == Phase::Failed {
            return;
        }
        if !owner.wire.is_empty() {
            steps.push(Step::Arrive(process));
        }
        if owner.wire.len() > 1 && self.has(Bug::PipelinedOnReplicas) {
            steps.push(Step::Refuse(process));
        }
        match owner.phase {
            Phase::Marked if has_session => steps.push(Step::ReadOutbox(process)),
            Phase::Looking { .. } => steps.push(Step::Look(process)),
            Phase::Completing if has_session && owner.wire.is_empty() => steps.push(Step::Complete(process)),
            Phase::Owning if owner.batch.is_some() => {
                if self.may_commit(world, process, owner) {
                    steps.push(Step::Commit(process));
                }
            }
            Phase::Owning if has_session => {
                if owner.position.commands > world.broker.purged {
                    steps.push(Step::Purge(process));
                }
                let dirty = owner.acknowledged > 0 || owner.position != world.postgres.position;
                if owner.wire.is_empty() && dirty {
                    steps.push(Step::Idle(process));
                }
                let events = world.broker.foreign_after(owner.position.events).count() as u8;
                let commands = world.broker.commands_after(owner.position.commands).count() as u8;
                let sizes = [(0, 1), (0, 2), (1, 0), (1, 1)].into_iter();
                let there = sizes.filter(|&(e, c)| e <= events && c <= commands);
                steps.extend(there.map(|(events, commands)| Step::Decide { process, events, commands }));
            }
            Phase::Marking { .. } | Phase::Marked | Phase::Completing | Phase::Owning | Phase::Failed => {}
        }
    }

    /// On the connection that holds the lock, and once what was committed before is confirmed.
    fn may_commit(&self, world: &World, process: Process, owner: &Owner) -> bool {
        let has_session = world.has_session(process) || self.has(Bug::LockElsewhere);
        has_session && (owner.wire.is_empty() || self.overtakes || self.has(Bug::ForgetUnconfirmed))
    }

    pub(super) fn faults(&self, world: &World, faults: &mut Vec<Fault>) {
        for process in Process::BOTH {
            let Some(owner) = world.owner(process) else { continue };
            faults.extend(prefixes(owner).map(|arriving| Fault::Crash { process, arriving }));
            let has_session = world.has_session(process);
            if has_session {
                faults.push(Fault::EndSession(process));
            }
            if owner.phase == Phase::Failed {
                continue;
            }
            if has_session && owner.batch.is_some() {
                faults.push(Fault::RollBack(process));
                if self.may_commit(world, process, owner) {
                    faults.push(Fault::CommitUnanswered(process));
                }
            }
            if !owner.wire.is_empty() {
                faults.push(Fault::LoseAck(process));
            }
        }
        if Process::BOTH.iter().any(|process| world.owner(*process).is_some()) {
            faults.push(Fault::RestartBroker);
        }
    }
}

/// Processes that stand by and remember nothing differ in nothing, so that A may stand for both.
fn may_lock(world: &World, process: Process) -> bool {
    let same = world.local(Process::A) == world.local(Process::B);
    world.postgres.lock.is_none() && (process == Process::A || !same)
}

/// How much of what is on the way may arrive after its sender let go: TCP loses no message between two others.
fn prefixes(owner: &Owner) -> impl Iterator<Item = u8> + use<> {
    0..=owner.wire.len() as u8
}

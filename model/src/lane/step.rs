//! What the loop's own steps do, and what the network does with what they send.

use super::{
    Bug, Lane,
    action::Step,
    world::{Batch, Cause, Event, Local, Memory, Owner, Phase, Position, Process, Sent, Stored, World, sequence},
};

impl Lane {
    pub(super) fn step(&self, world: &mut World, step: Step) {
        match step {
            Step::Lock(process) => self.lock(world, process),
            Step::Decide { process, events, commands } => self.decide(world, process, events.into(), commands.into()),
            Step::Commit(process) => self.commit(world, process),
            Step::Drop { process, arriving } => {
                // What a batch changed that failed is forgotten even so.
                let is_clean = world.owner(process).is_some_and(|owner| owner.batch.is_none());
                let is_kept = self.has(Bug::MemoryOverLostLane) && is_clean;
                let kept = if is_kept { world.local(process).memory } else { Memory::default() };
                self.let_go(world, process, arriving, kept);
            }
            Step::ArriveStray(stray) => self.arrive_stray(world, stray.into()),
            Step::Arrive(process) => self.with_owner(world, process, Self::arrive),
            Step::Refuse(process) => self.with_owner(world, process, |_, _, owner| {
                owner.wire.remove(0);
                owner.fail();
            }),
            Step::ReadOutbox(process) => self.with_owner(world, process, |_, world, owner| {
                let outbox = world.postgres.outbox.clone();
                if outbox.is_empty() {
                    owner.publish_missing(&outbox);
                } else {
                    owner.phase = Phase::Looking { outbox };
                }
            }),
            Step::Look(process) => self.with_owner(world, process, |lane, world, owner| {
                let Phase::Looking { outbox } = &owner.phase else { return };
                let missing = lane.missing(world, outbox, owner.confirmed);
                owner.publish_missing(&missing);
            }),
            Step::Complete(process) => self.with_owner(world, process, |_, world, owner| {
                world.postgres.outbox.clear();
                world.postgres.confirmed = owner.confirmed;
                owner.phase = Phase::Owning;
                owner.acknowledged = 0;
            }),
            Step::Idle(process) => self.with_owner(world, process, |_, world, owner| {
                let postgres = &mut world.postgres;
                postgres.outbox.drain(..usize::from(owner.acknowledged).min(postgres.outbox.len()));
                postgres.position = owner.position;
                postgres.confirmed = owner.confirmed;
                owner.acknowledged = 0;
            }),
            Step::Purge(process) => self.with_owner(world, process, |_, world, owner| {
                world.broker.purged = world.broker.purged.max(owner.position.commands);
            }),
        }
    }

    /// Changes what a process knows together with the rest of the world.
    pub(super) fn with_owner(
        &self,
        world: &mut World,
        process: Process,
        change: impl Fn(&Self, &mut World, &mut Owner),
    ) {
        let Some(mut owner) = world.local_mut(process).owner.take() else { return };
        change(self, world, &mut owner);
        world.local_mut(process).owner = Some(owner);
    }

    fn lock(&self, world: &mut World, process: Process) {
        world.postgres.lock = Some(process);
        let postgres = &world.postgres;
        let looks_early = self.has(Bug::LookBeforeMark);
        let early = if looks_early { self.missing(world, &postgres.outbox, postgres.confirmed) } else { Vec::new() };
        world.local_mut(process).owner = Some(Owner {
            phase: Phase::Marking { early },
            fence: 0,
            position: world.postgres.position,
            confirmed: world.postgres.confirmed,
            acknowledged: 0,
            wire: vec![Sent::EpochMarker],
            batch: None,
        });
    }

    /// What the outbox has and `EVENTS` has not.
    fn missing(&self, world: &World, outbox: &[Event], confirmed: u8) -> Vec<Event> {
        let is_there = |event: &Event| world.broker.own_after(confirmed).any(|own| own.cause == event.cause);
        outbox.iter().filter(|event| self.has(Bug::NoTail) || !is_there(event)).copied().collect()
    }

    /// Foreign events first, then commands: any other order is that of two batches.
    fn decide(&self, world: &mut World, process: Process, events: usize, commands: usize) {
        let Local { owner: Some(owner), memory } = world.local(process) else { return };
        let (mut position, mut memory) = (owner.position, *memory);
        let mut causes = Vec::new();
        for (sequence, foreign) in world.broker.foreign_after(position.events).take(events) {
            position.events = sequence;
            causes.push(Cause::Foreign(foreign));
        }
        for (sequence, command) in world.broker.commands_after(position.commands).take(commands) {
            position.commands = sequence;
            let cause = Cause::Command(command);
            let known = world.postgres.has_handled(command) || causes.contains(&cause);
            if !known || self.has(Bug::NoHandled) {
                causes.push(cause);
            }
        }
        let mut emitted = Vec::new();
        for cause in causes {
            let row = &mut memory[cause.user()];
            let count = row.unwrap_or(world.postgres.counts[cause.user()]) + 1;
            *row = Some(count);
            emitted.push(Event { cause, count });
        }
        self.decided(world, process, memory, Batch { events: emitted, position });
    }

    fn decided(&self, world: &mut World, process: Process, memory: Memory, batch: Batch) {
        if self.has(Bug::PurgeBeforeCommit) {
            world.broker.purged = world.broker.purged.max(batch.position.commands);
        }
        let local = world.local_mut(process);
        local.memory = memory;
        let Some(owner) = &mut local.owner else { return };
        if self.has(Bug::PublishBeforeCommit) {
            owner.send(&batch.events);
        }
        owner.batch = Some(batch);
    }

    fn commit(&self, world: &mut World, process: Process) {
        let Some(batch) = self.transaction(world, process) else { return };
        self.with_owner(world, process, |lane, _, owner| {
            owner.position = batch.position;
            if lane.has(Bug::PublishBeforeCommit) {
                owner.acknowledged = batch.events.len() as u8;
            } else {
                owner.send(&batch.events);
            }
        });
    }

    /// Everything of a batch or nothing. Its events count as unconfirmed; what was confirmed leaves the outbox.
    pub(super) fn transaction(&self, world: &mut World, process: Process) -> Option<Batch> {
        let World { postgres, processes, .. } = world;
        let owner = processes[process as usize].owner.as_mut()?;
        let batch = owner.batch.take()?;
        let acknowledged = usize::from(std::mem::take(&mut owner.acknowledged));
        let confirmed = if self.has(Bug::ForgetUnconfirmed) { usize::MAX } else { acknowledged };
        postgres.outbox.drain(..confirmed.min(postgres.outbox.len()));
        postgres.outbox.extend(&batch.events);
        postgres.confirmed = owner.confirmed;
        for event in &batch.events {
            postgres.counts[event.cause.user()] = event.count;
            if let Cause::Command(command) = event.cause {
                postgres.handled |= 1 << command;
            }
        }
        if !self.has(Bug::PositionOutside) {
            postgres.position = batch.position;
        }
        Some(batch)
    }

    /// The process has no lane any more: its session ends, and its connection to the broker.
    pub(super) fn let_go(&self, world: &mut World, process: Process, arriving: u8, memory: Memory) {
        if world.has_session(process) {
            world.postgres.lock = None;
        }
        let local = world.local_mut(process);
        local.memory = memory;
        let Some(mut owner) = local.owner.take() else { return };
        owner.wire.truncate(arriving.into());
        world.broker.strays.push(owner.wire);
        tidy(&mut world.broker.strays);
    }

    fn arrive(&self, world: &mut World, owner: &mut Owner) {
        let sent = owner.wire.remove(0);
        let Some(sequence) = self.store(world, sent) else {
            owner.fail();
            return;
        };
        match (sent, std::mem::replace(&mut owner.phase, Phase::Marked)) {
            (Sent::EpochMarker, Phase::Marking { early }) => {
                owner.fence = sequence;
                if self.has(Bug::LookBeforeMark) {
                    owner.publish_missing(&early);
                }
            }
            (_, phase) => {
                owner.confirmed = sequence;
                owner.acknowledged += u8::from(phase == Phase::Owning);
                owner.phase = phase;
            }
        }
    }

    fn arrive_stray(&self, world: &mut World, stray: usize) {
        let sent = world.broker.strays[stray].remove(0);
        self.store(world, sent);
        tidy(&mut world.broker.strays);
    }

    /// Gives the sequence, or nothing if the broker refuses.
    pub(super) fn store(&self, world: &mut World, sent: Sent) -> Option<u8> {
        let broker = &mut world.broker;
        broker.events.push(match sent {
            Sent::EpochMarker => Stored::EpochMarker,
            Sent::Own { fence, .. } if fence != broker.last_mark() && !self.has(Bug::NoFence) => return None,
            Sent::Own { event, .. } => Stored::Own(event),
        });
        Some(sequence(Some(broker.events.len() - 1)))
    }
}

impl Owner {
    fn send(&mut self, events: &[Event]) {
        let fence = self.fence;
        self.wire.extend(events.iter().map(|event| Sent::Own { event: *event, fence }));
    }

    fn publish_missing(&mut self, missing: &[Event]) {
        // Every own event that an earlier owner published lies before the mark.
        self.confirmed = self.fence;
        self.phase = Phase::Completing;
        self.send(missing);
    }

    /// From here on it can only drop the lane; what else it knew does not matter any more.
    pub(super) fn fail(&mut self) {
        let (wire, batch) = (std::mem::take(&mut self.wire), self.batch.take());
        *self = Self {
            phase: Phase::Failed,
            fence: 0,
            position: Position::default(),
            confirmed: 0,
            acknowledged: 0,
            wire,
            batch: batch.map(|_| Batch::default()),
        };
    }
}

/// Connections have no order among them, and empty ones do not matter.
fn tidy(strays: &mut Vec<Vec<Sent>>) {
    strays.retain(|stray| !stray.is_empty());
    strays.sort_unstable();
}

//! What faults do.

use super::{
    Bug, Lane,
    action::Fault,
    world::{Memory, World},
};

impl Lane {
    pub(super) fn fault(&self, world: &mut World, fault: Fault) {
        world.faults -= 1;
        match fault {
            Fault::Crash { process, arriving } => self.let_go(world, process, arriving, Memory::default()),
            Fault::EndSession(_) => world.postgres.lock = None,
            Fault::CommitUnanswered(process) => {
                self.transaction(world, process);
                world.postgres.lock = None;
                world.local_mut(process).memory = Memory::default();
            }
            Fault::RollBack(process) => {
                let local = world.local_mut(process);
                if !self.has(Bug::MemoryOverRollback) {
                    local.memory = Memory::default();
                }
                if let Some(owner) = &mut local.owner {
                    owner.batch = None;
                }
            }
            Fault::LoseAck(process) => self.with_owner(world, process, |lane, world, owner| {
                let sent = owner.wire.remove(0);
                lane.store(world, sent);
                owner.fail();
            }),
            Fault::RestartBroker => {
                world.broker.strays.clear();
                for owner in world.processes.iter_mut().filter_map(|local| local.owner.as_mut()) {
                    owner.wire.clear();
                    owner.fail();
                }
            }
        }
    }
}

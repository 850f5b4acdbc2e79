//! What must hold in every state, and what must be possible at all.

use stateright::Property;

use super::{
    Lane,
    world::{Cause, Phase, Process, Sent, Stored, USERS, World},
};

pub(super) fn properties() -> Vec<Property<Lane>> {
    vec![
        Property::always("nothing is emitted twice", |_, world: &World| is_once(world)),
        Property::always("tables are the fold of what is and will be published", |_, world| is_fold(world)),
        Property::always("what is committed is or will be published", |_, world| is_kept(world)),
        Property::always("an acknowledged command is handled or still there", |_, world| is_there(world)),
        Property::always("where nothing is left to do, everything is done", |lane, world| {
            lane.is_done(world) || !lane.is_quiet(world)
        }),
        Property::sometimes("everything is done, and every fault happened that may", |lane, world: &World| {
            world.faults == 0 && lane.is_finished(world)
        }),
        Property::sometimes("an event arrives too late, behind the mark of another owner", |_, world: &World| {
            let wires = world.processes.iter().filter_map(|local| Some(&local.owner.as_ref()?.wire));
            let mut first = wires.chain(&world.broker.strays).filter_map(|wire| wire.first());
            first.any(|sent| matches!(sent, Sent::Own { fence, .. } if *fence != world.broker.last_mark()))
        }),
        Property::sometimes("two processes believe that they own the lane", |_, world| {
            owners(world).filter(|phase| **phase == Phase::Owning).count() == 2
        }),
        Property::sometimes("a copy of a command is recognised", |lane: &Lane, world: &World| {
            let commands = &world.broker.commands;
            commands.iter().enumerate().any(|(place, command)| commands[..place].contains(command))
                && lane.is_done(world)
        }),
        Property::sometimes("a batch is published in part", |_, world: &World| {
            let there = world.postgres.outbox.iter().filter(|event| world.broker.contains(event.cause)).count();
            (1..world.postgres.outbox.len()).contains(&there)
        }),
        Property::sometimes("a batch is decided while the last one is on the way", |_, world: &World| {
            let owners = world.processes.iter().filter_map(|local| local.owner.as_ref());
            owners.into_iter().any(|owner| owner.batch.is_some() && !owner.wire.is_empty())
        }),
    ]
}

fn owners(world: &World) -> impl Iterator<Item = &Phase> {
    world.processes.iter().filter_map(|local| Some(&local.owner.as_ref()?.phase))
}

fn is_once(world: &World) -> bool {
    let events = || world.broker.own_after(0).enumerate();
    events().all(|(place, event)| events().skip(place + 1).all(|(_, later)| later.cause != event.cause))
}

/// Each event says the count that it leads to, so that the counts of a user's events in their order are 1, 2, 3, …, and
/// the last one is the row. What is committed and not in `EVENTS` follows in the order of the outbox.
fn is_fold(world: &World) -> bool {
    let unpublished = world.postgres.outbox.iter().filter(|event| !world.broker.contains(event.cause)).copied();
    let mut fold = [0; USERS];
    for event in world.broker.own_after(0).chain(unpublished) {
        let row = &mut fold[event.cause.user()];
        *row += 1;
        if *row != event.count {
            return false;
        }
    }
    fold == world.postgres.counts
}

/// Handled commands and applied events have their event.
fn is_kept(world: &World) -> bool {
    let has_event =
        |cause| world.broker.contains(cause) || world.postgres.outbox.iter().any(|event| event.cause == cause);
    let applied = world.broker.events.iter().take(world.postgres.position.events.into());
    let mut foreign = applied.filter_map(|stored| match stored {
        Stored::Foreign(foreign) => Some(Cause::Foreign(*foreign)),
        Stored::EpochMarker | Stored::Own(_) => None,
    });
    let mut handled = (0..8).filter(|command| world.postgres.has_handled(*command)).map(Cause::Command);
    foreign.all(has_event) && handled.all(has_event)
}

fn is_there(world: &World) -> bool {
    world.broker.commands.iter().all(|command| {
        let mut unread = world.broker.commands_after(world.postgres.position.commands);
        world.postgres.has_handled(*command) || unread.any(|(_, there)| there == *command)
    })
}

impl Lane {
    /// Whether nothing happens any more without a client, another service or a fault.
    fn is_quiet(&self, world: &World) -> bool {
        let mut steps = Vec::new();
        self.steps(world, &mut steps);
        steps.is_empty()
    }

    /// Whether somebody owns the lane, and whatever came has its event in `EVENTS` and nothing to remind of it.
    fn is_done(&self, world: &World) -> bool {
        let is_owned = Process::BOTH.iter().any(|process| {
            world.has_session(*process) && world.owner(*process).is_some_and(|owner| owner.phase == Phase::Owning)
        });
        let mut commands = world.broker.commands.iter().map(|command| Cause::Command(*command));
        let mut foreign = world.broker.foreign_after(0).map(|(_, foreign)| Cause::Foreign(foreign));
        is_owned
            && commands.all(|cause| world.broker.contains(cause))
            && foreign.all(|cause| world.broker.contains(cause))
            && world.postgres.outbox.is_empty()
            && usize::from(world.broker.purged) == world.broker.commands.len()
    }

    fn is_finished(&self, world: &World) -> bool {
        world.broker.foreign_after(0).count() == usize::from(self.bounds.foreign) && self.is_done(world)
    }
}

//! The model of a lane: what its state is, what can happen in it, and what must hold.

mod action;
mod bug;
mod fault;
mod property;
mod step;
mod view;
mod world;

use std::fmt;

use stateright::{Model, Property};
use world::{Broker, Stored};

pub use self::{action::Action, bug::Bug, world::World};
use crate::trace::{Explored, plainest};

/// A lane to explore.
#[derive(Clone, Debug)]
pub struct Lane {
    pub bounds: Bounds,
    pub bug: Option<Bug>,
    /// A batch is committed though the last one is still on the way, in the order of their commits.
    pub overtakes: bool,
}

/// How much may happen.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// What `COMMANDS` may hold: by which numbers, in which order, with which copies. All of it is there from the start, and
    /// nothing is lost by that: a command that nobody has gathered yet is like one that was not sent yet.
    pub commands: &'static [&'static [u8]],
    /// How many events another service publishes that the lane reacts to.
    pub foreign: u8,
    /// Of whatever kinds.
    pub faults: u8,
}

impl Bounds {
    /// More messages than faults.
    pub const BUSY: Self = Self { commands: &[&[0, 1, 2], &[0, 0, 1], &[0, 1, 0]], foreign: 1, faults: 2 };
    /// More faults than messages.
    pub const HURT: Self = Self { commands: &[&[0, 1], &[0, 0]], foreign: 1, faults: 3 };
    /// Enough for every planted bug to do harm.
    pub const NARROW: Self = Self { commands: &[&[0, 1], &[0, 0]], foreign: 1, faults: 2 };
}

impl fmt::Display for Bounds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { commands, foreign, faults } = self;
        write!(f, "COMMANDS holds one of {commands:?}, other services publish {foreign}, any {faults} faults")
    }
}

impl Lane {
    pub const fn sound(bounds: Bounds) -> Self {
        Self { bounds, bug: None, overtakes: false }
    }

    /// Looks for what a bug does, with no fault at first, then with more of them: so the way to it is the plainest.
    pub fn counterexample(bug: Bug) -> Explored {
        plainest(Bounds::NARROW.faults, |faults| Self {
            bug: Some(bug),
            ..Self::sound(Bounds { faults, ..Bounds::NARROW })
        })
    }

    pub(crate) fn has(&self, bug: Bug) -> bool {
        self.bug == Some(bug)
    }
}

impl Model for Lane {
    type State = World;
    type Action = Action;

    fn init_states(&self) -> Vec<World> {
        let holding = |commands: &&[u8]| World {
            broker: Broker { commands: commands.to_vec(), ..Broker::default() },
            faults: self.bounds.faults,
            ..World::default()
        };
        self.bounds.commands.iter().map(holding).collect()
    }

    fn actions(&self, world: &World, actions: &mut Vec<Action>) {
        let mut steps = Vec::new();
        self.steps(world, &mut steps);
        actions.extend(steps.into_iter().map(Action::Step));
        if world.broker.foreign_after(0).count() < usize::from(self.bounds.foreign) {
            actions.push(Action::Foreign);
        }
        if world.faults > 0 {
            let mut faults = Vec::new();
            self.faults(world, &mut faults);
            actions.extend(faults.into_iter().map(Action::Fault));
        }
    }

    fn next_state(&self, world: &World, action: Action) -> Option<World> {
        let mut next = world.clone();
        match action {
            Action::Foreign => {
                let foreign = world.broker.foreign_after(0).count() as u8;
                next.broker.events.push(Stored::Foreign(foreign));
            }
            Action::Step(step) => self.step(&mut next, step),
            Action::Fault(fault) => self.fault(&mut next, fault),
        }
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Self>> {
        property::properties()
    }
}

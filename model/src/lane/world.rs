//! The state: a database, a broker, two processes, and the faults that may still happen.

/// Most users of a model.
pub const USERS: usize = 2;

/// One of the two processes that contend for the lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Process {
    A,
    B,
}

impl Process {
    pub const BOTH: [Self; 2] = [Self::A, Self::B];
}

/// What a batch handles. An event's id derives from its cause, so that the cause stands for the id here. Commands 0 and 1
/// and foreign events are about user 0, the other commands about user 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cause {
    Command(u8),
    Foreign(u8),
}

impl Cause {
    pub fn user(self) -> usize {
        usize::from(matches!(self, Self::Command(2..)))
    }
}

/// An event of the lane's own service: a user's counter became `count`. Stale rows show in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Event {
    pub cause: Cause,
    pub count: u8,
}

/// A message in `EVENTS`; its sequence is its place, from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stored {
    EpochMarker,
    Foreign(u8),
    Own(Event),
}

/// A message on its way to `EVENTS`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sent {
    EpochMarker,
    Own { event: Event, fence: u8 },
}

/// How far both inputs are read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Position {
    pub events: u8,
    pub commands: u8,
}

/// What is committed, and whose session holds the advisory lock. A session is opened to hold the lock, so that a
/// process whose session is alive is the one that is named here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Postgres {
    pub lock: Option<Process>,
    /// The service's table: a row per user, 0 where there is none.
    pub counts: [u8; USERS],
    /// A bit per command.
    pub handled: u8,
    pub outbox: Vec<Event>,
    pub position: Position,
    pub confirmed: u8,
}

/// What is stored, and what is on the way on connections whose owner let go of them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Broker {
    /// Which command is at which sequence of `COMMANDS`.
    pub commands: Vec<u8>,
    /// Sequences of `COMMANDS` up to this one are gone.
    pub purged: u8,
    pub events: Vec<Stored>,
    /// First in, first out on each, as TCP has it.
    pub strays: Vec<Vec<Sent>>,
}

/// How far a process is with its lane.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Its mark is on the way. `early` is what it found missing before, which is a bug.
    Marking { early: Vec<Event> },
    /// Its mark is stored.
    Marked,
    /// It has read the outbox.
    Looking { outbox: Vec<Event> },
    /// What the outbox had and `EVENTS` had not is on the way.
    Completing,
    /// It handles batches.
    Owning,
    /// A publish was refused or not answered.
    Failed,
}

/// What a process knows while it believes that it owns the lane.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Owner {
    pub phase: Phase,
    /// The sequence of its mark.
    pub fence: u8,
    pub position: Position,
    pub confirmed: u8,
    /// How many events of the outbox, from its first on, are known to be in `EVENTS`.
    pub acknowledged: u8,
    /// Sent on its own connection and not arrived.
    pub wire: Vec<Sent>,
    pub batch: Option<Batch>,
}

/// A transaction under way: decided, and not committed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Batch {
    pub events: Vec<Event>,
    pub position: Position,
}

/// The rows that a lane remembers.
pub type Memory = [Option<u8>; USERS];

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Local {
    pub owner: Option<Owner>,
    pub memory: Memory,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct World {
    pub postgres: Postgres,
    pub broker: Broker,
    pub processes: [Local; 2],
    /// How many faults may still happen, of whatever kind.
    pub faults: u8,
}

impl World {
    pub fn local(&self, process: Process) -> &Local {
        &self.processes[process as usize]
    }

    pub fn local_mut(&mut self, process: Process) -> &mut Local {
        &mut self.processes[process as usize]
    }

    pub fn owner(&self, process: Process) -> Option<&Owner> {
        self.local(process).owner.as_ref()
    }

    /// Whether the session of `process` is alive, so that a statement of it succeeds.
    pub fn has_session(&self, process: Process) -> bool {
        self.postgres.lock == Some(process)
    }
}

impl Postgres {
    pub fn has_handled(&self, command: u8) -> bool {
        self.handled & (1 << command) != 0
    }
}

impl Broker {
    /// The sequence of the last mark.
    pub fn last_mark(&self) -> u8 {
        sequence(self.events.iter().rposition(|stored| *stored == Stored::EpochMarker))
    }

    /// Own events after a sequence of `EVENTS`, in order.
    pub fn own_after(&self, sequence: u8) -> impl Iterator<Item = Event> + '_ {
        self.events.iter().skip(usize::from(sequence)).filter_map(|stored| match stored {
            Stored::Own(event) => Some(*event),
            Stored::EpochMarker | Stored::Foreign(_) => None,
        })
    }

    /// Foreign events after a sequence of `EVENTS`, each with its own.
    pub fn foreign_after(&self, after: u8) -> impl Iterator<Item = (u8, u8)> + '_ {
        self.events.iter().enumerate().skip(usize::from(after)).filter_map(|(place, stored)| match stored {
            Stored::Foreign(foreign) => Some((sequence(Some(place)), *foreign)),
            Stored::EpochMarker | Stored::Own(_) => None,
        })
    }

    /// Commands after a sequence of `COMMANDS` that are still there, each with its own.
    pub fn commands_after(&self, after: u8) -> impl Iterator<Item = (u8, u8)> + '_ {
        let after = usize::from(after.max(self.purged));
        self.commands.iter().enumerate().skip(after).map(|(place, command)| (sequence(Some(place)), *command))
    }

    pub fn contains(&self, cause: Cause) -> bool {
        self.own_after(0).any(|event| event.cause == cause)
    }
}

/// The sequence at a place, 0 for none. A model has few messages.
pub fn sequence(place: Option<usize>) -> u8 {
    place.map_or(0, |place| u8::try_from(place + 1).unwrap_or(u8::MAX))
}

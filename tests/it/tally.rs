//! The smallest services that have the loop's whole shape: one counts workouts and says so, one reacts to every fifth.

use plyo_events::{
    Command, Event, EventKind, Message, Output, Rejection, ReminderId, UserId, WorkoutId,
    achievement::{AchievementUnlocked, Metric},
    workout::{CancelReminder, RecordChanges, ReminderCancelled, ReminderSet, WorkoutCompleted, WorkoutSaved},
};
use plyo_nats::{Incoming, Reactor, Rows, Service, Table, Tables, row};

use crate::{recurring_stories::Recurs, world::Calls};

row! {
    pub struct Tally: "tally" {
        [user_id: UserId]
        n: u64,
    }
}

#[derive(Default)]
struct State {
    tallies: Rows<Tally>,
}

impl Tables for State {
    fn tables(&mut self) -> Vec<&mut dyn Table> {
        let Self { tallies } = self;
        vec![tallies]
    }
}

impl State {
    fn want(&mut self, message: Incoming<'_>) {
        let user = match message {
            Incoming::Command(command) => command.user(),
            Incoming::Event(event) => event.user(),
        };
        self.tallies.want((user,));
    }

    fn n(&self, user: UserId) -> u64 {
        self.tallies.get(&(user,)).map_or(0, |tally| tally.n)
    }

    fn count(&mut self, user: UserId) {
        let n = self.n(user) + 1;
        self.tallies.put(Tally { user_id: user, n });
    }
}

pub const TABLES: &str = "CREATE TABLE tally (user_id uuid PRIMARY KEY, n bigint NOT NULL CHECK (n <> 1000013))";

/// Counts the workouts that are logged; the n-th says `revision: n`.
struct Counts {
    /// Whether the panic that is planted in it was mended.
    mended: bool,
}

impl Reactor for Counts {
    const NAME: &'static str = "workout";
    const READS: &'static [EventKind] = &[];
    type State = State;

    fn needs(&self, message: Incoming<'_>, state: &mut State) {
        state.want(message);
    }

    fn decide(&self, state: &State, command: &Message<Command>) -> Result<Output, Rejection> {
        let log = match &command.body {
            Command::LogWorkout(log) => log,
            // What its effect reports.
            Command::SetReminder(done) => {
                let reminder_id = ReminderId::new(command.causation);
                return Ok(Output::nothing().event(ReminderSet { reminder_id, revision: 1, due_at: done.due_at }));
            }
            Command::CancelReminder(CancelReminder { reminder_id, .. }) => {
                return Ok(Output::nothing().event(ReminderCancelled { reminder_id: *reminder_id, revision: 1 }));
            }
            _ => return Err(plyo_events::rejection::UNKNOWN_COMMAND.into()),
        };
        assert!(self.mended || log.workout.summary(0).reps != 666, "a planted panic");
        let n = state.n(command.user()) + 1;
        let workout_id = WorkoutId::new(command.id);
        let mut summary = log.workout.summary(0);
        summary.sets = n as u32;
        Ok(Output::nothing()
            .event(WorkoutCompleted {
                workout_id,
                workout: log.workout.clone(),
                summary,
                records: RecordChanges::default(),
            })
            .reply(WorkoutSaved { workout_id, revision: n as u32, doubt: Vec::new() }))
    }

    fn react(&self, _: &State, _: &Message<Event>) -> Output {
        Output::nothing()
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        if let Event::WorkoutCompleted(completed) = &event.body {
            state.count(event.user());
            if completed.summary.reps == 777 {
                // A value that the table refuses.
                state.tallies.put(Tally { user_id: event.user(), n: 1_000_013 });
            }
        }
    }
}

/// Counts what it hears of; every fifth is an achievement.
struct Reacts {
    /// Whether the panic that is planted in it was mended.
    mended: bool,
}

impl Reactor for Reacts {
    const NAME: &'static str = "achievement";
    const READS: &'static [EventKind] = &[EventKind::WorkoutCompleted];
    type State = State;

    fn needs(&self, message: Incoming<'_>, state: &mut State) {
        state.want(message);
    }

    fn decide(&self, _: &State, _: &Message<Command>) -> Result<Output, Rejection> {
        Err(plyo_events::rejection::UNKNOWN_COMMAND.into())
    }

    fn react(&self, state: &State, event: &Message<Event>) -> Output {
        let Event::WorkoutCompleted(completed) = &event.body else { return Output::nothing() };
        assert!(self.mended || completed.summary.reps != 888, "a panic that is planted in a reaction");
        let value = state.n(event.user());
        if !value.is_multiple_of(5) {
            return Output::nothing();
        }
        let code = format!("workouts_{value}");
        Output::nothing().event(AchievementUnlocked {
            code,
            metric: Metric::Workouts,
            threshold: value,
            value,
            quiet: false,
        })
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        if let Event::WorkoutCompleted(_) = &event.body {
            state.count(event.user());
        }
    }
}

/// What makes the service of that name.
pub fn service(name: &str) -> Option<fn() -> Service> {
    match name {
        "tally:workout" => Some(|| Service::new(Counts { mended: false })),
        "tally:workout:calling" => Some(|| Service::new(Counts { mended: false }).effect(Calls)),
        "tally:workout:recurring" => Some(|| Service::new(Recurs)),
        "tally:workout:mended" => Some(|| Service::new(Counts { mended: true })),
        "tally:achievement" => Some(|| Service::new(Reacts { mended: false })),
        "tally:achievement:mended" => Some(|| Service::new(Reacts { mended: true })),
        _ => None,
    }
}

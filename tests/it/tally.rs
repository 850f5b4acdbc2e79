//! The smallest services that have the loop's whole shape: one counts workouts and says so, one reacts to every fifth.

use anyhow::Result;
use plyo_events::{
    Command, Emit, Event, EventKind, Message, Reject, UserId, WorkoutId,
    achievement::{AchievementUnlocked, Metric},
    workout::{WorkoutCompleted, WorkoutSaved},
};
use plyo_nats::{Batch, Load, Reactor, Row, Rows, Save, Service};
use serde::{Deserialize, Serialize};
use sqlx::PgConnection;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tally {
    user_id: UserId,
    n: u64,
}

impl Row for Tally {
    const TABLE: &'static str = "tally";
    const KEY: &'static [&'static str] = &["user_id"];
    type Key = (UserId,);
    fn key(&self) -> Self::Key {
        (self.user_id,)
    }
}

pub const TABLES: &str = "CREATE TABLE tally (user_id uuid PRIMARY KEY, n bigint NOT NULL CHECK (n <> 1000013))";

fn count(rows: &mut Rows<Tally>, user: UserId) {
    let n = rows.get(&(user,)).map_or(0, |tally| tally.n) + 1;
    rows.put(Tally { user_id: user, n });
}

/// Counts the workouts that are logged; the n-th says `revision: n`.
struct Counts {
    /// Whether the panic that is planted in it was mended.
    mended: bool,
}

impl Reactor for Counts {
    const NAME: &'static str = "workout";
    const READS: &'static [EventKind] = &[];
    const TABLES: &'static [&'static str] = &["tally"];
    type State = Rows<Tally>;

    async fn load(&self, db: &mut PgConnection, batch: &Batch) -> Result<Self::State> {
        load(db, batch).await
    }

    fn decide(&self, state: &Self::State, command: &Message<Command>) -> Result<Emit, Reject> {
        let Command::LogWorkout(log) = &command.body else { return Err(Reject::invalid("not_mine", "not mine")) };
        assert!(self.mended || log.workout.summary().reps != 666, "a planted panic");
        let n = state.get(&(command.user,)).map_or(0, |tally| tally.n) + 1;
        let workout_id = WorkoutId::new(command.id);
        let mut summary = log.workout.summary();
        summary.sets = n as u32;
        Ok(Emit::nothing()
            .event(WorkoutCompleted { workout_id, workout: log.workout.clone(), summary })
            .reply(WorkoutSaved { workout_id, revision: n as u32 }))
    }

    fn react(&self, _: &Self::State, _: &Message<Event>) -> Emit {
        Emit::nothing()
    }

    fn evolve(&self, state: &mut Self::State, event: &Message<Event>) {
        if let Event::WorkoutCompleted(completed) = &event.body {
            count(state, event.user);
            if completed.summary.reps == 777 {
                // A value that the table refuses.
                state.put(Tally { user_id: event.user, n: 1_000_013 });
            }
        }
    }

    async fn save(&self, db: &mut PgConnection, state: Self::State) -> Result<()> {
        save(db, state).await
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
    const TABLES: &'static [&'static str] = &["tally"];
    type State = Rows<Tally>;

    async fn load(&self, db: &mut PgConnection, batch: &Batch) -> Result<Self::State> {
        load(db, batch).await
    }

    fn decide(&self, _: &Self::State, _: &Message<Command>) -> Result<Emit, Reject> {
        Err(Reject::invalid("not_mine", "not mine"))
    }

    fn react(&self, state: &Self::State, event: &Message<Event>) -> Emit {
        let Event::WorkoutCompleted(completed) = &event.body else { return Emit::nothing() };
        assert!(self.mended || completed.summary.reps != 888, "a panic that is planted in a reaction");
        let value = state.get(&(event.user,)).map_or(0, |tally| tally.n);
        if value % 5 != 0 {
            return Emit::nothing();
        }
        let code = format!("workouts_{value}");
        Emit::nothing().event(AchievementUnlocked { code, metric: Metric::Workouts, threshold: value, value })
    }

    fn evolve(&self, state: &mut Self::State, event: &Message<Event>) {
        if let Event::WorkoutCompleted(_) = &event.body {
            count(state, event.user);
        }
    }

    async fn save(&self, db: &mut PgConnection, state: Self::State) -> Result<()> {
        save(db, state).await
    }
}

async fn load(db: &mut PgConnection, batch: &Batch) -> Result<Rows<Tally>> {
    let mut load = Load::default();
    let tallies = load.rows(batch.users().into_iter().map(|user| (user,)))?;
    load.run(db).await?.rows(tallies)
}

async fn save(db: &mut PgConnection, state: Rows<Tally>) -> Result<()> {
    let mut save = Save::default();
    save.rows(state)?;
    save.run(db).await
}

pub fn service(name: &str) -> Option<Service> {
    match name {
        "tally:workout" => Some(Service::new(Counts { mended: false })),
        "tally:workout:mended" => Some(Service::new(Counts { mended: true })),
        "tally:achievement" => Some(Service::new(Reacts { mended: false })),
        "tally:achievement:mended" => Some(Service::new(Reacts { mended: true })),
        _ => None,
    }
}

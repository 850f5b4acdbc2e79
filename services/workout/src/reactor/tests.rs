//! The tables as maps and the loop around the reactor, for stories and properties without a database or a broker.

mod properties;
mod stories;

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap, HashSet},
};

use plyo_nats::Incoming;
use uuid::Uuid;

use super::*;
use crate::store::{Lift, MarkRow};

type Table<R> = HashMap<<R as Row>::Key, R>;

/// The tables between two batches.
#[derive(Debug, Default, PartialEq)]
struct Tables {
    workouts: Table<WorkoutRow>,
    marks: Table<MarkRow>,
    reminders: Table<ReminderRow>,
    agendas: Table<AgendaRow>,
}

/// What one message came to.
#[derive(Debug, PartialEq)]
struct Handled {
    outcome: Result<Emit, Reject>,
    events: Vec<Message<Event>>,
}

impl Tables {
    /// Runs one batch. What is decided sees only what `needs` asks for; what is saved is what the same events make of all
    /// rows, and both must agree wherever they overlap.
    fn handle(&mut self, messages: &[Incoming]) -> Vec<Handled> {
        let batch = Batch { messages: messages.to_vec() };
        let (mut all, mut state) = (State::default(), State::default());
        fill(&mut all.workouts, &self.workouts, self.workouts.keys().cloned());
        fill(&mut all.reminders, &self.reminders, self.reminders.keys().cloned());
        fill(&mut all.agendas, &self.agendas, self.agendas.keys().cloned());
        self.marks.values().for_each(|row| all.marks.put(row.clone()));

        let (workouts, reminders) = (needs::workouts(&batch), needs::reminders(&batch));
        let agendas: Vec<_> = reminders.iter().map(|(user, _)| (*user,)).collect();
        fill(&mut state.workouts, &self.workouts, workouts.iter().copied());
        fill(&mut state.reminders, &self.reminders, reminders.iter().copied());
        fill(&mut state.agendas, &self.agendas, agendas.iter().copied());
        for (lift, taken) in needs::lifts(&batch, &state.workouts) {
            self.ranking(&lift).into_iter().take(taken + 1).for_each(|row| state.marks.put(row.clone()));
        }

        let handled = messages.iter().map(|message| handle(&mut state, &mut all, message)).collect();
        agree(&self.workouts, &state.workouts, &all.workouts, workouts);
        agree(&self.reminders, &state.reminders, &all.reminders, reminders);
        agree(&self.agendas, &state.agendas, &all.agendas, agendas);
        assert!(state.marks.rows.iter().all(|row| all.marks.rows.get(&row.key()) == Some(row)));
        *self = Self {
            workouts: table(&all.workouts),
            marks: table(&all.marks.rows),
            reminders: table(&all.reminders),
            agendas: table(&all.agendas),
        };
        handled
    }

    /// Runs batches of at most `size` messages; gives every event that they emit.
    fn run(&mut self, messages: &[Incoming], size: usize) -> Vec<Message<Event>> {
        messages.chunks(size).flat_map(|batch| self.handle(batch)).flat_map(|handled| handled.events).collect()
    }

    /// The marks of a lift in the order of the index that the statement reads.
    fn ranking(&self, (user, exercise, kind): &Lift) -> Vec<&MarkRow> {
        let is_of_lift = |row: &&MarkRow| (row.user_id, &row.exercise, row.kind) == (*user, exercise, *kind);
        let mut ranking: Vec<_> = self.marks.values().filter(is_of_lift).collect();
        ranking.sort_by_key(|row| (Reverse(row.value), row.achieved_at, row.workout_id));
        ranking
    }

    /// The standing records.
    fn records(&self) -> BTreeMap<Lift, Mark> {
        let lifts = self.marks.values().map(MarkRow::lift);
        let record = |lift: Lift| {
            let first = self.ranking(&lift)[0];
            (lift, Mark { workout_id: first.workout_id, value: first.value, achieved_at: first.achieved_at })
        };
        lifts.map(record).collect()
    }
}

fn handle(state: &mut State, all: &mut State, message: &Incoming) -> Handled {
    let (outcome, cause) = match message {
        Incoming::Command(command) => (Training.decide(state, command), command.with(())),
        Incoming::Event(event) => {
            Training.evolve(state, event);
            Training.evolve(all, event);
            (Ok(Training.react(state, event)), event.with(()))
        }
    };
    let emitted = outcome.iter().flat_map(|emit| &emit.events).enumerate();
    let events = emitted.map(|(ordinal, event)| {
        let id = EventId::derive(cause.id, &format!("workout/{ordinal}")).uuid();
        Message { id, ..cause.with(event.clone()) }
    });
    let events: Vec<_> = events.collect();
    for event in &events {
        Training.evolve(state, event);
        Training.evolve(all, event);
    }
    Handled { outcome, events }
}

fn fill<R: Row>(rows: &mut Rows<R>, table: &Table<R>, keys: impl Iterator<Item = R::Key>) {
    keys.filter_map(|key| table.get(&key)).for_each(|row| rows.put(row.clone()));
}

fn table<R: Row>(rows: &Rows<R>) -> Table<R> {
    rows.iter().map(|row| (row.key(), row.clone())).collect()
}

/// What was asked for is in `state` as it is in `all`, and no stored row changes that was not asked for.
fn agree<R: Row + std::fmt::Debug>(before: &Table<R>, state: &Rows<R>, all: &Rows<R>, asked: Vec<R::Key>) {
    let asked: HashSet<_> = asked.into_iter().collect();
    assert!(state.iter().all(|row| all.get(&row.key()) == Some(row)), "{} differs", R::TABLE);
    assert!(asked.iter().all(|key| state.get(key) == all.get(key)), "{} differs", R::TABLE);
    let mut others = before.iter().filter(|(key, _)| !asked.contains(*key));
    assert!(others.all(|(key, row)| all.get(key) == Some(row)), "a row of {} changed that was not loaded", R::TABLE);
}

fn person(number: u8) -> UserId {
    UserId::derive(Uuid::nil(), &format!("person {number}"))
}

/// The id of the command `number`, and so of what it logs or sets.
fn id(number: u32) -> Uuid {
    Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes())
}

/// One second per message.
fn time(number: u32) -> jiff::Timestamp {
    "2026-06-01T12:00:00Z".parse::<jiff::Timestamp>().unwrap() + jiff::SignedDuration::from_secs(number.into())
}

fn message<T>(number: u32, user: UserId, body: T) -> Message<T> {
    Message::first(id(number), user, time(number), body)
}

fn command(number: u32, body: impl Into<Command>) -> Incoming {
    Incoming::Command(message(number, person(0), body.into()))
}

/// A workout of one set of one exercise.
fn workout(started_at: &str, exercise: &str, reps: u32, kg: Option<f64>) -> Workout {
    let set = match kg {
        Some(kg) => serde_json::json!({ "reps": reps, "load": { "kg": kg } }),
        None => serde_json::json!({ "reps": reps }),
    };
    let exercises = serde_json::json!([{ "exercise": exercise, "sets": [set] }]);
    serde_json::from_value(serde_json::json!({ "started_at": started_at, "exercises": exercises })).unwrap()
}

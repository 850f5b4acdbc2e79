//! A training log as rows, and the people and workouts in it. Its names are read by the catalogue, as an import reads them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::DateTime;
use plyo_events::{EventId, WorkoutId, training::ExerciseSlug};
use plyo_exercises::Catalogue;
use uuid::Uuid;

use crate::domain::{
    event::{Performed, Set, Workout},
    exercise::{Exercise, Exercises},
    profile::Unit,
};

/// One set of a log.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    pub user: String,
    /// The number of the workout of that user, in order of time.
    pub session: u32,
    pub start: DateTime,
    /// Empty when none was named.
    pub routine: String,
    pub exercise: String,
    pub set: Set,
    pub unit: Unit,
}

/// A person with all workouts, in order of time.
#[derive(Clone, Debug)]
pub struct Person {
    pub name: String,
    pub workouts: Vec<Workout>,
}

/// The exercises of a log that the catalogue knows.
pub fn exercises(rows: &[Row]) -> Exercises {
    let names: BTreeSet<&str> = rows.iter().map(|row| row.exercise.as_str()).collect();
    let known = names.into_iter().filter_map(|name| Catalogue::get().resolve(name));
    known.map(|found| Exercise::from(found.exercise)).collect()
}

/// The people of a log, by name.
pub fn people(rows: &[Row]) -> Vec<Person> {
    let mut people: BTreeMap<&str, BTreeMap<u32, Workout>> = BTreeMap::new();
    let mut slugs: BTreeMap<&str, ExerciseSlug> = BTreeMap::new();
    for row in rows {
        let slug = slugs.entry(&row.exercise).or_insert_with(|| slug_of(&row.exercise)).clone();
        let workout = people.entry(&row.user).or_default().entry(row.session).or_insert_with(|| first_of(row));
        match workout.exercises.iter_mut().find(|performed| performed.exercise == slug) {
            Some(performed) => performed.sets.push(row.set),
            None => workout.exercises.push(Performed { exercise: slug, sets: vec![row.set], planned: None }),
        }
    }
    let person = |(name, workouts): (&str, BTreeMap<u32, Workout>)| Person {
        name: name.to_owned(),
        workouts: workouts.into_values().collect(),
    };
    people.into_iter().map(person).collect()
}

/// What the catalogue takes a name for; one that it does not take without asking is an exercise of its own.
fn slug_of(name: &str) -> ExerciseSlug {
    let own = || {
        let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, name.as_bytes());
        ExerciseSlug::try_from(format!("unknown-{}", id.simple())).unwrap_or_else(|why| unreachable!("{why}"))
    };
    Catalogue::get().resolve(name).map_or_else(own, |found| found.exercise.slug.clone())
}

fn first_of(row: &Row) -> Workout {
    let id = Uuid::new_v5(&Uuid::NAMESPACE_OID, format!("{}/{}", row.user, row.session).as_bytes());
    Workout {
        id: WorkoutId::new(id),
        event: EventId::derive(id, "completed"),
        start: row.start,
        minutes: None,
        heart: None,
        routine: (!row.routine.is_empty()).then(|| row.routine.as_str().into()),
        unit: row.unit,
        exercises: Vec::new(),
    }
}

//! A person's workouts in order of time, and the state that they make. Whatever order the events come in, however often, the
//! state is the fold of the workouts that are true now, by start and then id: what comes late or changes later is folded
//! again from the last snapshot before it.

use std::collections::{BTreeMap, BTreeSet};

use plyo_events::WorkoutId;
use uuid::Uuid;

use super::{Knowledge, Lifted, Training, stored::Stored};
use crate::domain::{
    event::{Workout, WorkoutEvent},
    models::time::minutes_of,
};

/// Workouts between snapshots.
const SNAPSHOT_EVERY: u32 = 32;
/// Snapshots that are kept, the latest; an older change folds everything again.
const SNAPSHOTS: usize = 8;

/// By start, in minutes since 1970; at the same minute by id.
type Place = (i64, Uuid);

/// The workouts of a person and what was learnt from them.
#[derive(Clone, Debug)]
pub struct History {
    workouts: BTreeMap<Place, Workout>,
    places: BTreeMap<Uuid, Place>,
    /// Deleted ones, of which a completion may still come.
    deleted: BTreeSet<Uuid>,
    /// The place of the workout after which each was taken, and the state then.
    snapshots: Vec<(Place, Vec<u8>)>,
    training: Training,
}

impl History {
    /// Before the first workout.
    pub fn new(knowledge: Knowledge<'_>) -> Self {
        Self {
            workouts: BTreeMap::new(),
            places: BTreeMap::new(),
            deleted: BTreeSet::new(),
            snapshots: Vec::new(),
            training: Training::new(knowledge.global),
        }
    }

    /// What was learnt from the workouts.
    pub fn training(&self) -> &Training {
        &self.training
    }

    /// In order of time.
    pub fn workouts(&self) -> impl DoubleEndedIterator<Item = &Workout> {
        self.workouts.values()
    }

    /// Takes an event in. A completion that is known already changes nothing; a correction of what is not known is taken as
    /// the workout itself. Returns what was lifted in the latest workout, where the event told of it.
    pub fn apply(&mut self, knowledge: Knowledge<'_>, event: WorkoutEvent) -> Vec<Lifted> {
        match event {
            WorkoutEvent::Completed(workout) => {
                let id = workout.id.uuid();
                if self.places.contains_key(&id) || self.deleted.contains(&id) {
                    return Vec::new();
                }
                self.put(knowledge, workout)
            }
            WorkoutEvent::Corrected(workout) if self.deleted.contains(&workout.id.uuid()) => Vec::new(),
            WorkoutEvent::Corrected(workout) => {
                if self.places.get(&workout.id.uuid()).is_some_and(|place| self.workouts.get(place) == Some(&workout)) {
                    return Vec::new();
                }
                self.remove(knowledge, workout.id);
                self.put(knowledge, workout)
            }
            WorkoutEvent::Deleted(id) => {
                self.deleted.insert(id.uuid());
                self.remove(knowledge, id);
                Vec::new()
            }
        }
    }

    fn put(&mut self, knowledge: Knowledge<'_>, workout: Workout) -> Vec<Lifted> {
        let place = (minutes_of(workout.start), workout.id.uuid());
        let is_latest = self.workouts.last_key_value().is_none_or(|(last, _)| *last < place);
        self.places.insert(workout.id.uuid(), place);
        if is_latest {
            let lifted = self.training.fold(knowledge, &workout);
            self.workouts.insert(place, workout);
            self.keep_snapshot(place);
            return lifted;
        }
        self.workouts.insert(place, workout);
        self.fold_again(knowledge, place);
        Vec::new()
    }

    fn remove(&mut self, knowledge: Knowledge<'_>, id: WorkoutId) {
        if let Some(place) = self.places.remove(&id.uuid()) {
            self.workouts.remove(&place);
            self.fold_again(knowledge, place);
        }
    }

    /// Folds everything from `changed` on again.
    fn fold_again(&mut self, knowledge: Knowledge<'_>, changed: Place) {
        self.snapshots.retain(|(place, _)| *place < changed);
        let start = loop {
            let Some((place, bytes)) = self.snapshots.last() else {
                self.training = Training::new(knowledge.global);
                break None;
            };
            if let Ok(training) = Training::from_bytes(bytes) {
                self.training = training;
                break Some(*place);
            }
            self.snapshots.pop();
        };
        let rest: Vec<Place> =
            self.workouts.keys().filter(|place| start.is_none_or(|start| **place > start)).copied().collect();
        for place in rest {
            if let Some(workout) = self.workouts.get(&place) {
                self.training.fold(knowledge, workout);
            }
            self.keep_snapshot(place);
        }
    }

    fn keep_snapshot(&mut self, place: Place) {
        if self.training.sessions.is_multiple_of(SNAPSHOT_EVERY) {
            if self.snapshots.len() == SNAPSHOTS {
                self.snapshots.remove(0);
            }
            self.snapshots.push((place, self.training.to_bytes()));
        }
    }
}

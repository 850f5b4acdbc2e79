//! What another model recommended, beside what this one would: what changed for whom.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, VecDeque},
    fmt,
};

use plyo_events::{
    Event, Message, UserId, WorkoutId,
    coach::{ProposedLift, Recommendation, RecommendationReady},
    profile::About,
    workout::{WorkoutCompleted, WorkoutCorrected, WorkoutDeleted},
};
use serde::Serialize;
use uuid::Uuid;

use crate::{
    catalogue::knowledge,
    domain::{
        event::WorkoutEvent,
        state::{History, Training},
    },
    notes::{Note, Place},
    reactor::Person,
    store::CounselRow,
};

/// Takes the history in order, and holds each recommendation in it from a place on against what would be said now.
pub struct Comparison {
    from: u64,
    people: HashMap<UserId, Known>,
    report: Report,
}

/// What changed.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub recommendations: u64,
    pub changed: Vec<Change>,
}

/// A recommendation that would be another one now.
#[derive(Debug, Serialize)]
pub struct Change {
    pub sequence: u64,
    pub user: UserId,
    pub made_at: String,
    pub before: Told,
    /// Absent where nothing would be said.
    pub now: Option<Told>,
}

/// What was recommended, in short.
#[derive(Debug, PartialEq, Serialize)]
pub struct Told {
    /// Its kind, or else the code of its headline.
    pub what: String,
    /// Exercise, sets, repetitions, kilograms.
    pub lifts: Vec<(String, u16, u16, Option<f64>)>,
}

struct Known {
    history: History,
    notes: BTreeMap<Place, Note>,
    places: HashMap<WorkoutId, Place>,
    counsel: CounselRow,
    about: Option<About>,
    /// What was known at the events because of which something may still be said, in their order.
    then: VecDeque<(Uuid, Training, Note)>,
}

impl Comparison {
    /// Recommendations from this place of the history on are compared; what comes before is only learnt from.
    pub fn from(sequence: u64) -> Self {
        Self { from: sequence, people: HashMap::new(), report: Report::default() }
    }

    pub fn take(&mut self, sequence: u64, event: &Message<Event>) {
        let Some(user) = event.subject.user() else { return };
        let none = || Known {
            history: History::new(knowledge()),
            notes: BTreeMap::new(),
            places: HashMap::new(),
            counsel: CounselRow::none(user),
            about: None,
            then: VecDeque::new(),
        };
        let known = self.people.entry(user).or_insert_with(none);
        match &event.body {
            Event::WorkoutCompleted(WorkoutCompleted { workout_id, workout, .. })
            | Event::WorkoutCorrected(WorkoutCorrected { workout_id, workout, .. }) => {
                known.put(Note::new(*workout_id, event.id, workout));
            }
            Event::WorkoutDeleted(WorkoutDeleted { workout_id, .. }) => known.remove(*workout_id),
            Event::ProfileChanged(changed) => {
                known.about = Some((*changed.about).clone());
                return;
            }
            Event::RecommendationReady(before) => {
                // The coach's own events before it are those that were heard when it was made.
                let then = known.at(event.causation).filter(|_| sequence >= self.from);
                if let Some((training, latest)) = then {
                    let training = Cow::Owned(training);
                    let person = Person::new(training, &known.counsel, known.about.as_ref(), &latest, event.causation);
                    self.report.hold(sequence, user, before, person.is_told(&known.counsel).as_ref());
                }
                known.counsel.hear(event);
                return;
            }
            _ => {
                known.counsel.hear(event);
                return;
            }
        }
        // What is said of it comes later in the history than itself.
        if sequence + BETWEEN >= self.from
            && let Some((_, latest)) = known.notes.last_key_value()
        {
            known.then.push_back((event.id, known.history.training().clone(), latest.clone()));
        }
    }

    pub fn into_report(self) -> Report {
        self.report
    }
}

/// So many events may lie between a workout and what is said of it.
const BETWEEN: u64 = 100_000;

impl Known {
    /// What was known at an event. What came before it is answered, too.
    fn at(&mut self, event: Uuid) -> Option<(Training, Note)> {
        let place = self.then.iter().position(|(id, ..)| *id == event)?;
        self.then.drain(..=place).next_back().map(|(_, training, latest)| (training, latest))
    }

    fn put(&mut self, note: Note) {
        let (id, place, workout) = (WorkoutId::new(note.workout), note.place(), note.workout());
        if let Some(before) = self.places.insert(id, place) {
            self.notes.remove(&before);
        }
        self.notes.insert(place, note);
        self.history.apply(knowledge(), WorkoutEvent::Corrected(workout));
    }

    fn remove(&mut self, id: WorkoutId) {
        if let Some(place) = self.places.remove(&id) {
            self.notes.remove(&place);
        }
        self.history.apply(knowledge(), WorkoutEvent::Deleted(id));
    }
}

impl Report {
    fn hold(&mut self, sequence: u64, user: UserId, before: &RecommendationReady, now: Option<&RecommendationReady>) {
        self.recommendations += 1;
        let made_at = before.recommendation.made_at.to_string();
        let told = now.map(|now| Told::of(&now.recommendation));
        let before = Told::of(&before.recommendation);
        if told.as_ref() != Some(&before) {
            self.changed.push(Change { sequence, user, made_at, before, now: told });
        }
    }
}

impl Told {
    fn of(one: &Recommendation) -> Self {
        let lift = |lift: &ProposedLift| {
            // To grams: a sum in another order is no other load.
            let load = lift.load_kg.map(|kg| (kg * 1000.0).round() / 1000.0);
            (lift.exercise.as_str().to_owned(), lift.sets, lift.reps, load)
        };
        let what = one.kind.clone().unwrap_or_else(|| one.headline.clone());
        Self { what, lifts: one.lifts.iter().map(lift).collect() }
    }

    fn lines(&self) -> Vec<String> {
        let lift = |(exercise, sets, reps, load): &(String, u16, u16, Option<f64>)| {
            let load = load.map_or_else(String::new, |kg| format!(" with {kg} kg"));
            format!("{exercise} {sets} × {reps}{load}")
        };
        [self.what.clone()].into_iter().chain(self.lifts.iter().map(lift)).collect()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Change { sequence, user, made_at, before, now } in &self.changed {
            writeln!(f, "{user}, after a workout that ended at {made_at} (event {sequence}):")?;
            let (before, now) = (before.lines(), now.as_ref().map_or_else(|| vec!["nothing".to_owned()], Told::lines));
            for place in 0..before.len().max(now.len()) {
                let of = |lines: &[String]| lines.get(place).cloned().unwrap_or_default();
                writeln!(f, "  {:<50} → {}", of(&before), of(&now))?;
            }
        }
        let mut people: Vec<UserId> = self.changed.iter().map(|change| change.user).collect();
        people.sort_unstable();
        people.dedup();
        let (all, changed) = (self.recommendations, self.changed.len());
        write!(f, "{all} recommendations: {changed} would be others now, of {} people", people.len())
    }
}

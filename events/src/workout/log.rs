//! What was done: a workout, its exercises and their sets.

use jiff::{SignedDuration, Timestamp, civil::Date};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    RecommendationId, Violation,
    training::{
        BodyWeight, Distance, ExerciseSlug, Load, LocalTime, MAX_SETS, Reps, RepsDone, Rir, Rpe, Seconds, SetKind,
        Tempo,
    },
};

/// A workout: exercises in order, each with its sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Workout {
    /// When it started, with the local UTC offset.
    pub started_at: LocalTime,
    /// When it ended; not before the start, at most 24 h after it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<LocalTime>,
    /// 1 to 50 exercises with at most 500 sets in total.
    #[schemars(length(min = 1, max = 50))]
    pub exercises: Vec<ExerciseEntry>,
}

/// An exercise of a workout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExerciseEntry {
    pub exercise: ExerciseSlug,
    #[schemars(length(min = 1))]
    pub sets: Vec<Set>,
    /// What was to be done, where a plan was followed: a missed set is known by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planned: Option<Planned>,
}

/// What a plan asked of the heaviest sets of an exercise.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Planned {
    pub load: Load,
    pub reps: Reps,
    /// The recommendation that asked for it; absent for a plan of one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recommendation_id: Option<RecommendationId>,
}

/// A set: what its exercise measures. What a field means follows from the measure of the exercise in the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Set {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reps: Option<RepsDone>,
    /// What is lifted, held or carried; where the body is the load, what is added to it, absent for nothing; where help is
    /// measured, what is taken off the body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub load: Option<Load>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<Seconds>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rpe: Option<Rpe>,
    /// Not with `rpe`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rir: Option<Rir>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub distance: Option<Distance>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tempo: Option<Tempo>,
    /// `working` if absent.
    #[serde(default, skip_serializing_if = "SetKind::is_working")]
    pub kind: SetKind,
}

impl Set {
    /// How many repetitions, 0 where none are counted.
    pub fn reps(&self) -> u32 {
        self.reps.map_or(0, u32::from)
    }
}

/// What other services need of a workout, without its sets.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WorkoutSummary {
    /// The local date of the start.
    #[schemars(with = "String", extend("format" = "date"))]
    pub local_date: Date,
    pub sets: u32,
    pub reps: u32,
    /// Sum of what was moved × repetitions over the sets, in grams: loads, and the share of the body that moves, once its
    /// weight is known; what help takes off does not count.
    pub tonnage_g: u64,
    /// Seconds from start to end; absent if no end was logged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub duration_s: Option<u32>,
    /// The body's weight that was counted; absent where no exercise counts it, and where it was not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body_weight: Option<BodyWeight>,
}

impl WorkoutSummary {
    /// The body's weight that was counted.
    pub fn body(&self) -> Option<Load> {
        self.body_weight.map(BodyWeight::load)
    }
}

impl Workout {
    /// Its totals. What it moved depends on what its exercises measure.
    pub fn summary(&self, tonnage_g: u64) -> WorkoutSummary {
        let sets = || self.exercises.iter().flat_map(|entry| &entry.sets);
        WorkoutSummary {
            local_date: self.started_at.local_date(),
            sets: sets().count() as u32,
            reps: sets().map(Set::reps).sum(),
            tonnage_g,
            duration_s: self.duration().map(|duration| duration.as_secs() as u32),
            body_weight: None,
        }
    }

    /// The rules across fields. `now` bounds the start: a workout starts at most one day ahead (clocks differ).
    pub fn violations(&self, now: Timestamp) -> Vec<Violation> {
        let mut found = Vec::new();
        let mut wrong = |pointer: String, detail: &str| found.push(Violation { pointer, detail: detail.to_owned() });
        if self.started_at.at() > now + SignedDuration::from_hours(24) {
            wrong("/started_at".into(), "a workout cannot start more than one day in the future");
        }
        for (pointer, time) in [("/started_at", Some(self.started_at)), ("/ended_at", self.ended_at)] {
            if time.is_some_and(|time| !time.has_rfc3339_offset()) {
                wrong(pointer.into(), "RFC 3339 has no seconds in a UTC offset; use whole minutes, such as +01:00");
            }
        }
        if let Some(duration) = self.duration() {
            if duration.is_negative() {
                wrong("/ended_at".into(), "a workout cannot end before it starts");
            } else if duration > SignedDuration::from_hours(24) {
                wrong("/ended_at".into(), "a workout must not last longer than 24 hours");
            }
        }
        if self.exercises.is_empty() || self.exercises.len() > 50 {
            wrong("/exercises".into(), "a workout must have 1 to 50 exercises");
        }
        if self.exercises.iter().map(|entry| entry.sets.len()).sum::<usize>() > MAX_SETS {
            wrong("/exercises".into(), "a workout must have at most 500 sets");
        }
        for (i, entry) in self.exercises.iter().enumerate() {
            if entry.sets.is_empty() {
                wrong(format!("/exercises/{i}/sets"), "an exercise must have at least one set");
            }
            for (j, set) in entry.sets.iter().enumerate() {
                if set.reps.is_none() && set.duration_s.is_none() && set.distance.is_none() {
                    wrong(format!("/exercises/{i}/sets/{j}"), "a set must have reps, duration_s or distance");
                }
                if set.rpe.is_some() && set.rir.is_some() {
                    wrong(format!("/exercises/{i}/sets/{j}/rir"), "a set has an rpe or a rir, not both");
                }
            }
        }
        found
    }

    /// Whether it was logged, at `now`, more than a day after its start: that is writing down what was, and nothing is
    /// celebrated.
    pub fn is_back_filled(&self, now: Timestamp) -> bool {
        now.duration_since(self.started_at.at()) > SignedDuration::from_hours(24)
    }

    fn duration(&self) -> Option<SignedDuration> {
        self.ended_at.map(|end| end.at().duration_since(self.started_at.at()))
    }
}

//! A workout as the coach keeps it: small, and readable for ever. The state that is folded from the notes may be thrown away
//! with each new model; the notes stay.

use anyhow::{Context as _, Result, bail};
use jiff::{SignedDuration, civil::DateTime};
use plyo_events::{
    EventId, Id, WorkoutId,
    training::{self, ExerciseSlug, Load},
    workout,
};
use plyo_nats::Value;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::{
    event::{Performed, Planned, Set, SetKind, Workout},
    profile::{POUND_KG, Unit},
};

/// The version of what is written; an earlier one stays readable, as a released payload does: the first had no kinds of sets.
const VERSION: u8 = 2;
const VERSIONS: std::ops::RangeInclusive<u8> = 1..=VERSION;
const EPOCH: DateTime = jiff::civil::date(1970, 1, 1).at(0, 0, 0, 0);

/// Where a workout stands among those of its person: by its start in seconds since 1970, at the same second by id.
pub(crate) type Place = (u64, Uuid);

/// A workout.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Note {
    pub workout: Uuid,
    /// The event that told of it last.
    pub event: Uuid,
    /// Seconds since 1970 on the clock on the wall.
    pub start: u64,
    pub minutes: Option<u16>,
    exercises: Vec<Done>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Done {
    exercise: ExerciseSlug,
    planned: Option<Asked>,
    sets: Vec<Tried>,
}

/// What a plan asked for.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Asked {
    load: Kept,
    reps: u16,
    is_coachs: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Tried {
    load: Kept,
    /// 0 where only a duration was logged.
    reps: u16,
    /// Halves of an RPE, 0 for none, and [`KIND`] times the place of the kind in [`KINDS`].
    how: u8,
}

/// The kinds of sets, as they are kept: append only.
const KINDS: [SetKind; 4] = [SetKind::Working, SetKind::Warmup, SetKind::Failure, SetKind::Drop];
const KIND: u8 = 32;

impl Tried {
    fn of(set: &workout::Set) -> Self {
        let halves = match (set.rpe, set.rir) {
            (Some(rpe), _) => 2.0 * f64::from(rpe),
            // What is left in reserve is what is missing to 10.
            (None, Some(rir)) => (20.0 - 2.0 * f64::from(rir)).max(2.0),
            (None, None) => 0.0,
        };
        let kind = match set.kind {
            training::SetKind::Working | training::SetKind::Isometric => SetKind::Working,
            // Not over the whole range: as little as a warm-up does it tell what somebody can lift.
            training::SetKind::WarmUp | training::SetKind::Partial => SetKind::Warmup,
            training::SetKind::Failure | training::SetKind::Amrap => SetKind::Failure,
            training::SetKind::Drop | training::SetKind::MyoRep => SetKind::Drop,
        };
        let place = KINDS.iter().position(|known| *known == kind).unwrap_or_default();
        Self {
            load: Kept::of(set.load),
            reps: set.reps() as u16,
            // Both are in range by construction.
            how: halves as u8 + KIND * place as u8,
        }
    }

    fn set(self) -> Set {
        let halves = self.how % KIND;
        Set {
            load_kg: self.load.kg(),
            reps: self.reps,
            rpe: (halves > 0).then(|| f64::from(halves) / 2.0),
            kind: KINDS.get(usize::from(self.how / KIND)).copied().unwrap_or_default(),
        }
    }
}

/// A load: twice its hundredths, and one more for pounds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Kept(u32);

impl Kept {
    fn of(load: Option<Load>) -> Self {
        load.map_or(Self(0), |load| {
            let (amount, is_pounds) = load.amount();
            // At most 200,000 hundredths, by construction of the amount.
            Self(2 * (amount * 100.0).round() as u32 + u32::from(is_pounds))
        })
    }

    const fn is_pounds(self) -> bool {
        self.0 % 2 == 1
    }

    fn kg(self) -> f64 {
        let amount = f64::from(self.0 / 2) / 100.0;
        if self.is_pounds() { amount * POUND_KG } else { amount }
    }
}

impl Note {
    pub fn new(id: WorkoutId, event: Uuid, workout: &workout::Workout) -> Self {
        let seconds = workout.ended_at.map(|end| end.at().duration_since(workout.started_at.at()).as_secs());
        let minutes = seconds.and_then(|seconds| u16::try_from(seconds / 60).ok());
        let done = |entry: &workout::ExerciseEntry| Done {
            exercise: entry.exercise.clone(),
            planned: entry.planned.as_ref().map(|planned| Asked {
                load: Kept::of(Some(planned.load)),
                reps: u32::from(planned.reps) as u16,
                is_coachs: planned.recommendation_id.is_some(),
            }),
            sets: entry.sets.iter().map(Tried::of).collect(),
        };
        Self {
            workout: id.uuid(),
            event,
            start: place_of(id, workout).0,
            minutes,
            exercises: workout.exercises.iter().map(done).collect(),
        }
    }

    pub const fn place(&self) -> Place {
        (self.start, self.workout)
    }

    /// Whether the loads were logged in pounds: as the first of them was.
    pub fn is_pounds(&self) -> bool {
        let mut sets = self.exercises.iter().flat_map(|done| &done.sets);
        sets.find(|set| set.load != Kept::default()).is_some_and(|set| set.load.is_pounds())
    }

    /// When it was over, on the clock on the wall.
    pub fn end(&self) -> DateTime {
        let minutes = i64::from(self.minutes.unwrap_or(0));
        start_of(self.start).saturating_add(SignedDuration::from_mins(minutes))
    }

    /// As the mind learns from it.
    pub fn workout(&self) -> Workout {
        let planned = |asked: Asked| Planned { load_kg: asked.load.kg(), reps: asked.reps, is_coachs: asked.is_coachs };
        let performed = |done: &Done| Performed {
            exercise: done.exercise.clone(),
            sets: done.sets.iter().map(|tried| tried.set()).collect(),
            planned: done.planned.map(planned).filter(|planned| planned.load_kg > 0.0),
        };
        Workout {
            id: Id::new(self.workout),
            event: EventId::new(self.event),
            start: start_of(self.start),
            minutes: self.minutes,
            heart: None,
            routine: None,
            unit: if self.is_pounds() { Unit::Lb } else { Unit::Kg },
            exercises: self.exercises.iter().map(performed).collect(),
        }
    }
}

/// The place that a workout will have.
pub(crate) fn place_of(id: WorkoutId, workout: &workout::Workout) -> Place {
    let seconds = workout.started_at.local().duration_since(EPOCH).as_secs();
    (u64::try_from(seconds).unwrap_or(0), id.uuid())
}

fn start_of(seconds: u64) -> DateTime {
    EPOCH.saturating_add(SignedDuration::from_secs(i64::try_from(seconds).unwrap_or(0)))
}

/// A version, then the fields in order (postcard).
impl Value for Note {
    const TYPE: &'static str = "bytea";
    const OID: u32 = 17;
    const ARRAY_OID: u32 = 1001;

    fn write(&self, out: &mut Vec<u8>) {
        // Nothing of it can fail to be written.
        out.extend(postcard::to_extend(self, vec![VERSION]).unwrap_or_default());
    }

    fn read(bytes: &[u8]) -> Result<Self> {
        match bytes.split_first() {
            Some((version, fields)) if VERSIONS.contains(version) => {
                postcard::from_bytes(fields).context("the note of a workout")
            }
            Some((version, _)) => {
                bail!("a note of version {version}, this is version {VERSION}: a newer Plyo wrote it")
            }
            None => bail!("an empty note"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn note() -> Note {
        let workout = serde_json::from_value(json!({
            "started_at": "2026-11-24T18:30:00+01:00", "ended_at": "2026-11-24T19:30:59+01:00",
            "exercises": [
                { "exercise": "barbell-back-squat", "sets": [{ "reps": 5, "load": { "lb": 225 }, "rpe": 8.5 }],
                  "planned": { "load": { "lb": 230 }, "reps": 5, "recommendation_id": "00000000-0000-0000-0000-000000000001" } },
                { "exercise": "plank", "sets": [{ "duration_s": 60 }] }
            ]
        }));
        Note::new(Id::new(Uuid::from_u128(7)), Uuid::from_u128(8), &workout.unwrap())
    }

    #[test]
    fn a_note_tells_the_mind_what_was_logged() {
        let workout = note().workout();
        assert_eq!(workout.start.to_string(), "2026-11-24T18:30:00");
        assert_eq!((workout.minutes, workout.unit), (Some(60), Unit::Lb));
        assert_eq!(note().end().to_string(), "2026-11-24T19:30:00");
        let [squat, plank] = &workout.exercises[..] else { panic!("{workout:?}") };
        assert_eq!(squat.sets[0].load_kg, 225.0 * POUND_KG);
        assert_eq!((squat.sets[0].reps, squat.sets[0].rpe), (5, Some(8.5)));
        assert_eq!(squat.planned, Some(Planned { load_kg: 230.0 * POUND_KG, reps: 5, is_coachs: true }));
        assert_eq!((plank.sets[0].reps, plank.sets[0].load_kg), (0, 0.0));
    }

    #[test]
    fn the_kind_of_a_set_and_what_it_had_in_reserve_are_heard() {
        let sets = json!([
            { "reps": 5, "load": { "kg": 60 }, "kind": "warm_up" },
            { "reps": 5, "load": { "kg": 100 }, "rir": 1.5 },
            { "reps": 8, "load": { "kg": 80 }, "kind": "drop", "rpe": 9.5 },
            { "reps": 3, "load": { "kg": 120 }, "kind": "partial" },
            { "reps": 0, "load": { "kg": 130 }, "kind": "failure" },
        ]);
        let workout = json!({ "started_at": "2026-11-24T18:30:00+01:00", "exercises": [{ "exercise": "barbell-back-squat", "sets": sets }] });
        let note = Note::new(Id::new(Uuid::nil()), Uuid::nil(), &serde_json::from_value(workout).unwrap());
        let mut written = Vec::new();
        note.write(&mut written);
        let heard = Note::read(&written).unwrap().workout();
        let sets: Vec<_> = heard.exercises[0].sets.iter().map(|set| (set.kind, set.rpe, set.is_work())).collect();
        assert_eq!(
            sets,
            [
                (SetKind::Warmup, None, false),
                (SetKind::Working, Some(8.5), true),
                (SetKind::Drop, Some(9.5), true),
                (SetKind::Warmup, None, false),
                (SetKind::Failure, None, false),
            ]
        );
    }

    /// What the first release wrote, but for the version.
    #[test]
    fn a_note_that_was_ever_written_can_be_read() {
        let mut written = Vec::new();
        note().write(&mut written);
        let hex: String = written.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, FIRST.replacen("01", "02", 1));
        assert_eq!(Note::read(&written).unwrap(), note());
        written[0] = 1;
        assert_eq!(Note::read(&written).unwrap(), note());
        written[0] = 9;
        assert!(Note::read(&written).unwrap_err().to_string().contains("version 9"));
        assert!(Note::read(&[]).is_err() && Note::read(&[1, 2]).is_err());
    }

    const FIRST: &str = "0110000000000000000000000000000000071000000000000000000000000000000008a8af97d806013c02126261\
        7262656c6c2d6261636b2d737175617401b1e702050101c9df02051105706c616e6b0001000000";
}

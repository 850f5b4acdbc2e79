//! The heaviest sets of an exercise in a session: what is learnt from.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::{
    event::{Performed, Planned, Set},
    models::{
        strength::epley,
        time::{day_of, from_minutes},
    },
};

/// The heaviest load of one exercise in one session.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopSet {
    /// The number of the session, from 0 on: [`super::Training::evidence`] knows its event.
    pub session: u32,
    /// Days since 1970.
    pub day: i32,
    /// To the precision of half as many bits, in which it is stored.
    #[serde(with = "in_half")]
    pub load_kg: f64,
    /// The most and the fewest repetitions with that load.
    pub reps: u8,
    pub least_reps: u8,
    /// Sets within [`TopSet::NEAR`] of that load.
    pub sets: u8,
    /// Lighter work sets before the first of them, and after it.
    pub ramp: u8,
    pub back_off: u8,
    /// The highest RPE of the sets with that load.
    pub rpe: Option<f32>,
    /// A mark of the plan that was followed: plans with different marks are different. 0 for none.
    pub routine: u16,
    pub asked: Asked,
}

/// What a plan asked of a top set, and what became of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Asked {
    /// No plan is known, or another load was lifted.
    #[default]
    Nothing,
    /// A plan of the person's own.
    Met,
    Short,
    /// The coach's own proposal.
    ObeyedAndMet,
    ObeyedAndShort,
}

impl TopSet {
    /// Sets within this share of the top load are top sets.
    pub const NEAR: f64 = 0.03;

    /// The top set among the sets of an exercise; `None` when none tells of strength. Where the load is help (`is_help`), that
    /// is the one with the least of it.
    pub fn of(performed: &Performed, session: u32, minute: i64, routine: u16, is_help: bool) -> Option<Self> {
        let telling = || performed.sets.iter().filter(|set| set.tells_strength());
        let hard = |load_kg: f64| if is_help { -load_kg } else { load_kg };
        let load_kg = telling().map(|set| set.load_kg).max_by(|one, other| hard(*one).total_cmp(&hard(*other)))?;
        let top = || telling().filter(|set| (set.load_kg - load_kg).abs() <= 1e-5 * load_kg);
        let reps = || top().map(|set| set.reps.min(20) as u8);
        let is_near = |set: &&Set| hard(set.load_kg) >= hard(load_kg) - Self::NEAR * load_kg;
        let work: Vec<&Set> = performed.sets.iter().filter(|set| set.is_work()).collect();
        let ramp = work.iter().take_while(|set| !is_near(set)).count();
        let sets = work.iter().filter(|set| is_near(set)).count();
        let count = |count: usize| count.min(255) as u8;
        let least_reps = reps().min()?;
        Some(Self {
            session,
            day: day_of(minute),
            load_kg: f64::from(load_kg as f32),
            reps: reps().max()?,
            least_reps,
            sets: count(sets),
            ramp: count(ramp),
            back_off: count(work.len() - sets - ramp),
            rpe: top().filter_map(Set::effort).max_by(f64::total_cmp).map(|rpe| rpe as f32),
            routine,
            asked: Asked::of(performed.planned.as_ref(), load_kg, least_reps),
        })
    }

    pub fn date(&self) -> Date {
        from_minutes(i64::from(self.day) * 24 * 60).date()
    }

    /// ln of Epley's one-repetition maximum.
    pub(super) fn epley_level(&self) -> f64 {
        self.load_kg.ln() + epley(f64::from(self.reps))
    }
}

impl Asked {
    fn of(planned: Option<&Planned>, load_kg: f64, least_reps: u8) -> Self {
        let Some(planned) = planned.filter(|plan| (load_kg / plan.load_kg - 1.0).abs() <= TopSet::NEAR) else {
            return Self::Nothing;
        };
        match (u16::from(least_reps) < planned.reps.min(20), planned.is_coachs) {
            (false, false) => Self::Met,
            (true, false) => Self::Short,
            (false, true) => Self::ObeyedAndMet,
            (true, true) => Self::ObeyedAndShort,
        }
    }

    pub fn is_coachs(self) -> bool {
        matches!(self, Self::ObeyedAndMet | Self::ObeyedAndShort)
    }
}

/// A number that is one of 32 bits, stored as such.
mod in_half {
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(number: &f64, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f32(*number as f32)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<f64, D::Error> {
        f32::deserialize(deserializer).map(f64::from)
    }
}

//! One exercise with a load, as one person does it.

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use crate::domain::models::strength::Strength;

/// The heaviest load of one exercise in one session.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopSet {
    /// The number of the session, from 0 on: [`super::Training::evidence`] knows its event.
    pub session: u32,
    /// Days since 1970.
    pub day: i32,
    pub load_kg: f64,
    /// The most and the fewest repetitions with that load.
    pub reps: u8,
    pub least_reps: u8,
    /// Work sets of the exercise in that session, with whatever load.
    pub sets: u8,
    /// The highest RPE of the sets with that load.
    pub rpe: Option<f32>,
}

/// What is known of one lift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lift {
    /// Sessions with it.
    pub sessions: u32,
    pub strength: Strength,
    /// At most [`Lift::REMEMBERED`], latest last; never empty.
    pub recent: Vec<TopSet>,
    /// Top sets one after the other, up to the last one, in which a set fell two or more repetitions short of the usual ones.
    pub fail_streak: u8,
    /// Mean surprise of the last sessions: positive when more was lifted than foreseen, in standard deviations.
    pub surprise: f64,
}

impl Lift {
    pub const REMEMBERED: usize = 12;

    pub fn last(&self) -> &TopSet {
        &self.recent[self.recent.len() - 1]
    }

    /// Quartiles of the repetitions of the recent top sets.
    pub fn usual_reps(&self) -> [u8; 3] {
        let mut reps: Vec<u8> = self.recent.iter().map(|top| top.reps).collect();
        reps.sort_unstable();
        let at = |quarter: usize| reps[(reps.len() - 1) * quarter / 4];
        [at(1), at(2), at(3)]
    }

    /// The probability that the level has risen since `sessions` sessions ago, 0 to 1; `None` when it was done less often.
    pub fn is_rising(&self, _sessions: usize) -> Option<f64> {
        None
    }

    /// The RPE to expect of a set, 5 to 10; `None` when none was ever logged for this lift.
    pub fn expected_rpe(&self, _load_kg: f64, _reps: u8) -> Option<f64> {
        None
    }
}

impl TopSet {
    pub fn date(&self) -> Date {
        Date::constant(1970, 1, 1).saturating_add(jiff::Span::new().days(self.day))
    }
}

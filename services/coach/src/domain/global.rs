//! What is known before anybody is: one versioned file, trained by `plyo coach train`, shipped in the crate. It is only a
//! starting point: each person's state goes on from it alone, so that a replay needs nobody else.

use std::{collections::BTreeMap, sync::LazyLock};

use plyo_events::training::ExerciseSlug;
use serde::{Deserialize, Serialize};

/// The starting point.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Global {
    /// Goes up with each training; recommendations name it.
    pub version: u32,
    /// Population statistics of exercises by slug.
    pub exercises: BTreeMap<ExerciseSlug, Population>,
}

/// How other people do an exercise.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Population {
    /// The quartiles of repetitions per set.
    pub reps: [f64; 3],
    /// Usual working sets per session.
    pub sets: f64,
    /// 10th, 50th and 90th percentile of the estimated one-repetition maximum, in kilograms; absent without a load.
    pub one_rep_max_kg: Option<[f64; 3]>,
    /// Where in the session it stands: 0 first, 1 last.
    pub order: f64,
}

impl Global {
    /// The file that is shipped.
    pub fn shipped() -> &'static Self {
        static SHIPPED: LazyLock<Global> = LazyLock::new(Global::default);
        &SHIPPED
    }
}

//! What became of the coach's proposals, and what is welcome to this person.

use jiff::civil::DateTime;
use serde::{Deserialize, Serialize};

use crate::domain::{
    event::{Circumstances, Kind, ProposalEvent},
    global::Global,
};

/// What the coach learnt from its own proposals.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Guidance {
    /// How much of each kind was shown lately.
    shown: [f64; Kind::COUNT],
}

/// How welcome a kind of advice would be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Welcome {
    /// Expected reward, about −0.5 (never) to 0.5 (always).
    pub mean: f64,
    /// Its standard deviation; the score of LinUCB is `mean + 0.2 · deviation`.
    pub deviation: f64,
}

impl Guidance {
    /// Folds what became of a proposal. An event twice, or about an unknown proposal, changes nothing.
    pub fn fold(&mut self, _global: &Global, _event: &ProposalEvent) {}

    pub fn welcome(&self, _global: &Global, _kind: Kind, _circumstances: &Circumstances) -> Welcome {
        Welcome { mean: 0.0, deviation: 1.0 }
    }

    /// Until when advice of a kind on a subject keeps silent after a dismissal or a snooze; `None` when it need not.
    pub fn silent_until(&self, _kind: Kind, _subject: &str) -> Option<DateTime> {
        None
    }

    /// Pain notes on a subject ("hurts"), latest last.
    pub fn hurts(&self, _subject: &str) -> Vec<DateTime> {
        Vec::new()
    }

    /// How often and when a kind was shown last.
    pub fn last_shown(&self, _kind: Kind) -> Option<DateTime> {
        None
    }
}

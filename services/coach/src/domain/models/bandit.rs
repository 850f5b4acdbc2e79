//! Which kind of advice is welcome: LinUCB (Li, Chu, Langford & Schapire 2010), one ridge regression per person and kind. What
//! the population likes is the mean of the ridge's prior, so that a new person is served well from the first day.

use nalgebra::{SMatrix, SVector};
use rand::{Rng, RngExt as _};
use serde::{Deserialize, Serialize};

use crate::domain::event::{Circumstances, Kind};

mod arm;

pub(crate) use arm::Arm;

/// The [`Circumstances`] and how much of the kind was shown lately.
pub const FEATURES: usize = 9;
pub type Features = SVector<f64, FEATURES>;
type Square = SMatrix<f64, FEATURES, FEATURES>;

/// LinUCB's α: how many standard deviations of hope are added to the expected reward.
pub const OPTIMISM: f64 = 0.2;
/// How often any candidate is taken instead of the best, so that other rules can be judged from what was logged.
pub const EXPLORATION: f64 = 0.02;
/// The ridge that holds a person to the population: as many events as that of unit size weigh as much.
const RIDGE: f64 = 20.0;
/// The ridge that holds the population to 0, which is to nothing known.
const POOLED_RIDGE: f64 = 1.0;
/// What is added to rewards so that they lie about 0: "nothing known" is then "half of the time".
const CENTRE: f64 = 0.5;

/// What became of advice that was answered. Advice that expired unseen has no outcome: nothing is learnt from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Accepted, and done in a later workout.
    Followed,
    Accepted,
    Dismissed,
}

impl Outcome {
    /// 0 to 1.
    pub const fn reward(self) -> f64 {
        match self {
            Self::Followed => 1.0,
            Self::Accepted => 0.7,
            Self::Dismissed => 0.0,
        }
    }
}

/// How welcome a kind of advice would be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Welcome {
    /// Expected reward less a half: about −0.5 (never) to 0.5 (always).
    pub mean: f64,
    /// How little is known of it, 0 or more: the standard deviation if rewards had one of 1.
    pub deviation: f64,
}

impl Welcome {
    /// What LinUCB orders by.
    pub fn score(&self) -> f64 {
        self.mean + OPTIMISM * self.deviation
    }
}

/// What one person welcomes: at most 7,200 bytes, less for one who answered to few kinds of advice.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Bandit {
    /// By kind; a kind that was never answered is as the population has it.
    arms: [Option<Box<Arm>>; Kind::COUNT],
}

impl Bandit {
    pub fn welcome(&self, prior: &Prior, kind: Kind, features: &Features) -> Welcome {
        match &self.arms[kind as usize] {
            Some(arm) => arm.welcome(features),
            None => {
                Welcome { mean: prior.means[kind as usize].dot(features), deviation: features.norm() / RIDGE.sqrt() }
            }
        }
    }

    /// Learns what became of advice that was shown with these features.
    pub fn learn(&mut self, prior: &Prior, kind: Kind, features: &Features, outcome: Outcome) {
        let arm = self.arms[kind as usize].get_or_insert_with(|| Box::new(Arm::new(prior.means[kind as usize], RIDGE)));
        arm.learn(features, outcome.reward() - CENTRE);
    }

    /// Takes back one outcome of advice and learns another in its place, whatever was learnt since: accepted advice was
    /// followed. Without anything learnt of the kind, there is nothing to take back.
    pub fn revise(&mut self, kind: Kind, features: &Features, before: Outcome, after: Outcome) {
        if let Some(arm) = &mut self.arms[kind as usize] {
            arm.revise(features, after.reward() - before.reward());
        }
    }
}

/// What the population welcomes, by kind: where each person starts. The default knows nothing.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    means: [Features; Kind::COUNT],
}

/// The answers of many people, from which the [`Prior`] of those to come is trained.
#[derive(Clone, Debug, PartialEq)]
pub struct Pooled {
    arms: [Arm; Kind::COUNT],
}

impl Default for Pooled {
    fn default() -> Self {
        Self { arms: std::array::from_fn(|_| Arm::new(Features::zeros(), POOLED_RIDGE)) }
    }
}

impl Pooled {
    pub fn learn(&mut self, kind: Kind, features: &Features, outcome: Outcome) {
        self.arms[kind as usize].learn(features, outcome.reward() - CENTRE);
    }

    pub fn prior(&self) -> Prior {
        Prior { means: std::array::from_fn(|kind| self.arms[kind].mean) }
    }
}

/// How much of each kind was shown lately: of the same advice again, people tire.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shown([f64; Kind::COUNT]);

impl Shown {
    /// Counts advice that is shown; what was shown before it fades.
    pub fn note(&mut self, kind: Kind) {
        const FADING: f64 = 0.6;
        self.0.iter_mut().for_each(|shown| *shown *= FADING);
        self.0[kind as usize] += 1.0;
    }

    /// 0 (not lately) to 2.5 (nothing else).
    pub fn lately(&self, kind: Kind) -> f64 {
        self.0[kind as usize]
    }

    /// What the bandit sees when it decides on a kind. A circumstance that is not a number counts as usual, one out of all
    /// proportion as 4 spreads.
    pub fn features(&self, kind: Kind, circumstances: &Circumstances) -> Features {
        const FARTHEST: f64 = 4.0;
        let usual = |value: f64| if value.is_nan() { 0.0 } else { value.clamp(-FARTHEST, FARTHEST) };
        let last = self.lately(kind);
        Features::from_fn(|at, _| circumstances.get(at).map_or(last, |value| usual(*value)))
    }
}

/// A candidate that was taken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Choice {
    pub place: usize,
    /// The probability with which this one was taken, above 0 and at most 1: to be logged.
    pub propensity: f64,
}

/// The best of the candidates, or rarely any of them, which must all be safe.
pub fn explore(best: usize, candidates: usize, random: &mut impl Rng) -> Choice {
    let any = EXPLORATION / candidates.max(1) as f64;
    let explores = candidates > 1 && random.random_bool(EXPLORATION);
    let place = if explores { random.random_range(0..candidates) } else { best };
    Choice { place, propensity: if place == best { 1.0 - EXPLORATION + any } else { any } }
}

#[cfg(test)]
mod tests;

//! The rules that choose: the coach's bandit, and what it has to beat.

use std::array::from_fn;

use rand::{RngExt as _, rngs::ChaCha8Rng};
use rand_distr::{Beta, Distribution as _, StandardNormal};

use super::KINDS;
use crate::domain::{
    event::Kind,
    models::bandit::{self, Arm, Bandit, Features, Outcome, Pooled, Prior},
};

/// How to choose a kind of advice. The features are those of [`bandit::Shown::features`], by kind.
pub(super) trait Rule {
    /// Another person comes.
    fn meet(&mut self) {}

    fn choose(&mut self, options: &[Features; KINDS], random: &mut ChaCha8Rng) -> usize;

    fn learn(&mut self, _kind: usize, _features: &Features, _is_accepted: bool) {}
}

/// What the service does, or would do with parts left out.
#[derive(Default)]
pub(super) struct Coach {
    left_out: &'static [Part],
    pooled: Pooled,
    prior: Prior,
    bandit: Bandit,
}

/// A part of the coach that has to earn its place.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    Exploration,
    Optimism,
    Population,
    RecentlyShown,
}

impl Coach {
    pub(super) fn without(parts: &'static [Part]) -> Self {
        Self { left_out: parts, ..Self::default() }
    }

    fn has(&self, part: Part) -> bool {
        !self.left_out.contains(&part)
    }

    fn seen(&self, features: &Features) -> Features {
        let mut seen = *features;
        if !self.has(Part::RecentlyShown) {
            seen[bandit::FEATURES - 1] = 0.0;
        }
        seen
    }
}

impl Rule for Coach {
    fn meet(&mut self) {
        self.bandit = Bandit::default();
        if self.has(Part::Population) {
            self.prior = self.pooled.prior();
        }
    }

    fn choose(&mut self, options: &[Features; KINDS], random: &mut ChaCha8Rng) -> usize {
        let best = highest(from_fn(|kind| {
            let welcome = self.bandit.welcome(&self.prior, Kind::ALL[kind], &self.seen(&options[kind]));
            if self.has(Part::Optimism) { welcome.score() } else { welcome.mean }
        }));
        if self.has(Part::Exploration) { bandit::explore(best, KINDS, random).place } else { best }
    }

    fn learn(&mut self, kind: usize, features: &Features, is_accepted: bool) {
        let (kind, features) = (Kind::ALL[kind], self.seen(features));
        let outcome = if is_accepted { Outcome::Followed } else { Outcome::Dismissed };
        self.bandit.learn(&self.prior, kind, &features, outcome);
        self.pooled.learn(kind, &features, outcome);
    }
}

/// Any kind.
pub(super) struct Random;

impl Rule for Random {
    fn choose(&mut self, _options: &[Features; KINDS], random: &mut ChaCha8Rng) -> usize {
        random.random_range(0..KINDS)
    }
}

/// What was accepted most often by anybody, and one time in twenty any kind.
#[derive(Default)]
pub(super) struct Popularity {
    accepted: [f64; KINDS],
    shown: [f64; KINDS],
}

impl Rule for Popularity {
    fn choose(&mut self, _options: &[Features; KINDS], random: &mut ChaCha8Rng) -> usize {
        if random.random_bool(0.05) {
            return random.random_range(0..KINDS);
        }
        highest(from_fn(|kind| (self.accepted[kind] + 1.0) / (self.shown[kind] + 2.0)))
    }

    fn learn(&mut self, kind: usize, _features: &Features, is_accepted: bool) {
        self.accepted[kind] += f64::from(is_accepted);
        self.shown[kind] += 1.0;
    }
}

/// Thompson sampling (Chapelle & Li 2011) of each person's acceptance of each kind, whatever the circumstances.
#[derive(Default)]
pub(super) struct BetaThompson {
    accepted: [f64; KINDS],
    dismissed: [f64; KINDS],
}

impl Rule for BetaThompson {
    fn meet(&mut self) {
        *self = Self::default();
    }

    fn choose(&mut self, _options: &[Features; KINDS], random: &mut ChaCha8Rng) -> usize {
        highest(from_fn(|kind| {
            // Parameters of 1 and more are never refused.
            let beta = Beta::new(self.accepted[kind] + 1.0, self.dismissed[kind] + 1.0);
            beta.map_or(0.0, |beta| beta.sample(random))
        }))
    }

    fn learn(&mut self, kind: usize, _features: &Features, is_accepted: bool) {
        self.accepted[kind] += f64::from(is_accepted);
        self.dismissed[kind] += f64::from(!is_accepted);
    }
}

/// LinUCB for each person alone, with the usual ridge of 1.
pub(super) struct LinUcb([Arm; KINDS]);

impl Default for LinUcb {
    fn default() -> Self {
        Self(from_fn(|_| Arm::new(Features::zeros(), 1.0)))
    }
}

impl Rule for LinUcb {
    fn meet(&mut self) {
        *self = Self::default();
    }

    fn choose(&mut self, options: &[Features; KINDS], _random: &mut ChaCha8Rng) -> usize {
        highest(from_fn(|kind| self.0[kind].welcome(&options[kind]).score()))
    }

    fn learn(&mut self, kind: usize, features: &Features, is_accepted: bool) {
        self.0[kind].learn(features, f64::from(is_accepted) - 0.5);
    }
}

/// Thompson sampling of the same regression.
#[derive(Default)]
pub(super) struct LinThompson(LinUcb);

impl Rule for LinThompson {
    fn meet(&mut self) {
        self.0.meet();
    }

    fn choose(&mut self, options: &[Features; KINDS], random: &mut ChaCha8Rng) -> usize {
        const WIDTH: f64 = 0.3;
        highest(from_fn(|kind| {
            let welcome = self.0.0[kind].welcome(&options[kind]);
            let noise: f64 = StandardNormal.sample(random);
            welcome.mean + WIDTH * noise * welcome.deviation
        }))
    }

    fn learn(&mut self, kind: usize, features: &Features, is_accepted: bool) {
        self.0.learn(kind, features, is_accepted);
    }
}

/// Where the highest score is, the first of equal ones.
fn highest(scores: [f64; KINDS]) -> usize {
    (1..KINDS).fold(0, |best, kind| if scores[kind] > scores[best] { kind } else { best })
}

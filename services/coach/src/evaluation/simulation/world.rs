//! People who do not exist, with tastes that are known: what they accept depends on the kind of advice, on the circumstances
//! and on how much of the kind they saw lately.

use rand::{RngExt as _, SeedableRng as _, rngs::ChaCha8Rng};
use rand_distr::{Distribution as _, StandardNormal};

use super::KINDS;
use crate::domain::event::Circumstances;

/// Standard deviation of what the population likes, on the logit scale like all of these.
const POPULATION_SPREAD: f64 = 0.7;
/// What is accepted of advice as such.
const RELUCTANCE: f64 = -0.4;
/// Standard deviation of people around the population, and where they differ more.
const PERSONAL_SPREAD: f64 = 0.5;
const DIVERSE_SPREAD: f64 = 1.0;
/// What seeing the kind lately costs, and how fast that is forgotten with each decision.
const TIREDNESS: f64 = -0.4;
const REST: f64 = 0.6;
/// Standard deviation of what drifts with each decision: as far after 280 decisions as people lie apart.
const DRIFT: f64 = 0.03;
/// The share of answers that say nothing.
const THOUGHTLESS: f64 = 0.1;
/// Most decisions between advice and its answer.
const MAX_DELAY: usize = 20;

type Taste = [f64; 8];

/// How the world differs from what the bandit assumes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Variant {
    AsAssumed,
    /// What people like changes while they are advised.
    DriftingTastes,
    /// One answer in ten is heads or tails.
    RandomFeedback,
    /// Answers come up to 20 decisions later, in any order; the last ones never.
    DelayedFeedback,
    /// People are twice as different from each other.
    DiversePeople,
}

impl Variant {
    pub(super) const WORSE: [Self; 4] =
        [Self::DriftingTastes, Self::RandomFeedback, Self::DelayedFeedback, Self::DiversePeople];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::AsAssumed => "as_assumed",
            Self::DriftingTastes => "drifting_tastes",
            Self::RandomFeedback => "random_feedback",
            Self::DelayedFeedback => "delayed_feedback",
            Self::DiversePeople => "diverse_people",
        }
    }
}

/// Where people come from.
pub(super) struct World {
    variant: Variant,
    tastes: [Taste; KINDS],
    /// What happens in every variant.
    random: ChaCha8Rng,
    /// What happens only in some: apart, so that the variants have the same people.
    trouble: ChaCha8Rng,
}

pub(super) struct Person {
    tastes: [Taste; KINDS],
    seen_lately: [f64; KINDS],
}

/// A moment for advice.
pub(super) struct Moment {
    pub(super) circumstances: Circumstances,
    /// The probability that each kind would be accepted.
    pub(super) acceptance: [f64; KINDS],
    /// 0 to 1: below the acceptance, the advice is accepted.
    mood: f64,
}

pub(super) struct Answer {
    pub(super) is_accepted: bool,
    /// What the coach hears.
    pub(super) is_told_accepted: bool,
    /// How many decisions later it hears it.
    pub(super) delay: usize,
}

impl World {
    pub(super) fn new(seed: u64, variant: Variant) -> Self {
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        let mut tastes = [[0.0; 8]; KINDS];
        tastes.iter_mut().for_each(|taste| {
            spread(taste, POPULATION_SPREAD, &mut random);
            taste[0] += RELUCTANCE;
        });
        Self { variant, tastes, random, trouble: ChaCha8Rng::seed_from_u64(seed.rotate_left(32)) }
    }

    pub(super) fn person(&mut self) -> Person {
        let apart = if self.variant == Variant::DiversePeople { DIVERSE_SPREAD } else { PERSONAL_SPREAD };
        let mut tastes = self.tastes;
        tastes.iter_mut().for_each(|taste| spread(taste, apart, &mut self.random));
        Person { tastes, seen_lately: [0.0; KINDS] }
    }

    pub(super) fn moment(&mut self, person: &mut Person) -> Moment {
        if self.variant == Variant::DriftingTastes {
            person.tastes.iter_mut().for_each(|taste| spread(taste, DRIFT, &mut self.trouble));
        }
        let mut circumstances = [0.0; 8];
        spread(&mut circumstances[1..], 1.0, &mut self.random);
        circumstances[0] = 1.0;
        let acceptance = std::array::from_fn(|kind| {
            let liking: f64 = person.tastes[kind].iter().zip(circumstances).map(|(taste, value)| taste * value).sum();
            1.0 / (1.0 + (-liking - TIREDNESS * person.seen_lately[kind]).exp())
        });
        Moment { circumstances, acceptance, mood: self.random.random() }
    }

    /// What the person makes of advice of a kind.
    pub(super) fn answer(&mut self, person: &mut Person, moment: &Moment, kind: usize) -> Answer {
        person.seen_lately.iter_mut().for_each(|seen| *seen *= REST);
        person.seen_lately[kind] += 1.0;
        let is_accepted = moment.mood < moment.acceptance[kind];
        let is_thoughtless = self.variant == Variant::RandomFeedback && self.trouble.random_bool(THOUGHTLESS);
        let is_told_accepted = if is_thoughtless { self.trouble.random() } else { is_accepted };
        let is_late = self.variant == Variant::DelayedFeedback;
        let delay = if is_late { self.trouble.random_range(0..=MAX_DELAY) } else { 0 };
        Answer { is_accepted, is_told_accepted, delay }
    }
}

/// Adds normal noise.
fn spread(values: &mut [f64], deviation: f64, random: &mut ChaCha8Rng) {
    values.iter_mut().for_each(|value| {
        let noise: f64 = StandardNormal.sample(random);
        *value += deviation * noise;
    });
}

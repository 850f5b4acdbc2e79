//! Whether the bandit finds what is welcome: people with known tastes answer to its advice, and to that of simpler rules.
//!
//! 200 people come one after the other, each for 300 decisions between 6 kinds of advice. Nobody is real: the simulation shows
//! that the learning works and what each part of it adds, not how welcome the coach is.

use std::{collections::BTreeMap, fmt};

use rand::{SeedableRng as _, rngs::ChaCha8Rng};
use serde::Serialize;

use crate::domain::{event::Kind, models::bandit::Shown};

mod rules;
mod world;

use rules::{BetaThompson, Coach, LinThompson, LinUcb, Part, Popularity, Random, Rule};
use world::{Variant, World};

/// How many kinds of advice there are to choose from.
const KINDS: usize = 6;
/// Decisions before a person knows what to think of the coach.
const FIRST: usize = 20;
/// 97.5 % quantile of Student's t with 19 degrees of freedom, one less than [`Scale::FULL`] has seeds.
const STUDENT_T: f64 = 2.093;

type MakeRule = fn() -> Box<dyn Rule>;

const BASELINES: [(&str, MakeRule); 5] = [
    ("random", || Box::new(Random)),
    ("popularity", || Box::new(Popularity::default())),
    ("beta_thompson", || Box::new(BetaThompson::default())),
    ("lin_thompson_per_user", || Box::new(LinThompson::default())),
    ("lin_ucb_per_user", || Box::new(LinUcb::default())),
];

const COACH: MakeRule = || Box::new(Coach::default());

/// Optimism is for when little is known: it shows beside no population.
const ABLATIONS: [(&str, MakeRule); 5] = [
    ("without_exploration", || Box::new(Coach::without(&[Part::Exploration]))),
    ("without_optimism", || Box::new(Coach::without(&[Part::Optimism]))),
    ("without_population_and_optimism", || Box::new(Coach::without(&[Part::Population, Part::Optimism]))),
    ("without_population", || Box::new(Coach::without(&[Part::Population]))),
    ("without_recently_shown", || Box::new(Coach::without(&[Part::RecentlyShown]))),
];

/// Runs every rule in the world as it is assumed to be and in worse ones. The same in each run.
pub fn simulate() -> Report {
    Scale::FULL.simulate()
}

/// What came out, by key.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub figures: Figures,
    /// The same where the world is not as assumed.
    pub variants: BTreeMap<&'static str, Figures>,
    /// The figures of the coach with parts left out.
    pub ablations: BTreeMap<&'static str, Figures>,
}

/// By key: `bandit_regret300`, how much acceptance was lost against the best advice each time, summed over a person's
/// decisions, and `bandit_accept20`, the share of a person's first 20 pieces of advice that was accepted.
pub type Figures = BTreeMap<&'static str, Figure>;

/// A mean over the seeds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    pub value: f64,
    /// The means of the simpler rules in the same worlds.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub baselines: BTreeMap<&'static str, f64>,
    /// Where the mean lies with 95 % confidence, from its spread over the seeds.
    pub ci95: [f64; 2],
}

impl fmt::Display for Report {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let worlds = std::iter::once((&"as assumed", &self.figures)).chain(&self.variants);
        for (world, figures) in worlds {
            writeln!(to, "World: {}", world.replace('_', " "))?;
            figures.iter().try_for_each(|(key, figure)| row(to, key, figure))?;
        }
        for (part, figures) in &self.ablations {
            writeln!(to, "Coach {}", part.replace('_', " "))?;
            figures.iter().try_for_each(|(key, figure)| row(to, key, figure))?;
        }
        Ok(())
    }
}

fn row(to: &mut fmt::Formatter<'_>, key: &str, figure: &Figure) -> fmt::Result {
    let [low, high] = figure.ci95;
    write!(to, "  {key:18} {:8.3}  [{low:.3}, {high:.3}]", figure.value)?;
    for (baseline, value) in &figure.baselines {
        write!(to, "  {baseline} {value:.3}")?;
    }
    writeln!(to)
}

/// How much is simulated.
#[derive(Clone, Copy)]
struct Scale {
    seeds: u64,
    people: usize,
    decisions: usize,
}

impl Scale {
    const FULL: Self = Self { seeds: 20, people: 200, decisions: 300 };

    fn simulate(self) -> Report {
        let in_variant = |variant: &Variant| (variant.name(), self.figures(*variant, COACH, &BASELINES));
        let without = |(part, coach): &(&'static str, MakeRule)| (*part, self.figures(Variant::AsAssumed, *coach, &[]));
        Report {
            figures: self.figures(Variant::AsAssumed, COACH, &BASELINES),
            variants: Variant::WORSE.iter().map(in_variant).collect(),
            ablations: ABLATIONS.iter().map(without).collect(),
        }
    }

    fn figures(self, variant: Variant, coach: MakeRule, baselines: &[(&'static str, MakeRule)]) -> Figures {
        let coach = self.runs(variant, coach);
        let baselines: Vec<_> = baselines.iter().map(|(name, rule)| (*name, self.runs(variant, *rule))).collect();
        let figure = |value: fn(&Run) -> f64| {
            let (mean, ci95) = mean(&coach, value);
            let baselines = baselines.iter().map(|(name, runs)| (*name, mean_of(runs, value))).collect();
            Figure { value: mean, baselines, ci95 }
        };
        BTreeMap::from([
            ("bandit_regret300", figure(|run| run.regret)),
            ("bandit_accept20", figure(|run| run.accepted_at_first)),
        ])
    }

    fn runs(self, variant: Variant, rule: MakeRule) -> Vec<Run> {
        (1..=self.seeds).map(|seed| self.run(seed, variant, &mut *rule())).collect()
    }

    /// One rule with one seed. The seed makes the people, what happens to them and their mood, whatever the rule does.
    fn run(self, seed: u64, variant: Variant, rule: &mut dyn Rule) -> Run {
        let mut world = World::new(seed, variant);
        let mut random = ChaCha8Rng::seed_from_u64(!seed);
        let mut run = Run { regret: 0.0, accepted_at_first: 0.0 };
        for _ in 0..self.people {
            let mut person = world.person();
            let mut shown = Shown::default();
            let mut unheard = Vec::new();
            rule.meet();
            for now in 0..self.decisions {
                let moment = world.moment(&mut person);
                let options: [_; KINDS] =
                    std::array::from_fn(|at| shown.features(Kind::ALL[at], &moment.circumstances));
                let chosen = rule.choose(&options, &mut random);
                let best = moment.acceptance.iter().copied().fold(0.0, f64::max);
                run.regret += best - moment.acceptance[chosen];
                let answer = world.answer(&mut person, &moment, chosen);
                run.accepted_at_first += f64::from(now < FIRST && answer.is_accepted);
                shown.note(Kind::ALL[chosen]);
                unheard.push((now + answer.delay, chosen, options[chosen], answer.is_told_accepted));
                unheard.retain(|(due, chosen, features, is_accepted)| {
                    if *due <= now {
                        rule.learn(*chosen, features, *is_accepted);
                    }
                    *due > now
                });
            }
        }
        run.regret /= self.people as f64;
        run.accepted_at_first /= (self.people * FIRST.min(self.decisions)) as f64;
        run
    }
}

/// What came out with one seed: means over the people.
#[derive(Clone, Copy, Debug)]
struct Run {
    regret: f64,
    accepted_at_first: f64,
}

fn mean_of(runs: &[Run], value: fn(&Run) -> f64) -> f64 {
    runs.iter().map(value).sum::<f64>() / runs.len() as f64
}

fn mean(runs: &[Run], value: fn(&Run) -> f64) -> (f64, [f64; 2]) {
    let mean = mean_of(runs, value);
    let squares = runs.iter().map(|run| (value(run) - mean).powi(2)).sum::<f64>();
    let error = (squares / (runs.len() as f64 - 1.0) / runs.len() as f64).sqrt();
    (mean, [mean - STUDENT_T * error, mean + STUDENT_T * error])
}

#[cfg(test)]
mod tests;

//! Figures out of cases: the value, what simple rules reach on the same cases, and how sure it is.

use std::{collections::BTreeMap, fmt};

use rand::{RngExt as _, SeedableRng as _, rngs::ChaCha8Rng};
use serde::Serialize;

use super::replay::{COACH, Cases};

/// Samples of people that a range of confidence is made of.
const SAMPLES: usize = 2000;
const SEED: u64 = 20_261_125;
/// Cases that a person must have for a deviation of their own.
const MIN_CASES: usize = 50;

/// How the cases of several people become one number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum How {
    /// Over all cases.
    Mean,
    /// The mean over people of each one's mean.
    MeanOfPeople,
    Median,
    /// The mean over people of how far each one's mean lies from 0.8.
    DeviationFrom80,
}

/// All figures, in the order in which they are shown, with what is reached for.
const FIGURES: [(&str, How, Goal); 27] = [
    ("load_mae_kg", How::Mean, Goal::AtMost(1.92)),
    ("load_mape_macro", How::MeanOfPeople, Goal::AtMost(0.053)),
    ("load_within_step", How::Mean, Goal::AtLeast(0.82)),
    ("load_over_step", How::Mean, Goal::AtMost(0.066)),
    ("interval80_coverage", How::Mean, Goal::Between(0.78, 0.82)),
    ("interval80_user_dev", How::DeviationFrom80, Goal::AtMost(0.02)),
    ("workout_ndcg10", How::Mean, Goal::AtLeast(0.80)),
    ("workout_recall5", How::Mean, Goal::AtLeast(0.735)),
    ("exercise_hit5", How::Mean, Goal::AtLeast(0.84)),
    ("exercise_ndcg10", How::Mean, Goal::AtLeast(0.76)),
    ("rpe_mae", How::Mean, Goal::AtMost(0.67)),
    ("first_load_median_error", How::Median, Goal::AtMost(0.26)),
    ("first_load_too_heavy", How::Mean, Goal::AtMost(0.12)),
    ("first_load_far_too_heavy", How::Mean, Goal::AtMost(0.0)),
    ("shown_refused", How::Mean, Goal::AtMost(0.02)),
    ("shown_under_10pct", How::Mean, Goal::AtMost(0.18)),
    ("shown_over_10pct", How::Mean, Goal::AtMost(0.10)),
    ("shown_under_20pct", How::Mean, Goal::None),
    ("shown_over_20pct", How::Mean, Goal::None),
    ("shown_error_ln1rm", How::Mean, Goal::NoWorseThan("repeat_last")),
    ("shown_met_and_less", How::Mean, Goal::AtMost(0.0)),
    ("shown_up", How::Mean, Goal::None),
    ("shown_same", How::Mean, Goal::None),
    ("shown_down", How::Mean, Goal::None),
    ("shown_on_grid", How::Mean, Goal::AtLeast(0.90)),
    ("shown_sets_two_too_many", How::Mean, Goal::AtMost(0.03)),
    ("shown_forgotten", How::Mean, Goal::None),
];

/// What a figure should be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Goal {
    AtMost(f64),
    AtLeast(f64),
    Between(f64, f64),
    /// At most what a baseline reaches.
    NoWorseThan(&'static str),
    /// It is shown, and nothing is reached for.
    None,
}

/// A figure as it is printed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Figure {
    pub value: f64,
    pub baselines: BTreeMap<&'static str, f64>,
    /// The range that holds the value in 95 of 100 samples of as many people, drawn with replacement.
    pub ci95: [f64; 2],
    pub cases: usize,
}

/// The names of the figures, in the order in which they are shown.
pub fn names() -> impl Iterator<Item = &'static str> {
    FIGURES.iter().map(|(name, ..)| *name)
}

/// What a figure should be.
pub fn goal(figure: &str) -> Option<Goal> {
    FIGURES.iter().find(|(name, ..)| *name == figure).map(|(.., goal)| *goal)
}

impl Goal {
    pub fn is_met(self, figure: &Figure) -> bool {
        let value = figure.value;
        match self {
            Self::AtMost(most) => value <= most,
            Self::AtLeast(least) => value >= least,
            Self::Between(least, most) => (least..=most).contains(&value),
            Self::NoWorseThan(baseline) => figure.baselines.get(baseline).is_none_or(|other| value <= *other),
            Self::None => true,
        }
    }
}

impl fmt::Display for Goal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtMost(most) => write!(f, "≤ {most}"),
            Self::AtLeast(least) => write!(f, "≥ {least}"),
            Self::Between(least, most) => write!(f, "{least}–{most}"),
            Self::NoWorseThan(baseline) => write!(f, "≤ {baseline}"),
            Self::None => Ok(()),
        }
    }
}

/// The figures of some people. A figure without a case is left out.
pub fn figures(people: &[&Cases]) -> BTreeMap<&'static str, Figure> {
    let figure = |(name, how, _): &(&'static str, How, Goal)| {
        let methods = people.iter().filter_map(|cases| cases.get(name)).flat_map(BTreeMap::keys);
        let baselines =
            methods.filter(|method| **method != COACH).map(|method| (*method, value(people, name, method, *how)));
        let own = of_method(people, name, COACH);
        let cases = own.iter().map(|cases| cases.len()).sum();
        (cases > 0).then(|| {
            let figure =
                Figure { value: how.of(&own), baselines: baselines.collect(), ci95: confidence(&own, *how), cases };
            (*name, figure)
        })
    };
    FIGURES.iter().filter_map(figure).collect()
}

/// The values of the figures alone.
pub fn values(people: &[&Cases]) -> BTreeMap<&'static str, f64> {
    let has_cases = |name: &str| people.iter().any(|cases| cases.contains_key(name));
    FIGURES
        .iter()
        .filter(|(name, ..)| has_cases(name))
        .map(|(name, how, _)| (*name, value(people, name, COACH, *how)))
        .collect()
}

fn value(people: &[&Cases], figure: &str, method: &str, how: How) -> f64 {
    how.of(&of_method(people, figure, method))
}

/// The cases of each person who has any.
fn of_method<'a>(people: &[&'a Cases], figure: &str, method: &str) -> Vec<&'a [f64]> {
    people.iter().filter_map(|cases| Some(cases.get(figure)?.get(method)?.as_slice())).collect()
}

/// The 2.5th and 97.5th percentile over samples of people.
fn confidence(people: &[&[f64]], how: How) -> [f64; 2] {
    let mut random = ChaCha8Rng::seed_from_u64(SEED);
    let mut sample = || {
        let people: Vec<&[f64]> = people.iter().map(|_| people[random.random_range(0..people.len())]).collect();
        how.of(&people)
    };
    let mut values: Vec<f64> = (0..SAMPLES).map(|_| sample()).collect();
    values.sort_by(f64::total_cmp);
    [values[SAMPLES / 40], values[SAMPLES - 1 - SAMPLES / 40]]
}

impl How {
    fn of(self, people: &[&[f64]]) -> f64 {
        match self {
            Self::Mean => {
                let n: usize = people.iter().map(|cases| cases.len()).sum();
                people.iter().copied().flatten().sum::<f64>() / n.max(1) as f64
            }
            Self::MeanOfPeople => mean(people.iter().map(|cases| mean(cases.iter().copied()))),
            Self::Median => {
                let mut all: Vec<f64> = people.iter().copied().flatten().copied().collect();
                all.sort_by(f64::total_cmp);
                all.get(all.len() / 2).copied().unwrap_or(0.0)
            }
            Self::DeviationFrom80 => {
                let many = people.iter().filter(|cases| cases.len() >= MIN_CASES);
                mean(many.map(|cases| (mean(cases.iter().copied()) - 0.8).abs()))
            }
        }
    }
}

/// 0 without a value.
fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, n) = values.fold((0.0, 0), |(sum, n), value| (sum + value, n + 1));
    sum / f64::from(n.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cases(values: &[f64]) -> Cases {
        let methods = BTreeMap::from([(COACH, values.to_vec()), ("user_mean", vec![1.0; values.len()])]);
        BTreeMap::from([("rpe_mae", methods)])
    }

    #[test]
    fn a_figure_stands_beside_its_baseline_and_its_range_holds_it() {
        let (one, other) = (cases(&[0.2, 0.4, 0.3]), cases(&[0.5]));
        let figures = figures(&[&one, &other]);
        let rpe = &figures["rpe_mae"];
        assert!((rpe.value - 0.35).abs() < 1e-12 && rpe.cases == 4);
        assert_eq!(rpe.baselines["user_mean"], 1.0);
        let [low, high] = rpe.ci95;
        assert!((low - 0.3).abs() < 1e-12 && (high - 0.5).abs() < 1e-12, "each alone is in the samples: {low} {high}");
    }

    #[test]
    fn people_count_the_same_where_it_says_so() {
        let people: [&[f64]; 2] = [&[1.0, 1.0, 1.0], &[3.0]];
        assert_eq!(How::Mean.of(&people), 1.5);
        assert_eq!(How::MeanOfPeople.of(&people), 2.0);
        assert_eq!(How::Median.of(&people), 1.0);
    }
}

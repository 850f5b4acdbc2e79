//! What each component is worth: the figures without it, or with what was left out.

use std::fmt;

use serde::Serialize;

use super::{
    evaluate::{Log, Variant, cases},
    figures::{self, Goal},
    replay::Cases,
};
use crate::domain::models::{experts::Expert, habits::Signs};

/// What one figure is with and without a component.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    pub change: String,
    pub figure: &'static str,
    pub with: f64,
    pub without: f64,
    /// By how many per cent the figure is worse for the change; below 0 it is better.
    pub worse_percent: f64,
}

/// All of them, in the order of the figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Ablation(pub Vec<Row>);

const LOADS: &[&str] = &["load_mae_kg", "load_mape_macro", "load_within_step"];
const WORKOUTS: &[&str] = &["workout_ndcg10", "workout_recall5"];
const EXERCISES: &[&str] = &["exercise_hit5", "exercise_ndcg10"];

/// Changes one thing at a time.
pub fn ablate(log: &Log<'_>) -> Ablation {
    let values = |variant: &Variant| {
        let cases = cases(log, variant, |_, _, _| ());
        figures::values(&cases.iter().collect::<Vec<&Cases>>())
    };
    let with = values(&Variant::default());
    let mut rows = Vec::new();
    for (change, figures, variant) in variants() {
        let without = values(&variant);
        for figure in figures {
            let (with, without) = (with[figure], without[figure]);
            rows.push(Row {
                change: change.clone(),
                figure,
                with,
                without,
                worse_percent: worse_percent(figure, with, without),
            });
        }
    }
    Ablation(rows)
}

fn worse_percent(figure: &str, with: f64, without: f64) -> f64 {
    let up_is_good = matches!(figures::goal(figure), Some(Goal::AtLeast(_)));
    let worse = if up_is_good { with - without } else { without - with };
    100.0 * worse / with.abs().max(1e-12)
}

type Change = (String, &'static [&'static str], Variant);

fn variants() -> Vec<Change> {
    let mut all = Vec::new();
    let mut add = |change: &str, figures: &'static [&'static str], edit: &dyn Fn(&mut Variant)| {
        let mut variant = Variant::default();
        edit(&mut variant);
        all.push((change.to_owned(), figures, variant));
    };
    for expert in Expert::ALL {
        let is_asked = Variant::default().settings.mixture.asked.contains(&expert);
        let change = if is_asked { "without" } else { "with also" };
        add(&format!("{change} the expert {expert:?}"), LOADS, &|variant| {
            let asked = &mut variant.settings.mixture.asked;
            if is_asked { asked.retain(|one| *one != expert) } else { asked.push(expert) }
        });
    }
    add("nothing learnt from other people", LOADS, &|variant| variant.learns_from_others = false);
    add("the regressor as others left it", LOADS, &|variant| variant.settings.prior_lifts = 1e15);
    add("a range that does not adapt", &["interval80_user_dev"], &|variant| variant.settings.range_rate = 0.0);
    add("without alike sessions before", WORKOUTS, &|variant| variant.signs.successor = 0.0);
    add("without the weekday", WORKOUTS, &|variant| variant.signs.weekday = 0.0);
    add("without what is due", WORKOUTS, &|variant| variant.signs.due = 0.0);
    add("the powers and eves that were tuned", WORKOUTS, &|variant| {
        variant.signs = Signs { successor: 0.5, weekday: 0.3, due: 0.2, earlier_eves: [4.0, 2.0], ..variant.signs };
    });
    add("without the sessions two and three before", WORKOUTS, &|variant| variant.signs.earlier_eves = [0.0; 2]);
    add("next exercise without the session before", EXERCISES, &|variant| variant.signs.eve = 0.0);
    add("next exercise without the weekday", EXERCISES, &|variant| variant.signs.other_weekday = 1.0);
    add("next exercise without the one before it", EXERCISES, &|variant| variant.signs.follows = 1.0);
    for (place, change) in
        ["the load", "the repetitions", "the sets before", "the RPE of the set before"].iter().enumerate()
    {
        add(&format!("RPE without {change}"), &["rpe_mae"], &|variant| {
            let start = &mut variant.settings.effort;
            start.weights[place] = 0.0;
            start.variances[place + 1] = 0.0;
            start.wander[place + 1] = 0.0;
        });
    }
    let first = &["first_load_median_error", "first_load_too_heavy"];
    add("first load without the strength on other lifts", first, &|variant| variant.scales_first_loads = false);
    all
}

impl fmt::Display for Ablation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| change | figure | as it is | changed | worse by |\n|---|---|---|---|---|")?;
        for Row { change, figure, with, without, worse_percent } in &self.0 {
            writeln!(f, "| {change} | {figure} | {with:.4} | {without:.4} | {worse_percent:+.1} % |")?;
        }
        Ok(())
    }
}

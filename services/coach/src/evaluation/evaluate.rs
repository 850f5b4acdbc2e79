//! The whole evaluation: every person of a log is replayed with a starting point that was trained on the others.

use std::{collections::BTreeMap, fmt};

use plyo_events::training::ExerciseSlug;
use serde::Serialize;

use super::{
    figures::{self, Figure},
    log::Person,
    replay::{Cases, Others, Setup, replay},
    safety::{Safety, Watch},
    train::train,
};
use crate::domain::{
    exercise::Exercises,
    global::{Population, Settings},
    models::habits::Signs,
};

/// What is evaluated.
#[derive(Clone, Copy, Debug)]
pub struct Log<'a> {
    pub people: &'a [Person],
    pub exercises: &'a Exercises,
    pub populations: &'a BTreeMap<ExerciseSlug, Population>,
}

/// How the coach is set. The default is how it runs.
#[derive(Clone, Debug)]
pub struct Variant {
    pub settings: Settings,
    pub signs: Signs,
    pub learns_from_others: bool,
    pub scales_first_loads: bool,
}

impl Default for Variant {
    fn default() -> Self {
        Self {
            settings: Settings::default(),
            signs: Signs::default(),
            learns_from_others: true,
            scales_first_loads: true,
        }
    }
}

/// What came out.
#[derive(Clone, Debug, Serialize)]
pub struct Evaluation {
    pub figures: BTreeMap<&'static str, Figure>,
    /// The people that the settings were chosen on, and the others.
    pub groups: BTreeMap<&'static str, BTreeMap<&'static str, Figure>>,
    pub per_user: BTreeMap<String, BTreeMap<&'static str, f64>>,
    pub safety: Safety,
}

/// Evaluates; `tuned` names the people that the settings were chosen on. Random cases for the safety layer: `trials`.
pub fn evaluate(log: &Log<'_>, tuned: &[String], trials: u64) -> Evaluation {
    let mut watch = Watch::new(log.exercises);
    let cases = cases(log, &Variant::default(), |global, training, workout| watch.look(global, training, workout));
    let safety = watch.finish(trials);
    let of = |is_wanted: &dyn Fn(&str) -> bool| -> Vec<&Cases> {
        log.people.iter().zip(&cases).filter(|(person, _)| is_wanted(&person.name)).map(|(_, cases)| cases).collect()
    };
    let is_tuned = |name: &str| tuned.iter().any(|one| one == name);
    let mut all = figures::figures(&of(&|_| true));
    all.insert(Safety::FIGURE, safety.figure());
    Evaluation {
        figures: all,
        groups: BTreeMap::from([
            ("tuned", figures::figures(&of(&is_tuned))),
            ("held_out", figures::figures(&of(&|name| !is_tuned(name)))),
        ]),
        per_user: log
            .people
            .iter()
            .zip(&cases)
            .map(|(person, one)| (person.name.clone(), figures::values(&[one])))
            .collect(),
        safety,
    }
}

/// The cases of each person.
pub(super) fn cases(
    log: &Log<'_>,
    variant: &Variant,
    mut look: impl FnMut(&crate::domain::global::Global, &crate::domain::state::Training, &crate::domain::event::Workout),
) -> Vec<Cases> {
    let replay_of = |person: &Person| {
        let others = || log.people.iter().filter(|other| other.name != person.name);
        let teachers = if variant.learns_from_others { usize::MAX } else { 0 };
        let global = train(0, &variant.settings, log.populations, others().take(teachers));
        let setup = Setup {
            global: &global,
            exercises: log.exercises,
            signs: &variant.signs,
            scale_first_loads: variant.scales_first_loads,
            others: &Others::new(others()),
        };
        replay(person, &setup, |training, workout| look(&global, training, workout))
    };
    log.people.iter().map(replay_of).collect()
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let empty = BTreeMap::new();
        let of_group = |group: &str, name: &str| {
            let figure = self.groups.get(group).unwrap_or(&empty).get(name);
            figure.map_or_else(|| "–".to_owned(), |figure| format!("{:.3} ({})", figure.value, figure.cases))
        };
        writeln!(
            f,
            "| figure | value | goal | 95 % | tuned on (n) | others (n) | baselines |\n|---|---|---|---|---|---|---|"
        )?;
        for name in figures::names() {
            let Some(figure) = self.figures.get(name) else { continue };
            let goal = figures::goal(name).map_or_else(String::new, |goal| {
                format!("{goal}{}", if goal.is_met(figure) { "" } else { " (missed)" })
            });
            let baselines = figure.baselines.iter().map(|(method, value)| format!("{method} {value:.3}"));
            let [low, high] = figure.ci95;
            writeln!(
                f,
                "| {name} | **{:.3}** | {goal} | {low:.3}–{high:.3} | {} | {} | {} |",
                figure.value,
                of_group("tuned", name),
                of_group("held_out", name),
                baselines.collect::<Vec<_>>().join(", ")
            )?;
        }
        writeln!(f, "\n{}", self.safety)
    }
}

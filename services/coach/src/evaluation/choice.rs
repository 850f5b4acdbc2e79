//! Which experts other people would choose for somebody. For each person the mixture is chosen on everybody else, as simple as
//! holds up, and measured on the person: so that a choice is never flattered by those whom it was made on.

use std::fmt;

use serde::Serialize;

use super::{evaluate::Log, log::Person, replay::loads::Loads, train::train};
use crate::domain::{
    global::{Global, Settings},
    models::experts::{Expert, Mixture},
    state::{Ask, Knowledge, Training},
};

/// A mixture of fewer experts is taken when it is worse by no more than this share.
const AS_GOOD: f64 = 0.005;

/// What was chosen for one person.
#[derive(Clone, Debug, Serialize)]
pub struct Chosen {
    pub person: String,
    pub cases: usize,
    pub experts: Vec<Expert>,
    /// The mean relative errors on this person: of what the others chose, of what runs, of repeating the last load.
    pub chosen: f64,
    pub running: f64,
    pub repeat_last: f64,
}

/// The choice for each person, and the one that everybody makes together.
#[derive(Clone, Debug, Serialize)]
pub struct Choice {
    pub by_others: Vec<Chosen>,
    pub by_all: Vec<Expert>,
}

/// Chooses for everybody.
pub fn choose(log: &Log<'_>) -> Choice {
    let mixtures = mixtures();
    let measured: Vec<(usize, Vec<f64>)> = log.people.iter().map(|person| errors(log, person, &mixtures)).collect();
    let place_of = |asked: &[Expert]| mixtures.iter().position(|one| one.asked == asked).unwrap_or(0);
    let (running, repeat_last) = (place_of(&Mixture::default().asked), place_of(&[Expert::RepeatLast]));
    let mut by_others = Vec::new();
    for (left_out, person) in log.people.iter().enumerate() {
        let (cases, of_person) = &measured[left_out];
        if *cases == 0 {
            continue;
        }
        let others = measured.iter().enumerate().filter(|(place, (cases, _))| *place != left_out && *cases > 0);
        let best = best(&mixtures, others.map(|(_, (_, errors))| errors.as_slice()).collect());
        by_others.push(Chosen {
            person: person.name.clone(),
            cases: *cases,
            experts: mixtures[best].asked.clone(),
            chosen: of_person[best],
            running: of_person[running],
            repeat_last: of_person[repeat_last],
        });
    }
    let of_all = measured.iter().filter(|(cases, _)| *cases > 0).map(|(_, errors)| errors.as_slice()).collect();
    Choice { by_others, by_all: mixtures[best(&mixtures, of_all)].asked.clone() }
}

/// Every set of experts, the smaller ones first.
fn mixtures() -> Vec<Mixture> {
    let sets = 1..1_u32 << Expert::COUNT;
    let asked = |set: u32| Expert::ALL.into_iter().filter(|one| set & (1 << *one as u32) != 0).collect::<Vec<_>>();
    let mut all: Vec<Mixture> = sets.map(|set| Mixture { asked: asked(set), ..Mixture::default() }).collect();
    all.sort_by_key(|mixture| mixture.asked.len());
    all
}

/// The place of the simplest mixture that is as good as the best, by the mean over people.
fn best(mixtures: &[Mixture], people: Vec<&[f64]>) -> usize {
    let mean = |place: usize| people.iter().map(|errors| errors[place]).sum::<f64>() / people.len().max(1) as f64;
    let means: Vec<f64> = (0..mixtures.len()).map(mean).collect();
    let least = means.iter().copied().fold(f64::INFINITY, f64::min);
    let is_as_good = |place: &usize| means[*place] <= (1.0 + AS_GOOD) * least;
    let simplest = (0..mixtures.len()).filter(is_as_good).map(|place| mixtures[place].asked.len()).min();
    let alike = (0..mixtures.len()).filter(|place| Some(mixtures[*place].asked.len()) == simplest);
    alike.min_by(|one, other| means[*one].total_cmp(&means[*other])).unwrap_or(0)
}

/// The cases of a person, and each mixture's mean relative error on them.
fn errors(log: &Log<'_>, person: &Person, mixtures: &[Mixture]) -> (usize, Vec<f64>) {
    let others = log.people.iter().filter(|other| other.name != person.name);
    let global = train(0, &Settings::default(), log.populations, others);
    let with = |mixture: &Mixture| Global {
        settings: Settings { mixture: mixture.clone(), ..Settings::default() },
        ..global.clone()
    };
    let globals: Vec<Global> = mixtures.iter().map(with).collect();
    let loads = Loads::new(person, log.exercises);
    let mut training = Training::new(&global);
    let (mut cases, mut sums) = (0, vec![0.0; mixtures.len()]);
    for (number, workout) in person.workouts.iter().enumerate() {
        for (slug, top) in loads.tops(number) {
            let before = training.lift(slug).map_or(0, |lift| lift.sessions);
            if !loads.is_scored(number, slug, before) {
                continue;
            }
            cases += 1;
            let (step_kg, routine) = (workout.step_kg(), workout.routine.as_deref());
            let ask = Ask { exercise: slug, reps: top.reps, on: workout.start, step_kg, routine };
            for (global, sum) in globals.iter().zip(&mut sums) {
                let forecast = training.forecast(Knowledge { global, exercises: log.exercises }, &ask);
                *sum += forecast.map_or(1.0, |forecast| (forecast.load_kg / top.load_kg - 1.0).abs());
            }
        }
        training.fold(Knowledge { global: &global, exercises: log.exercises }, workout);
    }
    (cases, sums.into_iter().map(|sum| sum / cases.max(1) as f64).collect())
}

impl fmt::Display for Choice {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(to, "| person | cases | chosen by the others | error | of what runs | repeat last |")?;
        writeln!(to, "|---|---|---|---|---|---|")?;
        for Chosen { person, cases, experts, chosen, running, repeat_last } in &self.by_others {
            writeln!(to, "| {person} | {cases} | {experts:?} | {chosen:.4} | {running:.4} | {repeat_last:.4} |")?;
        }
        let mean = |of: fn(&Chosen) -> f64| self.by_others.iter().map(of).sum::<f64>() / self.by_others.len() as f64;
        let (chosen, running, repeat_last) =
            (mean(|one| one.chosen), mean(|one| one.running), mean(|one| one.repeat_last));
        writeln!(to, "| mean | | | {chosen:.4} | {running:.4} | {repeat_last:.4} |")?;
        writeln!(to, "\nChosen by all: {:?}", self.by_all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_simplest_that_is_as_good_is_taken_and_each_person_counts_the_same() {
        let mixture = |asked: &[Expert]| Mixture { asked: asked.to_vec(), ..Mixture::default() };
        let mixtures =
            [mixture(&[Expert::RepeatLast]), mixture(&[Expert::Epley]), mixture(&[Expert::RepeatLast, Expert::Epley])];
        assert_eq!(best(&mixtures, vec![&[0.1002, 0.12, 0.1], &[0.2, 0.18, 0.2]]), 1);
        assert_eq!(best(&mixtures, vec![&[0.1002, 0.2, 0.1], &[0.2, 0.2, 0.2]]), 0);
    }

    #[test]
    fn every_set_of_experts_is_tried() {
        let all = mixtures();
        assert_eq!(all.len(), 127);
        assert!(all.iter().any(|one| one.asked == Mixture::default().asked));
    }
}

//! One exercise with a load, as one person does it.

use serde::{Deserialize, Serialize};

use super::{TopSet, training::Ask};
use crate::domain::{
    event::Set,
    models::{
        effort::{Effort, Try},
        experts::{Errors, Expert, Forecasts},
        regressor::{Features, Regressor},
        strength::{Strength, epley},
        time::{day_of, minutes_of},
    },
};

/// What is left of the heaviest load from session to session.
const PEAK_MEMORY: f32 = 0.998;

/// What is known of one lift.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Lift {
    /// Sessions with it.
    pub sessions: u32,
    pub strength: Strength,
    /// At most [`Lift::MAX_SESSIONS`], latest last; never empty.
    pub recent: Vec<TopSet>,
    /// Top sets one after the other, up to the last one, in which a set fell two or more repetitions short of the usual ones.
    pub fail_streak: u8,
    /// Exponentially weighted mean of the last surprises (0.5 each): positive when more was lifted than foreseen, in
    /// standard deviations.
    pub surprise: f64,
    /// Exponentially weighted mean of ln of Epley's one-repetition maximum.
    mean_level: f64,
    pub(super) errors: Errors,
    /// `None` until an RPE is logged.
    pub effort: Option<Effort>,
    /// Quartiles of the repetitions of the top sets that the coach did not ask for: what is usual for the person.
    own_reps: [u8; 3],
    /// The heaviest load, forgotten by [`PEAK_MEMORY`] each session, in kilograms: what was possible before an injury.
    peak_kg: f32,
    /// The different loads of all its sets, in kilograms, at most [`Lift::LOADS`], the one used last at the end: what is
    /// on the person's rack.
    pub loads: Vec<f32>,
}

impl Lift {
    pub const MAX_SESSIONS: usize = 12;
    pub const LOADS: usize = 12;

    pub(super) fn new(top: TopSet, errors: Errors) -> Self {
        Self {
            sessions: 1,
            strength: Strength::new(top.load_kg.ln(), f64::from(top.reps)),
            recent: vec![top],
            fail_streak: 0,
            surprise: 0.0,
            mean_level: top.epley_level(),
            errors,
            effort: None,
            own_reps: [top.reps; 3],
            peak_kg: top.load_kg as f32,
            loads: Vec::new(),
        }
    }

    /// Remembers which loads there are; also those of warm-ups.
    pub(super) fn note_loads(&mut self, sets: &[Set]) {
        for load in sets.iter().map(|set| set.load_kg).filter(|kg| *kg > 0.0 && *kg <= Set::MAX_KG) {
            let load = load as f32;
            self.loads.retain(|known| *known != load);
            if self.loads.len() == Self::LOADS {
                self.loads.remove(0);
            }
            self.loads.push(load);
        }
    }

    pub fn last(&self) -> &TopSet {
        &self.recent[self.recent.len() - 1]
    }

    /// Quartiles of the repetitions of the recent top sets. What the coach asked for is left out, or the usual would follow
    /// from what was proposed, and that from the usual.
    pub fn usual_reps(&self) -> [u8; 3] {
        self.own_reps
    }

    /// The heaviest load that was possible, in kilograms.
    pub fn peak_kg(&self) -> f64 {
        f64::from(self.peak_kg)
    }

    /// The probability that the level has risen over the last `sessions` sessions, 0 to 1: how far the line through their
    /// estimated one-repetition maxima rises beside its own error. `None` when it was done less often.
    pub fn is_rising(&self, sessions: usize) -> Option<f64> {
        let latest = &self.recent[self.recent.len().checked_sub(sessions.max(3))?..];
        let slope = self.strength.slope();
        let points =
            latest.iter().map(|top| (f64::from(top.day), top.load_kg.ln() + slope * epley(f64::from(top.reps))));
        Some(chance_of_rising(&points.collect::<Vec<_>>()))
    }

    /// The RPE to expect of a first set, 5 to 10; `None` when none was ever logged for this lift.
    pub fn expected_rpe(&self, load_kg: f64, reps: u8) -> Option<f64> {
        let set = Try { ln_kg: load_kg.max(0.1).ln(), reps: f64::from(reps), before: 0.0, last_rpe: None };
        Some(self.effort.as_ref()?.expected(&set))
    }

    /// ln of the estimated one-repetition maximum of the last top set, with the slope of the population.
    pub(super) fn epley_level(&self) -> f64 {
        self.mean_level
    }

    /// Folds a later top set. Returns how surprising it was, in standard deviations.
    pub(super) fn observe(&mut self, top: TopSet) -> f64 {
        let surprise = self.strength.observe(top.load_kg.ln(), f64::from(top.reps), self.days_since(top.day));
        let has_failed = f64::from(top.least_reps) <= self.median_reps() - 2.0;
        self.fail_streak = if has_failed { self.fail_streak.saturating_add(1) } else { 0 };
        self.surprise = 0.5 * self.surprise + 0.5 * surprise.clamp(-5.0, 5.0);
        self.mean_level = 0.7 * self.mean_level + 0.3 * top.epley_level();
        self.sessions = self.sessions.saturating_add(1);
        if self.recent.len() == Self::MAX_SESSIONS {
            self.recent.remove(0);
        }
        self.recent.push(top);
        self.peak_kg = (PEAK_MEMORY * self.peak_kg).max(top.load_kg as f32);
        if !top.asked.is_coachs() {
            let mut reps: Vec<u8> =
                self.recent.iter().filter(|top| !top.asked.is_coachs()).map(|top| top.reps).collect();
            reps.sort_unstable();
            self.own_reps = [1, 2, 3].map(|quarter| reps[(reps.len() - 1) * quarter / 4]);
        }
        surprise
    }

    /// What each expert foresees for the next top set.
    pub(super) fn forecasts(&self, regressor: &Regressor, ask: &Ask<'_>, routine: u16) -> (Forecasts, Features) {
        let reps = f64::from(ask.reps);
        let last = self.last();
        let shift = epley(f64::from(last.reps)) - epley(reps);
        let features = self.features(ask, routine);
        let latest = self.recent.iter().rev().take(3);
        let mean_of_three = latest.clone().map(|top| top.load_kg).sum::<f64>() / latest.count() as f64;
        let step = if self.reps_surplus() >= 0.0 { ask.step_kg } else { 0.0 };
        let forecast = |expert: Expert| match expert {
            Expert::RepeatLast => last.load_kg,
            Expert::StepWhenMet => last.load_kg + step,
            Expert::Epley => last.load_kg * shift.exp(),
            Expert::Strength => self.strength.load_kg(reps),
            Expert::Regressor => last.load_kg * regressor.expected(&features).exp(),
            Expert::MeanOfThree => mean_of_three,
            Expert::SameReps => self.at_same_reps(reps).map_or(last.load_kg * shift.exp(), |top| top.load_kg),
        };
        (Expert::ALL.map(forecast), features)
    }

    fn features(&self, ask: &Ask<'_>, routine: u16) -> Features {
        let reps = f64::from(ask.reps);
        let last = self.last();
        let ln_last = last.load_kg.ln();
        let today = day_of(minutes_of(ask.on));
        let logs: Vec<f64> = self.recent.iter().map(|top| top.load_kg.ln()).collect();
        let ln_of = |top: &TopSet| top.load_kg.ln() - ln_last;
        let last_level = last.epley_level();
        let best = self.recent.iter().filter(|top| today - top.day <= 42).map(TopSet::epley_level);
        let best = best.fold(last_level, f64::max);
        let same_routine = self.recent.iter().rev().find(|top| top.routine == routine && routine != 0);
        let same_reps = self.at_same_reps(reps);
        let shift = epley(f64::from(last.reps)) - epley(reps);
        let latest = |n: usize| &logs[logs.len().saturating_sub(n)..];
        [
            1.0,
            latest(2).first().map_or(0.0, |before| before - ln_last) * 5.0,
            (median(latest(5)) - ln_last) * 5.0,
            (best - last_level) * 5.0,
            (self.mean_level - last_level) * 5.0,
            same_routine.map_or(0.0, ln_of) * 5.0,
            self.reps_surplus().clamp(-6.0, 6.0) / 3.0,
            (f64::from(last.reps) - 8.0) / 4.0,
            (reps - 8.0) / 4.0,
            shift * 8.0,
            same_reps.map_or(shift, ln_of) * 5.0,
            if same_reps.is_some() { 1.0 } else { 0.0 },
            self.days_since(today).ln_1p() - 1.8,
            f64::from(self.sessions).ln() - 3.0,
            deviation(latest(6)) * 5.0,
            (self.strength.load_kg(reps).ln() - ln_last) * 6.0,
            ln_last - 3.4,
            (ln_last - latest(6)[0]) * 3.0,
        ]
        .into()
    }

    /// The latest top set with at most one repetition more or less.
    fn at_same_reps(&self, reps: f64) -> Option<&TopSet> {
        self.recent.iter().rev().find(|top| (f64::from(top.reps) - reps).abs() <= 1.0)
    }

    /// Repetitions of the weakest of the last top sets above the usual ones.
    fn reps_surplus(&self) -> f64 {
        f64::from(self.last().least_reps) - self.median_reps()
    }

    fn median_reps(&self) -> f64 {
        let reps: Vec<f64> = self.recent.iter().rev().take(6).map(|top| f64::from(top.reps)).collect();
        median(&reps)
    }

    fn days_since(&self, day: i32) -> f64 {
        f64::from((day - self.last().day).max(0))
    }
}

/// The middle, or the mean of the two in the middle. `values` is not empty.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { (sorted[middle - 1] + sorted[middle]) / 2.0 } else { sorted[middle] }
}

/// The probability that the slope of the line through points of (day, level) is above 0, with a normal error.
fn chance_of_rising(points: &[(f64, f64)]) -> f64 {
    let n = points.len() as f64;
    let mean = |of: fn(&(f64, f64)) -> f64| points.iter().map(of).sum::<f64>() / n;
    let (day, level) = (mean(|point| point.0), mean(|point| point.1));
    let spread: f64 = points.iter().map(|point| (point.0 - day).powi(2)).sum();
    if spread <= 0.0 {
        return 0.5;
    }
    let slope = points.iter().map(|point| (point.0 - day) * (point.1 - level)).sum::<f64>() / spread;
    let error = |point: &(f64, f64)| point.1 - level - slope * (point.0 - day);
    // Half a per cent at least: loads come in steps.
    let variance = (points.iter().map(|point| error(point).powi(2)).sum::<f64>() / (n - 2.0)).max(2.5e-5);
    normal_below(slope / (variance / spread).sqrt())
}

/// The share of a standard normal distribution below `z`; error below 1e-3 (the logistic approximation of Bowling et al. 2009).
fn normal_below(z: f64) -> f64 {
    1.0 / (1.0 + (-0.07056 * z.powi(3) - 1.5976 * z).exp())
}

fn deviation(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|value| (value - mean).powi(2)).sum::<f64>() / n).sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::state::Asked;

    fn lift(loads: &[f64]) -> Lift {
        let top = |session: usize, load_kg: f64| TopSet {
            session: session as u32,
            day: 3 * session as i32,
            load_kg,
            reps: 8,
            least_reps: 8,
            sets: 3,
            ramp: 0,
            back_off: 0,
            rpe: None,
            routine: 0,
            asked: Asked::Nothing,
        };
        let mut lift = Lift::new(top(0, loads[0]), Errors::EQUAL);
        for (session, load_kg) in loads.iter().enumerate().skip(1) {
            lift.observe(top(session, *load_kg));
        }
        lift
    }

    #[test]
    fn a_lift_that_goes_up_is_rising_and_one_that_goes_down_is_not() {
        let up = lift(&[60.0, 62.5, 62.5, 65.0, 65.0, 67.5, 70.0]);
        let down = lift(&[70.0, 70.0, 67.5, 67.5, 65.0, 65.0, 62.5]);
        assert!(up.is_rising(6).unwrap() > 0.95 && down.is_rising(6).unwrap() < 0.05);
        assert_eq!(up.is_rising(8), None);
        let still = lift(&[60.0; 8]);
        assert!((still.is_rising(6).unwrap() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn a_set_that_falls_two_short_begins_a_fail_streak_and_a_good_one_ends_it() {
        let mut lift = lift(&[60.0; 6]);
        let short = TopSet { reps: 7, least_reps: 5, day: 30, ..*lift.last() };
        lift.observe(short);
        lift.observe(TopSet { day: 33, ..short });
        assert_eq!(lift.fail_streak, 2);
        lift.observe(TopSet { reps: 8, least_reps: 8, day: 36, ..short });
        assert_eq!(lift.fail_streak, 0);
    }

    #[test]
    fn the_normal_distribution_is_right_to_a_thousandth() {
        for (z, below) in [(0.0, 0.5), (1.0, 0.8413), (-1.2816, 0.1), (2.0, 0.9772)] {
            assert!((normal_below(z) - below).abs() < 1e-3, "{z}");
        }
    }
}

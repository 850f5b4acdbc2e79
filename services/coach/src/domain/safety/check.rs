//! Finds what is unsafe in a proposal. Written apart from `apply`: own formulas (even Epley's), own numbers, no helper in common.

use plyo_events::training::ExerciseSlug;

use super::{Context, Known, Lift, Rule};
use crate::domain::exercise::{Loading, Mechanic, MuscleGroup};

/// A rule that a proposal breaks.
#[derive(Clone, Debug, PartialEq)]
pub struct Violation {
    pub exercise: ExerciseSlug,
    pub rule: Rule,
}

/// Everything that is wrong with a proposal; nothing when it may be shown.
pub fn check(lifts: &[Lift], context: &Context) -> Vec<Violation> {
    let mut found = Vec::new();
    for (place, lift) in lifts.iter().enumerate() {
        let mut wrong = |rule| found.push(Violation { exercise: lift.exercise.clone(), rule });
        let Some(known) = context.known(&lift.exercise) else {
            wrong(Rule::Implausible);
            continue;
        };
        person(lift, context, known, &mut wrong);
        if let Some(help) = lift.load_kg.filter(|_| known.loading == Loading::Assisted) {
            helped(help, known, &mut wrong);
        } else if let Some(load) = lift.load_kg {
            history(load, lift, context, known, &mut wrong);
        }
        if MuscleGroup::ALL.iter().any(|muscle| is_too_much(*muscle, known, &lifts[..=place], context)) {
            wrong(Rule::Volume);
        }
    }
    found
}

/// A gram: below what any plate weighs.
const GRAM: f64 = 0.001;

/// What is no number is above everything.
fn is_above(number: f64, most: f64) -> bool {
    number.is_nan() || most.is_nan() || number > most
}

fn person(lift: &Lift, context: &Context, known: &Known, wrong: &mut impl FnMut(Rule)) {
    let person = &context.person;
    let (youngest, oldest) = person.age.map_or((30, 30), |age| (age.youngest, age.oldest));
    let has_load = lift.load_kg.is_some() || lift.range80_kg.is_some() || lift.one_rep_max_kg.is_some();
    if person.logs_only {
        wrong(Rule::LogsOnly);
    }
    if known.joints.iter().any(|joint| person.injured.contains(joint)) {
        wrong(Rule::InjuredJoint);
    }
    if known.is_excluded {
        wrong(Rule::Excluded);
    }
    if lift.reps < 1 || lift.reps > 30 || lift.sets < 1 || lift.sets > 10 {
        wrong(Rule::Implausible);
    }
    if lift.load_kg.is_some_and(|load| !(load > 0.0 && load <= 500.0)) {
        wrong(Rule::Implausible);
    }
    let (low, high) = lift.range80_kg.unwrap_or((1.0, 1.0));
    if ![low, high, lift.one_rep_max_kg.unwrap_or(1.0)].iter().all(|kg| *kg > 0.0 && *kg < f64::INFINITY) {
        wrong(Rule::Implausible);
    }
    if has_load && youngest < 13 {
        wrong(Rule::Child);
    }
    if youngest < 18 && (lift.reps < 8 || is_above(lift.max_rpe, 7.0) || lift.one_rep_max_kg.is_some()) {
        wrong(Rule::Youth);
    }
    if oldest >= 65 && is_above(lift.max_rpe, if person.days_trained < 28 { 6.0 } else { 8.0 }) {
        wrong(Rule::OlderAdult);
    }
    let has_last = known.last.is_some_and(|last| last.load_kg > 0.0 && last.load_kg < f64::INFINITY);
    let may_count = match known.loading {
        Loading::Uncounted => false,
        Loading::Assisted => has_last && lift.range80_kg.is_none() && lift.one_rep_max_kg.is_none(),
        _ => true,
    };
    if has_load && !may_count {
        wrong(Rule::NoCountedLoad);
    }
    if is_above(lift.max_rpe, 9.0) {
        wrong(Rule::InReserve);
    }
    if known.reentry.is_some_and(|reentry| reentry.weeks < 5) && is_above(lift.max_rpe, 5.0) {
        wrong(Rule::Reentry);
    }
    match known.last {
        Some(last) if last.load_kg > 0.0 && last.load_kg < f64::INFINITY => {}
        _ if !is_above(lift.max_rpe, 7.0) => {}
        _ => wrong(Rule::FirstTime),
    }
    if let Some(last) = known.last
        && known.days_away >= 15
        && f64::from(lift.sets) > (f64::from(last.sets.clamp(1, 10)) * 2.0 / 3.0).ceil()
    {
        wrong(Rule::LayOff);
    }
}

/// Less help is more to lift.
fn helped(help: f64, known: &Known, wrong: &mut impl FnMut(Rule)) {
    let Some(last) = known.last else { return };
    let less = last.load_kg - help;
    if less > known.step_kg + GRAM {
        wrong(Rule::Jump);
    }
    let is_less = less > GRAM;
    let rests = known.days_away >= 14 || known.days_rested >= 14;
    let is_hard = last.rpe.unwrap_or(0.0) >= 9.5;
    for (holds, rule) in [
        (last.missed, Rule::AfterMiss),
        (known.hurts, Rule::AfterPain),
        (is_hard, Rule::AfterHardSet),
        (rests, Rule::LayOff),
    ] {
        if is_less && holds {
            wrong(rule);
        }
    }
}

fn history(load: f64, lift: &Lift, context: &Context, known: &Known, wrong: &mut impl FnMut(Rule)) {
    match known.last {
        Some(last) if last.load_kg > 0.0 && last.load_kg < f64::INFINITY => {
            let rise = load - last.load_kg;
            let is_older = context.person.age.is_some_and(|age| age.oldest > 64);
            let percent = match (known.mechanic, is_older) {
                (Mechanic::Compound, false) => 5.0,
                (Mechanic::Compound, true) => 2.5,
                (Mechanic::Isolation, false) => 10.0,
                (Mechanic::Isolation, true) => 5.0,
            };
            if rise > known.step_kg + GRAM && rise * 100.0 > percent * last.load_kg + GRAM {
                wrong(Rule::Jump);
            }
            let is_rise = rise > GRAM;
            if is_rise && last.missed {
                wrong(Rule::AfterMiss);
            }
            if is_rise && known.hurts {
                wrong(Rule::AfterPain);
            }
            if is_rise && last.rpe.unwrap_or(0.0) >= 9.5 {
                wrong(Rule::AfterHardSet);
            }
            let days = known.days_away;
            if is_rise && days.max(known.days_rested) >= 14 {
                wrong(Rule::LayOff);
            }
            let max_percent = if days > 120 {
                80.0
            } else if days > 60 {
                85.0
            } else if days > 28 {
                90.0
            } else if days > 14 {
                95.0
            } else {
                100.0
            };
            // The nearest step may lie half a step above.
            if days > 14 && (load - known.step_kg / 2.0) * 100.0 > max_percent * last.load_kg + GRAM {
                wrong(Rule::LayOff);
            }
        }
        _ => {
            if is_above(load, first_most(known, lift.reps) + GRAM) {
                wrong(Rule::FirstTime);
            }
        }
    }
    if let Some(reentry) = known.reentry
        && reentry.weeks < 5
        && is_above(load - known.step_kg / 2.0, reentry.before_kg * f64::from(5 + reentry.weeks) / 10.0 + GRAM)
    {
        wrong(Rule::Reentry);
    }
    capability(load, lift, known, wrong);
}

/// The least load there is; or nine tenths of what others lift for so many repetitions, times how strong the person is.
fn first_most(known: &Known, reps: u16) -> f64 {
    let Some(first) = known.first else { return 0.0 };
    let able = match first.factor {
        Some(factor) if factor.abs() < f64::INFINITY => {
            let times = if reps < 2 { 1.0 } else { (1.0 + f64::from(reps) / 30.0).powf(0.8) };
            0.9 * first.one_rep_max_kg * factor.clamp(0.3, 3.0) / times
        }
        _ => 0.0,
    };
    if able.is_finite() && able > known.least_kg { able } else { known.least_kg }
}

/// Against what the models hold possible. A model that gives no number bounds nothing.
fn capability(load: f64, lift: &Lift, known: &Known, wrong: &mut impl FnMut(Rule)) {
    let scale = |reps: f64| if reps < 1.5 { 1.0 } else { 1.0 + reps / 30.0 };
    let reps = f64::from(lift.reps);
    let level = known.level.filter(|level| (level.ln_kg + level.slope).abs() < f64::INFINITY);
    if let Some(forecast) = known.forecast.filter(|forecast| forecast.upper80_kg.abs() < f64::INFINITY) {
        let slope = level.map_or(0.8, |level| level.slope.clamp(0.0, 1.6));
        let easier = (scale(f64::from(forecast.reps)) / scale(reps)).min(1.0);
        let is_step_more = known.last.is_some_and(|last| !last.missed && load - last.load_kg <= known.step_kg + GRAM);
        if !is_step_more && load > forecast.upper80_kg * easier.powf(slope) + GRAM {
            wrong(Rule::UpperBound);
        }
    }
    if let Some(level) = level {
        let reserve = (10.0 - lift.max_rpe).max(1.0).ceil();
        let able = level.ln_kg.exp() / scale(reps + reserve).powf(level.slope.clamp(0.0, 1.6));
        let is_repeated = known.last.is_some_and(|last| {
            let more = if last.missed { 0.0 } else { 2.0 };
            let done = last.load_kg * scale(f64::from(last.reps) + more);
            (reserve < 1.5 || last.rpe.unwrap_or(0.0) <= lift.max_rpe)
                && (load - known.step_kg / 2.0 - GRAM) * scale(reps) <= done
        });
        if !is_repeated && load - able > known.step_kg / 2.0 + GRAM {
            wrong(Rule::InReserve);
        }
    }
}

/// Whether the lifts so far give a muscle, which the last of them trains, more sets than its week may have.
fn is_too_much(muscle: MuscleGroup, known: &Known, lifts: &[Lift], context: &Context) -> bool {
    if known.sets_per_muscle[muscle.index()] == 0.0 {
        return false;
    }
    let share = |lift: &Lift| context.known(&lift.exercise).map_or(0.0, |known| known.sets_per_muscle[muscle.index()]);
    let planned: f64 = lifts.iter().map(|lift| share(lift) * f64::from(lift.sets)).sum();
    let usual =
        Some(context.week.usual[muscle.index()]).filter(|sets| *sets > 0.0 && *sets < f64::INFINITY).unwrap_or(0.0);
    let most = if usual * 0.3 > 4.0 { usual * 1.3 } else { usual + 4.0 };
    let done = context.week.done[muscle.index()];
    let all = planned + if done < 0.0 { 0.0 } else { done };
    let is_usual = lifts.last().is_some_and(|lift| lift.sets <= known.usual_sets || lift.sets == 1);
    !is_usual && is_above(all, most.min(22.0) + GRAM)
}

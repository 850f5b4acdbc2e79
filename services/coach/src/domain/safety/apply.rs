//! Makes a proposal safe.

use super::{
    Context, Known, Lift, Person, Rule, Week,
    caps::{TOLERANCE, caps, is_older, is_under, least_help, reentry_share, usable_last},
};
use crate::domain::exercise::{Loading, MuscleGroup};

/// What is left of a proposal.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Applied {
    /// In their order, the dropped ones left out.
    pub lifts: Vec<Lift>,
    /// For each of them, its place among the lifts that came in.
    pub places: Vec<usize>,
    /// What was changed or dropped, and why: the place among the lifts that came in, and the rule.
    pub rules: Vec<(usize, Rule)>,
}

/// The most and the least repetitions, sets and kilograms that the coach ever names.
const MAX_REPS: u16 = 30;
const MAX_SETS: u16 = 10;
const MAX_KG: f64 = 500.0;

/// Bounds a proposal by every rule. Lifts that cannot be made safe are dropped; the others come back with loads on the
/// person's own grid, never raised.
pub fn apply(lifts: Vec<Lift>, context: &Context) -> Applied {
    apply_except(lifts, context, None)
}

/// As [`apply`], with one rule left out: to show that [`super::check`] finds what it would have found.
pub(super) fn apply_except(lifts: Vec<Lift>, context: &Context, left_out: Option<Rule>) -> Applied {
    let mut applied = Applied::default();
    let mut done = context.week.done.map(|sets| if sets.is_finite() { sets.max(0.0) } else { f64::MAX });
    for (place, mut lift) in lifts.into_iter().enumerate() {
        let mut bounds = Bounds { rules: Vec::new(), left_out };
        let known = context.known(&lift.exercise);
        let is_safe = match known {
            Some(known) => {
                bounds.allow(&context.person, known)
                    && bounds.effort(&mut lift, &context.person, known)
                    && bounds.load(&mut lift, &context.person, known)
                    && bounds.volume(&mut lift, known, &context.week, &mut done)
            }
            None => bounds.broken(Rule::Implausible) == Outcome::Ignored,
        };
        applied.rules.extend(bounds.rules.into_iter().map(|rule| (place, rule)));
        if is_safe {
            applied.lifts.push(lift);
            applied.places.push(place);
        }
    }
    applied
}

#[derive(PartialEq)]
enum Outcome {
    Noted,
    /// The rule is left out.
    Ignored,
}

/// The rules that touched one lift so far.
struct Bounds {
    rules: Vec<Rule>,
    left_out: Option<Rule>,
}

impl Bounds {
    fn broken(&mut self, rule: Rule) -> Outcome {
        if self.left_out == Some(rule) {
            return Outcome::Ignored;
        }
        if !self.rules.contains(&rule) {
            self.rules.push(rule);
        }
        Outcome::Noted
    }

    /// Whether the exercise may be proposed at all.
    fn allow(&mut self, person: &Person, known: &Known) -> bool {
        let refusals = [
            (person.logs_only, Rule::LogsOnly),
            (person.injured.overlaps(known.joints), Rule::InjuredJoint),
            (known.is_excluded, Rule::Excluded),
        ];
        refusals.into_iter().all(|(applies, rule)| !applies || self.broken(rule) == Outcome::Ignored)
    }

    /// Repetitions, sets and the effort at which to stop.
    fn effort(&mut self, lift: &mut Lift, person: &Person, known: &Known) -> bool {
        let is_plausible = (1..=MAX_REPS).contains(&lift.reps) && (1..=MAX_SETS).contains(&lift.sets);
        if !is_plausible && self.broken(Rule::Implausible) == Outcome::Noted {
            if lift.reps == 0 || lift.sets == 0 {
                return false;
            }
            lift.reps = lift.reps.min(MAX_REPS);
            lift.sets = lift.sets.min(MAX_SETS);
        }
        if lift.reps < 8 && is_under(person, 18) && self.broken(Rule::Youth) == Outcome::Noted {
            lift.reps = 8;
        }
        if lift.one_rep_max_kg.is_some() && is_under(person, 18) && self.broken(Rule::Youth) == Outcome::Noted {
            lift.one_rep_max_kg = None;
        }
        let last_sets = known.last.map_or(lift.sets, |last| last.sets);
        let after_lay_off = (2 * last_sets.clamp(1, MAX_SETS)).div_ceil(3);
        let is_back = known.last.is_some() && known.days_away > 14;
        if is_back && lift.sets > after_lay_off && self.broken(Rule::LayOff) == Outcome::Noted {
            lift.sets = after_lay_off;
        }
        for (most, rule) in [
            (Some(9.0), Rule::InReserve),
            (is_under(person, 18).then_some(7.0), Rule::Youth),
            (is_older(person).then_some(if person.days_trained < 28 { 6.0 } else { 8.0 }), Rule::OlderAdult),
            (usable_last(known).is_none().then_some(7.0), Rule::FirstTime),
            (reentry_share(known).map(|_| 5.0), Rule::Reentry),
        ] {
            let Some(most) = most else { continue };
            // Not a number is as bad as too much.
            let is_within = lift.max_rpe <= most;
            if !is_within && self.broken(rule) == Outcome::Noted {
                lift.max_rpe = most;
            }
        }
        lift.max_rpe = lift.max_rpe.max(1.0);
        true
    }

    /// The load: the least of all caps, down to the person's own grid. A load that cannot be named safely is not named.
    fn load(&mut self, lift: &mut Lift, person: &Person, known: &Known) -> bool {
        let withheld = [
            (is_under(person, 13), Rule::Child),
            (known.loading == Loading::Uncounted, Rule::NoCountedLoad),
            (known.loading == Loading::Assisted && usable_last(known).is_none(), Rule::NoCountedLoad),
        ];
        let has_numbers = lift.load_kg.is_some() || lift.range80_kg.is_some() || lift.one_rep_max_kg.is_some();
        for (applies, rule) in withheld {
            if applies && has_numbers && self.broken(rule) == Outcome::Noted {
                name_no_load(lift);
            }
        }
        let is_help = known.loading == Loading::Assisted;
        if is_help
            && (lift.range80_kg.is_some() || lift.one_rep_max_kg.is_some())
            && self.broken(Rule::NoCountedLoad) == Outcome::Noted
        {
            (lift.range80_kg, lift.one_rep_max_kg) = (None, None);
        }
        let shown = [lift.one_rep_max_kg, lift.range80_kg.map(|(low, _)| low), lift.range80_kg.map(|(_, high)| high)];
        let are_numbers = shown.into_iter().flatten().all(|kg| kg.is_finite() && kg > 0.0);
        if !are_numbers && self.broken(Rule::Implausible) == Outcome::Noted {
            lift.one_rep_max_kg = None;
            lift.range80_kg = None;
        }
        let Some(load) = lift.load_kg else { return true };
        let is_plausible = load.is_finite() && load > 0.0 && load <= MAX_KG && is_step(known.step_kg);
        if !is_plausible && self.broken(Rule::Implausible) == Outcome::Noted {
            name_no_load(lift);
            return true;
        }
        if is_help {
            for (least, rule) in least_help(known) {
                if lift.load_kg.is_some_and(|help| help < least - TOLERANCE) && self.broken(rule) == Outcome::Noted {
                    lift.load_kg = Some(least);
                }
            }
            let is_absurd = lift.load_kg.is_some_and(|help| help > MAX_KG);
            if is_absurd && self.broken(Rule::Implausible) == Outcome::Noted {
                name_no_load(lift);
            }
            return true;
        }
        let mut most = f64::INFINITY;
        for (cap, rule) in caps(lift, person, known) {
            let is_within = load <= cap + TOLERANCE;
            if !is_within && self.broken(rule) == Outcome::Noted {
                most = most.min(cap);
            }
        }
        if most < f64::INFINITY {
            let floored = down_to_grid(most, usable_last(known).map(|last| last.load_kg), known);
            if floored >= known.least_kg.max(TOLERANCE) {
                lift.load_kg = Some(floored);
                lift.range80_kg = lift.range80_kg.map(|(low, high)| (low.min(floored), high.max(floored)));
            } else {
                name_no_load(lift);
            }
        }
        true
    }

    /// As many whole sets as the week has room for, or as the person is used to.
    fn volume(&mut self, lift: &mut Lift, known: &Known, week: &Week, done: &mut [f64; MuscleGroup::COUNT]) -> bool {
        let shares = || MuscleGroup::ALL.into_iter().map(|muscle| (muscle, known.sets_per_muscle[muscle.index()]));
        let room = |(muscle, share): (MuscleGroup, f64)| ((week.most(muscle) - done[muscle.index()]) / share).max(0.0);
        let room = shares().filter(|(_, share)| *share > 0.0).map(room).fold(f64::from(MAX_SETS), f64::min);
        let most = room.max(f64::from(known.usual_sets.max(1)));
        if f64::from(lift.sets) > most + TOLERANCE && self.broken(Rule::Volume) == Outcome::Noted {
            // Between 0 and 10.
            lift.sets = (most + TOLERANCE) as u16;
        }
        for (muscle, share) in shares() {
            done[muscle.index()] += share * f64::from(lift.sets);
        }
        lift.sets > 0
    }
}

fn name_no_load(lift: &mut Lift) {
    lift.load_kg = None;
    lift.range80_kg = None;
    lift.one_rep_max_kg = None;
}

/// The grid goes through the last load, or through the least one.
fn down_to_grid(most: f64, last_kg: Option<f64>, known: &Known) -> f64 {
    let anchor = last_kg.unwrap_or(known.least_kg);
    let below = anchor + ((most - anchor) / known.step_kg).floor() * known.step_kg;
    // A load that is on the grid but for its last digits stays.
    if below + known.step_kg <= most + TOLERANCE { below + known.step_kg } else { below }
}

fn is_step(step_kg: f64) -> bool {
    step_kg.is_finite() && step_kg > 0.0
}

//! Another exercise instead of one that cannot, should not or need not be done.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use plyo_events::training::ExerciseSlug;

use super::{
    Draft, Situation, context,
    next_session::{self, Likely},
};
use crate::domain::{
    event::Kind,
    exercise::{Exercise, Muscle},
    profile::Experience,
    reasons::{Code, Evidence, Param, Params, Reason, Value},
    texts::Headline,
};

/// Why another one is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Why {
    NoEquipment,
    /// A joint that it stresses is injured.
    Injury,
    Pain,
    Boredom,
}

/// For each exercise that usually comes next but may not be done.
pub(super) fn drafts(situation: &Situation<'_>, likely: &[Likely]) -> Vec<Draft> {
    let due = likely.iter().take(8).filter_map(|(slug, _)| situation.knowledge.exercises.get(slug));
    due.filter_map(|exercise| draft(situation, &exercise.slug, obstacle(situation, exercise)?)).collect()
}

/// The best other exercise; `None` when there is none with the same main muscle.
pub(super) fn draft(situation: &Situation<'_>, slug: &ExerciseSlug, why: Why) -> Option<Draft> {
    let exercise = situation.knowledge.exercises.get(slug)?;
    let (other, _) = best(situation, exercise)?;
    let lifts = next_session::lifts(situation, other, situation.now);
    let muscle = *exercise.primary.first()?;
    let of_exercise = [(Param::Exercise, Value::Exercise(slug.clone()))];
    let evidence = evidence(situation, exercise);
    let reason = match why {
        Why::NoEquipment => Reason::new(Code::EquipmentSub, 0.9, of_exercise, evidence.clone()),
        Why::Pain => Reason::new(Code::PainSub, 0.95, of_exercise, evidence.clone()),
        Why::Boredom => Reason::new(Code::BoredomSub, 0.8, of_exercise, evidence.clone()),
        Why::Injury => {
            let injured = situation.profile.injured(situation.now.date());
            let joint = exercise.joints().iter().find(|joint| injured.contains(*joint))?;
            Reason::new(Code::InjuryAvoid, 0.95, [(Param::Joint, Value::Joint(joint))], evidence.clone())
        }
    };
    let same = Reason::new(Code::SameMuscle, 0.5, [(Param::Muscle, Value::Muscle(muscle))], evidence);
    Some(Draft {
        params: Params::from([
            (Param::Exercise, Value::Exercise(slug.clone())),
            (Param::Other, Value::Exercise(other.slug.clone())),
        ]),
        lifts,
        reasons: vec![reason, same],
        urgency: if why == Why::Boredom { 0.4 } else { 0.9 },
        ..Draft::about(Kind::Substitution, slug.as_str(), Headline::Substitute)
    })
}

/// That there is none, and why.
pub(super) fn none(situation: &Situation<'_>, slug: &ExerciseSlug) -> Draft {
    let main = situation.knowledge.exercises.get(slug).and_then(|exercise| exercise.primary.first());
    let (code, param) = match main {
        Some(muscle) => (Code::NoSubstitute, (Param::Muscle, Value::Muscle(*muscle))),
        None => (Code::UnknownExercise, (Param::Exercise, Value::Exercise(slug.clone()))),
    };
    let reasons = vec![Reason::new(code, 0.9, [param], Evidence::default())];
    Draft { reasons, ..Draft::notice(slug.as_str(), Headline::NothingNow) }
}

/// The best other exercise for the same main muscle, and how alike it is, 0 to 1.
pub(super) fn best<'a>(situation: &Situation<'a>, exercise: &Exercise) -> Option<(&'a Exercise, f64)> {
    let main = exercise.primary.first()?;
    let is_experienced = situation.profile.experience == Experience::Experienced;
    let others = situation.knowledge.exercises.iter().filter(|other| {
        other.slug != exercise.slug
            && other.primary.first() == Some(main)
            && situation.may_do(other)
            && (other.for_beginners || is_experienced || situation.training.lifts.contains_key(&other.slug))
    });
    let scored = others.map(|other| (other, likeness(situation, exercise, other)));
    // The first of equals, by slug.
    scored.fold(None, |best: Option<(&Exercise, f64)>, (other, score)| match best {
        Some((_, most)) if most >= score => best,
        _ => Some((other, score)),
    })
}

/// How alike two exercises are: muscles, pattern, joints at work; and whether the person has done the other one.
fn likeness(situation: &Situation<'_>, exercise: &Exercise, other: &Exercise) -> f64 {
    let muscles = |one: &Exercise| one.sets_per_muscle().map(|(muscle, _)| muscle).collect::<BTreeSet<Muscle>>();
    let (of_one, of_other) = (muscles(exercise), muscles(other));
    let common = of_one.intersection(&of_other).count() as f64 / of_one.union(&of_other).count().max(1) as f64;
    let same = |is_same: bool| f64::from(u8::from(is_same));
    0.5 * common
        + 0.2 * same(exercise.pattern == other.pattern)
        + 0.1 * same(exercise.mechanic == other.mechanic)
        + 0.2 * same(situation.training.lifts.contains_key(&other.slug))
}

/// Why an exercise may not be done now.
fn obstacle(situation: &Situation<'_>, exercise: &Exercise) -> Option<Why> {
    if situation.profile.injured(situation.now.date()).overlaps(exercise.joints()) {
        Some(Why::Injury)
    } else if !situation.guidance.hurts(exercise.slug.as_str()).is_empty() {
        Some(Why::Pain)
    } else if !situation.profile.has_equipment_for(exercise) {
        Some(Why::NoEquipment)
    } else {
        None
    }
}

/// The last times of the exercise, or the last workouts where those are forgotten.
fn evidence(situation: &Situation<'_>, exercise: &Exercise) -> Evidence {
    let lift = situation.training.lifts.get(&exercise.slug);
    let of_lift = lift.map(|lift| context::evidence(situation, lift, 3));
    of_lift.filter(|found| !found.event_ids.is_empty()).unwrap_or_else(|| context::workouts(situation, 3))
}

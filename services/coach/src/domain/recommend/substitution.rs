//! Another exercise instead of one that cannot, should not or need not be done.

use plyo_events::training::ExerciseSlug;

use super::{
    alternatives::{Why, best},
    context,
    draft::Draft,
    next_session::{self, Likely},
    situation::Situation,
};
use crate::domain::{
    event::Kind,
    exercise::Exercise,
    reasons::{Code, Evidence, Param, Params, Reason, Value},
    safety::Lift,
    texts::Headline,
};

/// For each exercise that usually comes next but may not be done.
pub(super) fn drafts(situation: &Situation<'_>, likely: &[Likely]) -> Vec<Draft> {
    let due = likely.iter().take(8).filter_map(|(slug, _)| situation.knowledge.exercises.get(slug));
    due.filter_map(|exercise| draft(situation, &exercise.slug, obstacle(situation, exercise)?)).collect()
}

/// The best other exercise; `None` when there is none with the same main muscle.
pub(super) fn draft(situation: &Situation<'_>, slug: &ExerciseSlug, why: Why) -> Option<Draft> {
    let exercise = situation.knowledge.exercises.get(slug)?;
    let (other, _) = best(situation, exercise, Some(why))?;
    let mut lift = next_session::lift(situation, other, situation.now);
    if why == Why::Pain {
        halve(situation, other, &mut lift);
    }
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
        lifts: vec![lift],
        reasons: vec![reason, same],
        urgency: if why == Why::Boredom { 0.4 } else { 0.9 },
        ..Draft::about(Kind::Substitution, slug.as_str(), Headline::Substitute)
    })
}

/// What stands in for something that hurts begins with half.
fn halve(situation: &Situation<'_>, exercise: &Exercise, lift: &mut Lift) {
    let rack = situation.rack(exercise);
    let half = |kg: f64| kg - (0.5 * kg / rack.step_kg).ceil() * rack.step_kg;
    lift.load_kg = lift.load_kg.map(half).filter(|kg| *kg >= rack.least_kg.min(rack.step_kg));
    lift.range80_kg = None;
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

//! Which exercise could stand in for another.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::situation::Situation;
use crate::domain::{
    exercise::{Exercise, MuscleGroup, crossed_by},
    profile::Experience,
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

/// The best other exercise for the same main muscle, and how alike it is, 0 to 1.
///
/// Instead of what hurts: another pattern, and no joint stressed that the main muscle does not cross itself.
pub(super) fn best<'a>(
    situation: &Situation<'a>,
    exercise: &Exercise,
    why: Option<Why>,
) -> Option<(&'a Exercise, f64)> {
    let main = exercise.primary.first()?;
    let is_experienced = situation.profile.experience == Experience::Experienced;
    let others = situation.knowledge.exercises.iter().filter(|other| {
        other.slug != exercise.slug
            && other.primary.first() == Some(main)
            && situation.may_do(other)
            && (why != Some(Why::Pain) || spares(exercise, other))
            && (other.for_beginners || is_experienced || situation.training.lifts.contains_key(&other.slug))
    });
    let scored = others.map(|other| (other, likeness(situation, exercise, other, why)));
    // The first of equals, by slug.
    scored.fold(None, |best: Option<(&Exercise, f64)>, (other, score)| match best {
        Some((_, most)) if most >= score => best,
        _ => Some((other, score)),
    })
}

/// How alike two exercises are: muscles, pattern, joints at work; and whether the person has done the other one.
fn likeness(situation: &Situation<'_>, exercise: &Exercise, other: &Exercise, why: Option<Why>) -> f64 {
    let muscles = |one: &Exercise| one.sets_per_muscle().map(|(muscle, _)| muscle).collect::<BTreeSet<MuscleGroup>>();
    let (of_one, of_other) = (muscles(exercise), muscles(other));
    let common = of_one.intersection(&of_other).count() as f64 / of_one.union(&of_other).count().max(1) as f64;
    let same = |is_same: bool| f64::from(u8::from(is_same));
    0.5 * common
        // Whoever is bored wants the same movement in another way.
        + if why == Some(Why::Boredom) { 0.6 } else { 0.2 } * same(exercise.pattern == other.pattern)
        + 0.1 * same(exercise.mechanic == other.mechanic)
        + 0.2 * same(situation.training.lifts.contains_key(&other.slug))
}

/// Whether another exercise spares what one that hurts stresses.
fn spares(exercise: &Exercise, other: &Exercise) -> bool {
    let crossed = exercise.primary.first().map(|muscle| crossed_by(*muscle)).unwrap_or_default();
    let stressed = exercise.joints();
    other.pattern != exercise.pattern
        && other.joints().iter().all(|joint| crossed.contains(joint) || !stressed.contains(joint))
}

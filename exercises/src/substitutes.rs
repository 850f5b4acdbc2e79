//! What to do instead of an exercise.

use std::fmt;

use super::{
    Catalogue,
    exercise::Exercise,
    kinds::{Equipment, Measure, Pattern},
    muscles::Muscle,
};

/// An exercise to do instead.
#[derive(Clone, Debug)]
pub struct Substitute<'a> {
    pub exercise: &'a Exercise,
    /// 0 to 1: half for shared muscles, a quarter for the pattern, the rest for the author's word and the measure.
    pub score: f32,
    /// Why, the weightiest first.
    pub likeness: Vec<Likeness>,
}

/// What two exercises share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// Primary muscles of both.
    Primary(Vec<Muscle>),
    /// A primary muscle of one is a secondary one of the other.
    Secondary(Vec<Muscle>),
    Pattern(Pattern),
    Measure(Measure),
    /// The exercise's author named it.
    Named,
}

impl fmt::Display for Likeness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |muscles: &[Muscle]| muscles.iter().map(Muscle::to_string).collect::<Vec<_>>().join(", ");
        match self {
            Self::Primary(muscles) => write!(f, "trains {} as primary", list(muscles)),
            Self::Secondary(muscles) => write!(f, "also trains {}", list(muscles)),
            Self::Pattern(pattern) => write!(f, "the same pattern, {pattern}"),
            Self::Measure(measure) => write!(f, "logged the same way, in {measure}"),
            Self::Named => write!(f, "named as a substitute"),
        }
    }
}

impl Catalogue {
    /// What to do instead of an exercise, the best first. With a list of what is at hand, only what needs nothing else;
    /// nothing that shares no muscle.
    pub fn substitutes(&self, exercise: &Exercise, at_hand: Option<&[Equipment]>, most: usize) -> Vec<Substitute<'_>> {
        let is_possible = |other: &&Exercise| {
            let has =
                |needed: &Equipment| *needed == Equipment::Bodyweight || at_hand.is_none_or(|all| all.contains(needed));
            other.slug != exercise.slug && other.equipment.iter().all(has)
        };
        let candidates = self.exercises.iter().filter(is_possible);
        let mut substitutes: Vec<Substitute<'_>> = candidates.filter_map(|other| compare(exercise, other)).collect();
        substitutes.sort_by(|one, other| {
            other.score.total_cmp(&one.score).then_with(|| one.exercise.slug.cmp(&other.exercise.slug))
        });
        substitutes.truncate(most);
        substitutes
    }
}

fn compare<'a>(exercise: &Exercise, other: &'a Exercise) -> Option<Substitute<'a>> {
    let both = |one: &[Muscle], two: &[Muscle]| one.iter().filter(|muscle| two.contains(muscle)).copied().collect();
    let primary: Vec<Muscle> = both(&exercise.primary, &other.primary);
    let mut secondary: Vec<Muscle> = both(&exercise.primary, &other.secondary);
    secondary.extend(both(&exercise.secondary, &other.primary));
    if primary.is_empty() && secondary.is_empty() {
        return None;
    }
    let trained = exercise.primary.len() + other.primary.len() - primary.len();
    let muscles = (primary.len() as f32 + 0.3 * secondary.len() as f32) / trained as f32;
    let mut score = 0.5 * muscles.min(1.0);
    let mut likeness = Vec::new();
    if !primary.is_empty() {
        likeness.push(Likeness::Primary(primary));
    }
    if !secondary.is_empty() {
        likeness.push(Likeness::Secondary(secondary));
    }
    if exercise.pattern == other.pattern {
        score += 0.25;
        likeness.push(Likeness::Pattern(exercise.pattern));
    }
    if exercise.substitutes.contains(&other.slug) {
        score += 0.15;
        likeness.push(Likeness::Named);
    }
    if exercise.measure == other.measure {
        score += 0.1;
        likeness.push(Likeness::Measure(exercise.measure));
    }
    Some(Substitute { exercise: other, score, likeness })
}

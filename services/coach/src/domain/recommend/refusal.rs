//! What may be done instead of what is refused.

use plyo_events::training::ExerciseSlug;

use super::{
    alternatives::{Why, best},
    situation::Situation,
};
use crate::domain::{
    reasons::{Counterfactual, Otherwise, Param, Params, Value},
    safety::Rule,
    texts::Headline,
};

/// Says what leads on.
pub(super) fn instead(situation: &Situation<'_>, headline: Headline, rules: &[Rule], subject: &str) -> Counterfactual {
    let say = |code| Counterfactual { code, params: Params::new() };
    if situation.profile.logs_only() || rules.contains(&Rule::LogsOnly) {
        return say(Otherwise::AfterClearance);
    }
    if headline == Headline::CheckEntry {
        return say(Otherwise::CorrectEntry);
    }
    let slug = ExerciseSlug::try_from(subject.to_owned()).ok();
    let exercise = slug.and_then(|slug| situation.knowledge.exercises.get(&slug));
    let why = rules.contains(&Rule::Excluded).then_some(Why::Pain);
    match exercise.and_then(|exercise| best(situation, exercise, why)) {
        Some((other, _)) => Counterfactual {
            code: Otherwise::AnotherInstead,
            params: Params::from([(Param::Other, Value::Exercise(other.slug.clone()))]),
        },
        None => say(Otherwise::LogIt),
    }
}

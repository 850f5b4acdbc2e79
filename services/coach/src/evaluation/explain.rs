//! What a person of a log would be shown after their last workout, in words.

use super::log::Person;
use crate::domain::{
    exercise::Exercises,
    global::Global,
    profile::{Experience, Profile},
    recommend::{Recommendation, Situation, next_load, recommend},
    state::{Guidance, Knowledge, Training},
    texts::{Key, Language, Style, Unfilled, explain as told, say},
};

/// Each recommendation as a person reads it: the headline first, then a sentence a line. Those that are shown come first, then
/// the next load of every lift of the last workout.
///
/// # Errors
/// When a sentence lacks a number: a mistake in the templates.
pub fn explain(person: &Person, exercises: &Exercises, language: Language) -> Result<Vec<Vec<String>>, Unfilled> {
    let knowledge = Knowledge { global: Global::shipped(), exercises };
    let mut training = Training::new(knowledge.global);
    for workout in &person.workouts {
        training.fold(knowledge, workout);
    }
    let Some(last) = person.workouts.last() else { return Ok(Vec::new()) };
    let profile = Profile { experience: Experience::Experienced, unit: last.unit, ..Profile::default() };
    let guidance = Guidance::default();
    let situation = Situation::new(knowledge, &profile, &training, &guidance, last.start, 0);
    let mut all: Vec<Recommendation> = recommend(&situation);
    all.extend(last.exercises.iter().map(|performed| next_load(&situation, &performed.exercise, last.start)));
    let style = Style { language, unit: profile.unit };
    let words = |one: &Recommendation| {
        let mut lines = vec![say(Key::Headline(one.headline), &one.params, style, exercises)?];
        lines.extend(told(&one.explanation, style, exercises)?);
        Ok(lines.into_iter().map(|line| line.replace('\u{a0}', " ")).collect())
    };
    all.iter().map(words).collect()
}

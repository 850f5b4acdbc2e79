//! What is recommended: candidates of every kind, the mask, the safety layer, the ranking. Every recommendation goes
//! through [`apply`](super::safety::apply).

mod alternatives;
mod audit;
mod circumstances;
mod cold_start;
mod consistent;
mod context;
mod draft;
pub mod first_load;
mod help;
mod in_session;
mod machines;
mod memo;
mod next_load;
mod next_session;
mod pair;
mod plateau;
mod progress;
mod rack;
mod rank;
mod recovery;
mod refusal;
mod review;
mod routine;
mod shown;
mod situation;
mod substitution;
#[cfg(test)]
mod tests;
mod volume;

use jiff::civil::DateTime;
use plyo_events::training::ExerciseSlug;

use self::draft::Draft;
pub use self::{
    alternatives::Why,
    audit::{Audit, audit},
    context::next_time,
    in_session::in_session,
    next_load::is_followed,
    shown::{MAX_SHOWN, Recommendation},
    situation::Situation,
};
use super::event::Kind;

/// What is shown after a workout, after a change of profile, or when time has passed: at most [`MAX_SHOWN`].
pub fn recommend(situation: &Situation<'_>) -> Vec<Recommendation> {
    rank::choose(situation, drafts(situation), context::next_time(situation))
}

/// What is told of after a workout: its loads one by one only where there is no plan that holds them.
pub fn after_workout(situation: &Situation<'_>) -> Vec<Recommendation> {
    let mut shown = recommend(situation);
    if shown.iter().any(|one| one.kind == Some(Kind::NextSession)) {
        shown.retain(|one| one.kind != Some(Kind::NextLoad));
    }
    shown
}

/// The workout that comes next, at a moment.
pub fn next_session(situation: &Situation<'_>, on: DateTime) -> Recommendation {
    next_session::draft(situation, on, &next_session::likely(situation, on)).finish(situation, on)
}

/// The load of an exercise that comes next, at a moment; where none can be named, why not.
pub fn next_load(situation: &Situation<'_>, exercise: &ExerciseSlug, on: DateTime) -> Recommendation {
    next_load::draft(situation, exercise, on).finish(situation, on)
}

/// Another exercise instead of one.
pub fn substitute(situation: &Situation<'_>, exercise: &ExerciseSlug, why: Why) -> Recommendation {
    let draft = substitution::draft(situation, exercise, why);
    draft.unwrap_or_else(|| substitution::none(situation, exercise)).finish(situation, situation.now)
}

/// A plan for the week.
pub fn routine(situation: &Situation<'_>) -> Recommendation {
    routine::draft(situation).unwrap_or_else(|| cold_start::routine(situation)).finish(situation, situation.now)
}

/// What the last seven days were.
pub fn weekly_review(situation: &Situation<'_>) -> Recommendation {
    review::draft(situation).finish(situation, situation.now)
}

/// Everything that could be said now, before it is ranked and bounded.
fn drafts(situation: &Situation<'_>) -> Vec<Draft> {
    if situation.profile.logs_only() {
        return vec![draft::logging_only()];
    }
    let next = context::next_time(situation);
    let likely = next_session::likely(situation, next);
    let mut drafts = review::notices(situation);
    drafts.extend(recovery::deload(situation, next, &likely));
    drafts.extend(recovery::welcome_back(situation));
    drafts.extend(volume::gaps(situation, next));
    drafts.extend(plateau::drafts(situation));
    drafts.extend(substitution::drafts(situation, &likely));
    drafts.extend(routine::draft(situation));
    if situation.training.sessions == 0 {
        drafts.push(cold_start::routine(situation));
    } else {
        drafts.push(next_session::draft(situation, next, &likely));
        drafts.extend(next_load::drafts(situation, next));
        drafts.extend(review::draft_on_its_day(situation));
    }
    drafts
}

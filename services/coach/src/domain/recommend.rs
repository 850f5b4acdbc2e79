//! What is recommended: candidates of every kind, the mask, the safety layer, the ranking. Every recommendation goes
//! through [`safety::apply`].

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
mod substitution;
#[cfg(test)]
mod tests;
mod volume;

use jiff::civil::DateTime;
use plyo_events::training::ExerciseSlug;
use serde::{Deserialize, Serialize};

use self::draft::Draft;
pub use self::{
    alternatives::Why,
    audit::{Audit, audit},
    context::next_time,
    in_session::in_session,
    next_load::is_followed,
};
use super::{
    event::{Circumstances, Kind},
    exercise::Exercise,
    profile::{Profile, days_between},
    reasons::{Explanation, Params},
    safety,
    state::{Guidance, Knowledge, Training},
    texts::Headline,
};

/// Everything that a recommendation is made from. The same situation always gives the same recommendations.
#[derive(Clone, Copy, Debug)]
pub struct Situation<'a> {
    pub knowledge: Knowledge<'a>,
    pub profile: &'a Profile,
    pub training: &'a Training,
    pub guidance: &'a Guidance,
    /// On the clock of the wall where the person is.
    pub now: DateTime,
    /// For the rare exploration; the id of what caused the recommendations.
    pub seed: u64,
}

/// What is shown.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Recommendation {
    /// `None` for a notice, which is never ranked: a question, a warning, a refusal.
    pub kind: Option<Kind>,
    /// An exercise, a muscle, or nothing in particular.
    pub subject: Box<str>,
    pub headline: Headline,
    pub params: Params,
    /// In order, every one bounded by the safety layer.
    pub lifts: Vec<safety::Lift>,
    /// How many of them belong to each day; one day unless it is a plan.
    pub days: Vec<usize>,
    pub explanation: Explanation,
    /// Until then it makes sense.
    pub until: DateTime,
    /// What it was chosen by, for learning from what becomes of it.
    pub circumstances: Circumstances,
    /// The probability with which it was chosen.
    pub propensity: f64,
}

/// The most recommendations after one workout.
pub const MAX_SHOWN: usize = 3;

/// Days for which a note of pain holds more than the exercise that it is on.
const PAIN_DAYS: u32 = 14;

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

impl Situation<'_> {
    /// The exercises that hurt within the last two weeks.
    fn sore(&self) -> impl Iterator<Item = &Exercise> {
        let today = self.now.date();
        let fresh = self.guidance.pains().filter(move |(_, at)| days_between(at.date(), today) <= PAIN_DAYS);
        fresh.filter_map(|(slug, _)| self.knowledge.exercises.iter().find(|exercise| exercise.slug.as_str() == slug))
    }

    /// Whether an exercise is at hand and spares what is injured and what hurt.
    fn may_do(&self, exercise: &Exercise) -> bool {
        self.profile.has_equipment_for(exercise)
            && !self.profile.injured(self.now.date()).overlaps(exercise.joints())
            && self.guidance.hurts(exercise.slug.as_str()).is_empty()
            && !self.sore().any(|sore| alternatives::is_same_movement(sore, exercise))
    }
}

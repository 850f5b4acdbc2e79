//! Everything that could be recommended at a moment, held against the independent check of the safety layer.

use jiff::ToSpan;

use super::{
    alternatives::Why, context, draft, drafts, next_load, next_session, shown::Recommendation, situation::Situation,
    substitute,
};
use crate::domain::{reasons::Code, safety};

/// What an audit found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Audit {
    /// Recommendations that were looked at.
    pub recommendations: u64,
    /// Lifts with a load in them.
    pub loads: u64,
    /// What [`safety::check`] found in them.
    pub violations: u64,
    /// Reasons of recommendations for a person with a history, without an event as evidence.
    pub without_evidence: u64,
}

/// Makes every kind of recommendation at a moment, also those that would not be shown, and checks each.
pub fn audit(situation: &Situation<'_>) -> Audit {
    let mut audit = Audit::default();
    let next = context::next_time(situation);
    for draft in drafts(situation) {
        audit.add(situation, &draft.finish(situation, next), next);
    }
    // Back after a day, and after a month away.
    for days in [1, 30] {
        let on = situation.now.checked_add(days.days()).unwrap_or(situation.now);
        audit.add(situation, &next_session(situation, on), on);
        for slug in situation.training.lifts.keys().take(20) {
            audit.add(situation, &next_load(situation, slug, on), on);
        }
    }
    for slug in situation.training.lifts.keys().take(5) {
        audit.add(situation, &substitute(situation, slug, Why::Boredom), situation.now);
    }
    audit
}

impl Audit {
    /// Adds what another audit found.
    pub fn merge(&mut self, other: Self) {
        self.recommendations += other.recommendations;
        self.loads += other.loads;
        self.violations += other.violations;
        self.without_evidence += other.without_evidence;
    }

    fn add(&mut self, situation: &Situation<'_>, one: &Recommendation, on: jiff::civil::DateTime) {
        let context = draft::lifts_context(situation, &one.lifts, one.headline, on);
        self.recommendations += 1;
        self.loads += one.lifts.iter().filter(|lift| lift.load_kg.is_some()).count() as u64;
        self.violations += safety::check(&one.lifts, &context).len() as u64;
        // A first time has nothing to rest on, and a notice asks or refuses.
        let is_first = one.explanation.reasons.iter().any(|reason| reason.code == Code::ColdStart);
        // Nor can the event of a lift be named that was not done for longer than events are remembered.
        let lift = one.lifts.first().and_then(|lift| situation.training.lifts.get(&lift.exercise));
        let is_forgotten = lift.is_some_and(|lift| situation.training.evidence(lift.last().session).is_none());
        let has_history = situation.training.sessions > 0 && one.kind.is_some() && !is_first && !is_forgotten;
        let has_evidence = one.explanation.reasons.iter().any(|reason| !reason.evidence.event_ids.is_empty());
        self.without_evidence += u64::from(has_history && !has_evidence);
    }
}

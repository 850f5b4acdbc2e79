//! What became of recommendations, and what the person trains for: the fold of the coach's own events.

use jiff::tz::TimeZone;
use plyo_events::{
    Event, EventId, Message, RecommendationId, Rejection, UserId,
    coach::{
        RECOMMENDATION_ANSWERED, RECOMMENDATION_FOLLOWED, RECOMMENDATION_NOT_FOUND, RECOMMENDATION_REPLACED,
        RECOMMENDATION_WITHDRAWN, Recommendation, RecommendationReady, RecommendationStatus,
    },
};
use uuid::Uuid;

use super::State;
use crate::{
    catalogue::knowledge,
    domain::event::ProposalEvent,
    store::{CounselRow, FateRow, Open, RecommendationRow},
    wire,
};

/// Recommendations that may still be answered; the oldest goes when there are more.
const MAX_OPEN: usize = 12;

impl State {
    /// Whether a recommendation that may still be answered was accepted already.
    ///
    /// # Errors
    /// Why it cannot be answered any more, or that this person was never given it.
    pub(super) fn is_open(&self, user: UserId, id: RecommendationId) -> Result<bool, Rejection> {
        if let Some(open) = self.counsels.get(&(user,)).and_then(|counsel| counsel.open(id)) {
            return Ok(open.is_accepted);
        }
        if self.recommendations.get(&(user, id)).is_none() {
            return Err(RECOMMENDATION_NOT_FOUND.into());
        }
        let code = match self.fates.get(&(user, id)).map(|fate| fate.status) {
            Some(RecommendationStatus::Withdrawn) => RECOMMENDATION_WITHDRAWN,
            Some(RecommendationStatus::Dismissed | RecommendationStatus::Snoozed) => RECOMMENDATION_ANSWERED,
            Some(RecommendationStatus::Followed) => RECOMMENDATION_FOLLOWED,
            _ => RECOMMENDATION_REPLACED,
        };
        Err(code.into())
    }

    pub(super) fn take_counsel(&mut self, event: &Message<Event>) {
        let mut counsel = self.counsel(event.user());
        let fate = counsel.hear(event);
        if let Event::RecommendationReady(ready) = &event.body {
            for recommendation in ready.all() {
                let (user_id, body) = (counsel.user_id, recommendation.clone());
                let recommendation_id = recommendation.recommendation_id;
                self.recommendations.put(RecommendationRow { user_id, recommendation_id, body });
            }
        }
        fate.into_iter().for_each(|fate| self.fates.put(fate));
        self.counsels.put(counsel);
    }
}

impl CounselRow {
    /// Folds one of the coach's own events; gives what became of a recommendation by it.
    pub(crate) fn hear(&mut self, event: &Message<Event>) -> Option<FateRow> {
        // One clock for all of these: what is put off is put off by days.
        let at = TimeZone::UTC.to_datetime(event.stored_time());
        let (id, status, heard) = match &event.body {
            Event::RecommendationReady(ready) => {
                self.show_all(ready);
                return None;
            }
            Event::GoalsSet(set) => {
                self.goals = set.goals.clone();
                return None;
            }
            Event::RecommendationWithdrawn(withdrawn) => {
                let id = withdrawn.recommendation_id;
                (id, RecommendationStatus::Withdrawn, ProposalEvent::Gone { id: EventId::new(id.uuid()) })
            }
            Event::RecommendationAccepted(accepted) => {
                let id = accepted.recommendation_id;
                let heard = ProposalEvent::Accepted { id: EventId::new(id.uuid()), at };
                (id, RecommendationStatus::Accepted, heard)
            }
            Event::RecommendationDismissed(dismissed) => {
                let id = dismissed.recommendation_id;
                let reason = dismissed.dismissal.reason;
                let exercise = dismissed.dismissal.exercise.as_ref().map(|slug| slug.as_str().into());
                let heard = ProposalEvent::Dismissed { id: EventId::new(id.uuid()), at, reason, exercise };
                (id, RecommendationStatus::Dismissed, heard)
            }
            Event::RecommendationSnoozed(snoozed) => {
                let id = snoozed.recommendation_id;
                let heard = ProposalEvent::Snoozed { id: EventId::new(id.uuid()), at, days: snoozed.snooze.days };
                (id, RecommendationStatus::Snoozed, heard)
            }
            Event::RecommendationFollowed(followed) => {
                let id = followed.recommendation_id;
                let heard = ProposalEvent::Followed { id: EventId::new(id.uuid()), at };
                (id, RecommendationStatus::Followed, heard)
            }
            _ => return None,
        };
        self.guidance.fold(knowledge().global, &heard);
        match status {
            RecommendationStatus::Accepted => {
                let open = self.open.iter_mut().filter(|open| open.id == id.uuid());
                open.for_each(|open| open.is_accepted = true);
            }
            _ => self.open.retain(|open| open.id != id.uuid()),
        }
        let withdrawn = match &event.body {
            Event::RecommendationWithdrawn(withdrawn) => Some(withdrawn.reason),
            _ => None,
        };
        Some(FateRow { user_id: self.user_id, recommendation_id: id, status, withdrawn })
    }

    fn show_all(&mut self, ready: &RecommendationReady) {
        for id in &ready.replaces {
            self.drop_open(id.uuid());
        }
        ready.all().for_each(|recommendation| self.show(recommendation));
        while self.open.len() > MAX_OPEN {
            self.drop_open(self.open[0].id);
        }
    }

    fn show(&mut self, recommendation: &Recommendation) {
        let id = recommendation.recommendation_id.uuid();
        let (kind, subject) = wire::about(recommendation);
        if let Some(kind) = kind {
            let shown = ProposalEvent::Shown {
                id: EventId::new(id),
                at: recommendation.made_at,
                kind,
                subject: subject.clone().into(),
                circumstances: recommendation.circumstances,
                propensity: recommendation.propensity,
            };
            self.guidance.fold(knowledge().global, &shown);
        }
        self.open.push(Open {
            id,
            kind,
            subject,
            lifts: recommendation.lifts.iter().map(|lift| (lift.exercise.clone(), lift.load_kg)).collect(),
            evidence: recommendation.evidence.iter().map(|event| event.uuid()).collect(),
            is_accepted: false,
        });
    }

    fn drop_open(&mut self, id: Uuid) {
        self.open.retain(|open| open.id != id);
        self.guidance.fold(knowledge().global, &ProposalEvent::Gone { id: EventId::new(id) });
    }
}

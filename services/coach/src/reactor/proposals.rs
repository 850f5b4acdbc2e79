//! What is emitted: recommendations after a workout, and withdrawals when what they rested on has changed.

use std::borrow::Cow;

use jiff::{SignedDuration, Timestamp, civil::DateTime};
use plyo_events::{
    Event, EventId, Message, Output, RecommendationId, WorkoutId,
    coach::{RecommendationFollowed, RecommendationReady, WithdrawalReason},
    profile::About,
};
use uuid::Uuid;

use super::{State, withdrawn};
use crate::{
    catalogue::knowledge,
    domain::{
        event::ProposalEvent,
        profile::Profile,
        recommend::{self, Situation},
        state::{Guidance, Training},
    },
    notes::Note,
    store::{CounselRow, Open},
    wire,
};

/// A person at the end of their latest workout.
pub(crate) struct Person<'a> {
    training: Cow<'a, Training>,
    profile: Profile,
    latest: &'a Note,
    /// The clock of the training log: workouts may be told of long after.
    now: DateTime,
    cause: Uuid,
}

impl<'a> Person<'a> {
    /// `cause` is the event by which something is said.
    pub(crate) fn new(
        training: Cow<'a, Training>,
        counsel: &CounselRow,
        about: Option<&About>,
        latest: &'a Note,
        cause: Uuid,
    ) -> Self {
        let profile = wire::profile(&counsel.goals, about, latest.is_pounds(), &training);
        Self { training, profile, latest, now: latest.end(), cause }
    }

    fn situation<'b>(&'b self, guidance: &'b Guidance) -> Situation<'b> {
        let Self { training, profile, now, .. } = self;
        let seed = self.cause.as_u64_pair().0;
        Situation::new(knowledge(), profile, training, guidance, *now, seed)
    }

    /// Which recommendations the latest workout has followed. They are open no longer.
    pub(crate) fn follows(&self, counsel: &mut CounselRow) -> Vec<Uuid> {
        let workout = self.latest.workout();
        let situation = self.situation(&counsel.guidance);
        let is_followed = |open: &Open| {
            let lifts = open.lifts.iter().map(|(slug, load)| (slug, *load));
            recommend::is_followed(&situation, lifts, &workout)
        };
        let followed: Vec<Uuid> = counsel.open.iter().filter(|open| is_followed(open)).map(|open| open.id).collect();
        for id in &followed {
            counsel.open.retain(|open| open.id != *id);
            let heard = ProposalEvent::Followed { id: EventId::new(*id), at: self.now };
            counsel.guidance.fold(knowledge().global, &heard);
        }
        followed
    }

    /// Everything that is recommended now.
    pub(crate) fn is_told(&self, counsel: &CounselRow) -> Option<RecommendationReady> {
        let situation = self.situation(&counsel.guidance);
        let shown = recommend::after_workout(&situation);
        let name = |place: usize| RecommendationId::derive(self.cause, &format!("recommendation/{place}"));
        let mut all = shown.iter().enumerate().map(|(place, one)| wire::told(&situation, one, name(place)));
        let recommendation = all.next()?;
        let others: Vec<_> = all.collect();
        let about: Vec<_> = [&recommendation].into_iter().chain(&others).map(wire::about).collect();
        let is_replaced =
            |open: &&Open| about.iter().any(|(kind, subject)| *kind == open.kind && *subject == open.subject);
        let replaces = counsel.open.iter().filter(is_replaced).map(|open| RecommendationId::new(open.id)).collect();
        Some(RecommendationReady { recommendation: Box::new(recommendation), others, replaces })
    }
}

/// A workout that began longer ago than this when it was logged is no occasion to speak: nobody waits for it, and a log of
/// years that is imported would be as many recommendations.
const FRESH: SignedDuration = SignedDuration::from_hours(7 * 24);

/// What was followed is said, and what is recommended now.
pub(super) fn after_workout(state: &State, event: &Message<Event>, started_at: Timestamp) -> Output {
    let user = event.user();
    let Some(latest) = state.latest(user) else { return Output::nothing() };
    let mut counsel = state.counsel(user);
    let person = Person::new(state.training(user), &counsel, state.about(user), latest, event.id);
    let workout_id = WorkoutId::new(latest.workout);
    let followed = person
        .follows(&mut counsel)
        .into_iter()
        .map(|id| Event::from(RecommendationFollowed { recommendation_id: RecommendationId::new(id), workout_id }));
    let output = Output::nothing().events(followed);
    if event.time.duration_since(started_at) > FRESH {
        return output;
    }
    output.events(person.is_told(&counsel).map(Event::from))
}

/// What rested on a workout that changed is withdrawn, and what holds now is recommended in its place.
pub(super) fn after_change(
    state: &State,
    event: &Message<Event>,
    workout_id: WorkoutId,
    reason: WithdrawalReason,
) -> Output {
    let user = event.user();
    let told = state.places.get(&(user, workout_id)).and_then(|place| place.earlier);
    let mut counsel = state.counsel(user);
    let rests = |open: &Open| told.is_some_and(|told| open.evidence.contains(&told.uuid()));
    let fallen: Vec<Open> = counsel.open.extract_if(.., |open| rests(open)).collect();
    if fallen.is_empty() {
        return Output::nothing();
    }
    let mut output = Output::nothing();
    for Open { id, .. } in fallen {
        counsel.guidance.fold(knowledge().global, &ProposalEvent::Gone { id: EventId::new(id) });
        output = output.event(withdrawn(RecommendationId::new(id), reason, workout_id));
    }
    let Some(latest) = state.latest(user) else { return output };
    let person = Person::new(state.training(user), &counsel, state.about(user), latest, event.id);
    output.events(person.is_told(&counsel).map(Event::from))
}

//! The write side of the coach: workouts are learnt from, proposals are made, and what becomes of them is learnt from, too.

use plyo_events::{
    Command, Event, EventId, EventKind, Message, Output, RecommendationId, Rejection, UserId,
    coach::{
        AcceptRecommendation, DismissRecommendation, Dismissal, GoalsSet, INVALID_DAYS, RecommendationAccepted,
        RecommendationDismissed, RecommendationSaved, RecommendationSnoozed, RecommendationStatus,
        RecommendationWithdrawn, Snooze, SnoozeRecommendation, WithdrawalReason,
    },
    profile::{About, ProfileChanged},
    rejection::UNKNOWN_COMMAND,
    user::UserRegistered,
    workout::{UNKNOWN_EXERCISE, WorkoutCompleted, WorkoutCorrected, WorkoutDeleted},
};
use plyo_nats::{Incoming, Reactor, Rows, Table, Tables};

use crate::{
    catalogue::knowledge,
    domain::exercise::Loading,
    notes::{Note, place_of},
    store::{CounselRow, FateRow, LearnerRow, NoteRow, PersonRow, PlaceRow, ReaderRow, RecommendationRow, SnapshotRow},
};

mod counsel;
mod learner;
mod minds;
mod proposals;
#[cfg(test)]
mod tests;

pub(crate) use proposals::Person;

#[derive(Clone, Debug)]
pub(crate) struct Coach;

#[derive(Default)]
pub(crate) struct State {
    readers: Rows<ReaderRow>,
    people: Rows<PersonRow>,
    learners: Rows<LearnerRow>,
    notes: Rows<NoteRow>,
    places: Rows<PlaceRow>,
    snapshots: Rows<SnapshotRow>,
    counsels: Rows<CounselRow>,
    recommendations: Rows<RecommendationRow>,
    fates: Rows<FateRow>,
    /// No table: what follows from some of them, so that it need not be folded again.
    minds: minds::Minds,
}

impl Tables for State {
    fn tables(&mut self) -> Vec<&mut dyn Table> {
        let Self { readers, people, learners, notes, places, snapshots, counsels, recommendations, fates, minds: _ } =
            self;
        vec![readers, people, learners, notes, places, snapshots, counsels, recommendations, fates]
    }
}

impl Reactor for Coach {
    const NAME: &'static str = "coach";
    const READS: &'static [EventKind] = &[
        EventKind::UserRegistered,
        EventKind::ProfileChanged,
        EventKind::WorkoutCompleted,
        EventKind::WorkoutCorrected,
        EventKind::WorkoutDeleted,
    ];
    type State = State;

    fn needs(&self, message: Incoming<'_>, state: &mut State) {
        state.minds.turn();
        match message {
            Incoming::Command(command) => {
                let user = command.user();
                if let Some(id) = answered(&command.body) {
                    state.recommendations.want((user, id));
                    state.fates.want((user, id));
                }
                state.counsels.want((user,));
            }
            Incoming::Event(event) => {
                let user = event.user();
                state.minds.concern(user, event.id);
                match &event.body {
                    Event::UserRegistered(_) | Event::ProfileChanged(_) => {}
                    Event::WorkoutCompleted(WorkoutCompleted { workout_id, workout, .. }) => {
                        state.want_learner(user, None, Some(place_of(*workout_id, workout)));
                        state.counsels.want((user,));
                        state.people.want((user,));
                    }
                    Event::WorkoutCorrected(WorkoutCorrected { workout_id, workout, .. }) => {
                        state.want_learner(user, Some(*workout_id), Some(place_of(*workout_id, workout)));
                        state.counsels.want((user,));
                        state.people.want((user,));
                    }
                    Event::WorkoutDeleted(WorkoutDeleted { workout_id, .. }) => {
                        state.want_learner(user, Some(*workout_id), None);
                        state.counsels.want((user,));
                        state.people.want((user,));
                    }
                    // Own events, in a replay.
                    _ => state.counsels.want((user,)),
                }
            }
        }
    }

    fn decide(&self, state: &State, command: &Message<Command>) -> Result<Output, Rejection> {
        let user = command.user();
        match &command.body {
            Command::AcceptRecommendation(AcceptRecommendation { recommendation_id: id }) => {
                if state.is_open(user, *id)? {
                    return Ok(saved(*id, RecommendationStatus::Accepted));
                }
                let accepted = RecommendationAccepted { recommendation_id: *id };
                Ok(saved(*id, RecommendationStatus::Accepted).event(accepted))
            }
            Command::DismissRecommendation(DismissRecommendation { recommendation_id: id, reason, exercise }) => {
                state.is_open(user, *id)?;
                if exercise.as_ref().is_some_and(|slug| knowledge().exercises.get(slug).is_none()) {
                    return Err(UNKNOWN_EXERCISE.into());
                }
                let dismissal = Dismissal { reason: *reason, exercise: exercise.clone() };
                let dismissed = RecommendationDismissed { recommendation_id: *id, dismissal };
                Ok(saved(*id, RecommendationStatus::Dismissed).event(dismissed))
            }
            Command::SnoozeRecommendation(SnoozeRecommendation { recommendation_id: id, days }) => {
                if !(1..=Snooze::MAX_DAYS).contains(days) {
                    return Err(INVALID_DAYS.into());
                }
                state.is_open(user, *id)?;
                let snoozed = RecommendationSnoozed { recommendation_id: *id, snooze: Snooze { days: *days } };
                Ok(saved(*id, RecommendationStatus::Snoozed).event(snoozed))
            }
            Command::SetGoals(set) => {
                set.goals.checked(|slug| {
                    let exercise = knowledge().exercises.get(slug)?;
                    Some(matches!(exercise.loading, Loading::External | Loading::Added))
                })?;
                let output = Output::nothing().reply(&set.goals);
                let is_same = state.counsel(user).goals == set.goals;
                Ok(if is_same { output } else { output.event(GoalsSet { goals: set.goals.clone() }) })
            }
            _ => Err(UNKNOWN_COMMAND.into()),
        }
    }

    /// A workout that is the latest, and recent, is an occasion to speak. One that changes takes back what rested on it, and what holds now
    /// is told in its place.
    fn react(&self, state: &State, event: &Message<Event>) -> Output {
        let user = event.user();
        match &event.body {
            Event::WorkoutCompleted(WorkoutCompleted { workout_id, workout, .. })
                if state.is_latest(user, *workout_id) =>
            {
                proposals::after_workout(state, event, workout.started_at.at())
            }
            Event::WorkoutCorrected(WorkoutCorrected { workout_id, .. }) => {
                proposals::after_change(state, event, *workout_id, WithdrawalReason::WorkoutCorrected)
            }
            Event::WorkoutDeleted(WorkoutDeleted { workout_id, .. }) => {
                proposals::after_change(state, event, *workout_id, WithdrawalReason::WorkoutDeleted)
            }
            _ => Output::nothing(),
        }
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        let user = event.user();
        match &event.body {
            Event::UserRegistered(UserRegistered { locale, time_zone }) => {
                let (locale, time_zone) = (locale.clone(), time_zone.clone());
                state.readers.put(ReaderRow { user_id: user, locale, time_zone });
            }
            Event::ProfileChanged(ProfileChanged { about, .. }) => {
                let (locale, time_zone) = (about.locale.clone(), about.time_zone.clone());
                state.readers.put(ReaderRow { user_id: user, locale, time_zone });
                state.people.put(PersonRow { user_id: user, about: (**about).clone() });
            }
            Event::WorkoutCompleted(WorkoutCompleted { workout_id, workout, .. }) => {
                state.learn(user, Note::new(*workout_id, event.id, workout), None);
            }
            Event::WorkoutCorrected(WorkoutCorrected { workout_id, workout, .. }) => {
                let earlier = state.forget(user, *workout_id, event);
                state.learn(user, Note::new(*workout_id, event.id, workout), earlier);
            }
            Event::WorkoutDeleted(WorkoutDeleted { workout_id, .. }) => {
                state.forget(user, *workout_id, event);
            }
            _ if event.body.kind().service() == Self::NAME => state.take_counsel(event),
            _ => {}
        }
    }
}

/// The recommendation that a command answers.
const fn answered(command: &Command) -> Option<RecommendationId> {
    match command {
        Command::AcceptRecommendation(accept) => Some(accept.recommendation_id),
        Command::DismissRecommendation(dismiss) => Some(dismiss.recommendation_id),
        Command::SnoozeRecommendation(snooze) => Some(snooze.recommendation_id),
        _ => None,
    }
}

fn saved(recommendation_id: RecommendationId, status: RecommendationStatus) -> Output {
    Output::nothing().reply(RecommendationSaved { recommendation_id, status })
}

/// What an event rests on, as the tables keep it.
fn event_id(event: &Message<Event>) -> EventId {
    EventId::new(event.id)
}

fn withdrawn(
    recommendation_id: RecommendationId,
    reason: WithdrawalReason,
    workout_id: plyo_events::WorkoutId,
) -> Event {
    RecommendationWithdrawn { recommendation_id, reason, workout_id }.into()
}

impl State {
    /// What a person said about themselves, if anything.
    fn about(&self, user: UserId) -> Option<&About> {
        self.people.get(&(user,)).map(|person| &person.about)
    }

    fn counsel(&self, user: UserId) -> CounselRow {
        self.counsels.get(&(user,)).cloned().unwrap_or_else(|| CounselRow::none(user))
    }
}

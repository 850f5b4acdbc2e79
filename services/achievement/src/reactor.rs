//! The write side of achievements.

use plyo_events::{
    Command, Event, EventKind, Message, Output, Rejection,
    rejection::UNKNOWN_COMMAND,
    workout::{CustomExerciseMerged, WorkoutCompleted, WorkoutCorrected, WorkoutDeleted},
};
use plyo_nats::{Incoming, Reactor};

use crate::domain::state::State;

#[derive(Clone, Debug)]
pub(crate) struct Achievements;

impl Reactor for Achievements {
    const NAME: &'static str = "achievement";
    const READS: &'static [EventKind] = &[
        EventKind::WorkoutCompleted,
        EventKind::WorkoutCorrected,
        EventKind::WorkoutDeleted,
        EventKind::CustomExerciseMerged,
    ];
    type State = State;

    fn needs(&self, message: Incoming<'_>, state: &mut State) {
        let Incoming::Event(event) = message else { return };
        let user = event.user();
        match &event.body {
            Event::WorkoutCompleted(WorkoutCompleted { summary, records, .. }) => {
                state.want(user, [summary], records);
            }
            Event::WorkoutCorrected(WorkoutCorrected { before, summary, records, .. }) => {
                state.want(user, [before, summary], records);
            }
            Event::WorkoutDeleted(WorkoutDeleted { before, records, .. }) => state.want(user, [before], records),
            Event::CustomExerciseMerged(CustomExerciseMerged { records, .. }) => state.want(user, [], records),
            // Own events, in a replay.
            _ => return state.unlocked.want((user,)),
        }
        state.progress.want((user,));
        state.unlocked.want((user,));
    }

    fn decide(&self, _: &State, _: &Message<Command>) -> Result<Output, Rejection> {
        Err(UNKNOWN_COMMAND.into())
    }

    fn react(&self, state: &State, event: &Message<Event>) -> Output {
        state.tell(event)
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        state.evolve(event);
    }
}

#[cfg(test)]
mod tests;

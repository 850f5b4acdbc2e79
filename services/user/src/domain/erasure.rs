//! The end of an account.

use jiff::{SignedDuration, Timestamp};
use plyo_events::{
    Command, Event, EventKind, Message, Output, Rejection, UserId,
    clock::ErasureDue,
    erasure::{
        ErasureCancelled, ErasureCompleted, ErasurePrepared, ErasureRequested, ErasureSaved, ErasureStage, NO_ERASURE,
        RequestErasure, UserErased,
    },
    user::USER_NOT_FOUND,
};
use plyo_nats::row;
use uuid::Uuid;

use super::State;

/// How long an erasure can be cancelled.
const GRACE: SignedDuration = SignedDuration::from_hours(7 * 24);

row! {
    /// How far an erasure is, when it is due or became final, and how many events are to be removed from the history, once
    /// that is known. It outlives whom it is about.
    pub(crate) struct ErasureRow: "erasure" {
        [user_id: UserId]
        stage: ErasureStage as text,
        erased_at: Timestamp,
        completed_at: Option<Timestamp>,
        events: Option<u64>,
    }
}

/// Asked again, it is due when it was; asked for at once, it is.
pub(crate) fn request(
    state: &State,
    command: &Message<Command>,
    request: &RequestErasure,
) -> Result<Output, Rejection> {
    let user_id = command.user();
    if state.profiles.get(&(user_id,)).is_none() {
        return Err(USER_NOT_FOUND.into());
    }
    let due = requested(state, user_id);
    if request.at_once {
        let output = match due {
            Some(_) => Output::nothing().timer(cancel(user_id)),
            None => Output::nothing(),
        };
        return Ok(output.event(UserErased {}).reply(ErasureSaved {
            user_id,
            stage: ErasureStage::Erased,
            due_at: None,
        }));
    }
    let saved = |due_at| ErasureSaved { user_id, stage: ErasureStage::Requested, due_at: Some(due_at) };
    if let Some(due_at) = due {
        return Ok(Output::nothing().reply(saved(due_at)));
    }
    let due_at = command.stored_time().checked_add(GRACE).unwrap_or(Timestamp::MAX);
    let timer = plyo_events::Timer::Set { key: key(user_id), at: due_at, due: ErasureDue { due_at }.into() };
    Ok(Output::nothing().event(ErasureRequested { due_at }).timer(timer).reply(saved(due_at)))
}

pub(crate) fn keep(state: &State, user_id: UserId) -> Result<Output, Rejection> {
    if requested(state, user_id).is_none() {
        return Err(NO_ERASURE.into());
    }
    let saved = ErasureSaved { user_id, stage: ErasureStage::Cancelled, due_at: None };
    Ok(Output::nothing().event(ErasureCancelled {}).timer(cancel(user_id)).reply(saved))
}

/// An erasure that was cancelled, or asked for again since, is due at another time.
pub(crate) fn fall_due(state: &State, user_id: UserId, due: &ErasureDue) -> Output {
    if requested(state, user_id) == Some(due.due_at) {
        Output::nothing().event(UserErased {})
    } else {
        Output::nothing()
    }
}

pub(crate) fn prepared(state: &State, user_id: UserId, events: u64) -> Output {
    let is_open = state.erasures.get(&(user_id,)).is_some_and(|row| row.is_final() && row.events.is_none());
    if is_open { Output::nothing().event(ErasurePrepared { events }) } else { Output::nothing() }
}

pub(crate) fn completed(state: &State, user_id: UserId) -> Output {
    let is_open = state.erasures.get(&(user_id,)).is_some_and(|row| row.is_final() && row.events.is_some());
    if is_open { Output::nothing().event(ErasureCompleted {}) } else { Output::nothing() }
}

impl State {
    pub(super) fn evolve_erasure(&mut self, event: &Message<Event>) {
        let (user_id, now) = (event.user(), event.stored_time());
        let first =
            ErasureRow { user_id, stage: ErasureStage::Erased, erased_at: now, completed_at: None, events: None };
        let row = match &event.body {
            Event::ErasureRequested(requested) => {
                ErasureRow { stage: ErasureStage::Requested, erased_at: requested.due_at, ..first }
            }
            Event::ErasureCancelled(_) => ErasureRow { stage: ErasureStage::Cancelled, ..first },
            Event::UserErased(_) => first,
            Event::ErasurePrepared(prepared) => {
                ErasureRow { events: Some(prepared.events), ..self.erasures.get(&(user_id,)).cloned().unwrap_or(first) }
            }
            Event::ErasureCompleted(_) => {
                let before = self.erasures.get(&(user_id,)).cloned().unwrap_or(first);
                ErasureRow { stage: ErasureStage::Completed, completed_at: Some(now), ..before }
            }
            _ => return,
        };
        self.erasures.put(row);
    }
}

impl ErasureRow {
    fn is_final(&self) -> bool {
        self.stage == ErasureStage::Erased
    }
}

/// When the erasure is due that a person wants.
fn requested(state: &State, user_id: UserId) -> Option<Timestamp> {
    let row = state.erasures.get(&(user_id,))?;
    (row.stage == ErasureStage::Requested).then_some(row.erased_at)
}

fn key(user: UserId) -> Uuid {
    plyo_events::Id::<()>::derive(user.uuid(), "erasure").uuid()
}

fn cancel(user: UserId) -> plyo_events::Timer {
    plyo_events::Timer::Cancel { key: key(user), kind: EventKind::ErasureDue }
}

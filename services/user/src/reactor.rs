//! The write side of accounts: who is registered, and which sessions have ended.

use plyo_events::{
    Command, Emit, Event, EventKind, Message, Reject, UserId,
    user::{RegisterUser, Registered, RevokeSession, SessionRevoked, UserRegistered},
};
use plyo_nats::{Incoming, Reactor, Rows, Table, Tables};

use crate::store::{Profile, RevokedSession};

#[derive(Clone, Debug)]
pub(crate) struct Accounts;

#[derive(Default)]
pub(crate) struct State {
    profiles: Rows<Profile>,
    revoked: Rows<RevokedSession>,
}

impl Tables for State {
    fn tables(&mut self) -> Vec<&mut dyn Table> {
        let Self { profiles, revoked } = self;
        vec![profiles, revoked]
    }
}

impl Reactor for Accounts {
    const NAME: &'static str = "user";
    const READS: &'static [EventKind] = &[];
    type State = State;

    fn needs(&self, message: Incoming<'_>, state: &mut State) {
        match message {
            Incoming::Command(command) => match &command.body {
                Command::RegisterUser(_) => state.profiles.want((command.user(),)),
                Command::RevokeSession(revoke) => state.revoked.want((command.user(), revoke.session_id)),
                _ => {}
            },
            // A replay only puts rows.
            Incoming::Event(_) => {}
        }
    }

    fn decide(&self, state: &State, command: &Message<Command>) -> Result<Emit, Reject> {
        match &command.body {
            Command::RegisterUser(register) => register_user(state, command.user(), register),
            Command::RevokeSession(revoke) => Ok(revoke_session(state, command.user(), revoke)),
            _ => Err(Reject::invalid("unknown_command", "this command is for another service")),
        }
    }

    fn react(&self, _: &State, _: &Message<Event>) -> Emit {
        Emit::nothing()
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        match &event.body {
            Event::UserRegistered(registered) => state.profiles.put(Profile {
                user_id: event.user(),
                locale: registered.locale.clone(),
                time_zone: registered.time_zone.clone(),
                registered_at: event.stored_time(),
            }),
            Event::SessionRevoked(revoked) => state.revoked.put(RevokedSession {
                user_id: event.user(),
                session_id: revoked.session_id,
                reason: revoked.reason,
                revoked_at: event.stored_time(),
            }),
            _ => {}
        }
    }
}

fn register_user(state: &State, user: UserId, register: &RegisterUser) -> Result<Emit, Reject> {
    if state.profiles.get(&(user,)).is_some() {
        return Err(Reject::conflict("already_registered", "this account is registered; log in"));
    }
    let RegisterUser { locale, time_zone } = register.clone();
    Ok(Emit::nothing().event(UserRegistered { locale, time_zone }).reply(Registered { user_id: user }))
}

fn revoke_session(state: &State, user: UserId, revoke: &RevokeSession) -> Emit {
    if state.revoked.get(&(user, revoke.session_id)).is_some() {
        return Emit::nothing();
    }
    Emit::nothing().event(SessionRevoked { session_id: revoke.session_id, reason: revoke.reason })
}

#[cfg(test)]
mod tests;

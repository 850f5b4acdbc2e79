//! The write side of accounts: who is registered, and which sessions have ended.

use anyhow::Result;
use plyo_events::{
    Command, Emit, Event, EventKind, Message, Reject, SessionId, UserId,
    user::{RegisterUser, Registered, RevokeSession, SessionRevoked, UserRegistered},
};
use plyo_nats::{Batch, Load, Reactor, Rows, Save};
use sqlx::PgConnection;

use crate::store::{self, Profile, RevokedSession};

pub(crate) struct Accounts;

#[derive(Default)]
pub(crate) struct State {
    profiles: Rows<Profile>,
    revoked: Rows<RevokedSession>,
}

impl Reactor for Accounts {
    const NAME: &'static str = "user";
    const READS: &'static [EventKind] = &[];
    const TABLES: &'static [&'static str] = store::TABLES;
    type State = State;

    async fn load(&self, db: &mut PgConnection, batch: &Batch) -> Result<State> {
        let mut load = Load::default();
        let profiles = load.rows(registering(batch))?;
        let revoked = load.rows(revoking(batch))?;
        let mut loaded = load.run(db).await?;
        Ok(State { profiles: loaded.rows(profiles)?, revoked: loaded.rows(revoked)? })
    }

    fn decide(&self, state: &State, command: &Message<Command>) -> Result<Emit, Reject> {
        match &command.body {
            Command::RegisterUser(register) => register_user(state, command.user, register),
            Command::RevokeSession(revoke) => Ok(revoke_session(state, command.user, revoke)),
            _ => Err(Reject::invalid("unknown_command", "this command is for another service")),
        }
    }

    fn react(&self, _: &State, _: &Message<Event>) -> Emit {
        Emit::nothing()
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        match &event.body {
            Event::UserRegistered(registered) => state.profiles.put(Profile {
                user_id: event.user,
                locale: registered.locale.clone(),
                time_zone: registered.time_zone.clone(),
                registered_at: event.time,
            }),
            Event::SessionRevoked(revoked) => state.revoked.put(RevokedSession {
                user_id: event.user,
                session_id: revoked.session_id,
                reason: revoked.reason,
                revoked_at: event.time,
            }),
            _ => {}
        }
    }

    async fn save(&self, db: &mut PgConnection, state: State) -> Result<()> {
        let mut save = Save::default();
        save.rows(state.profiles)?;
        save.rows(state.revoked)?;
        save.run(db).await
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

/// Whose profiles a batch needs.
fn registering(batch: &Batch) -> Vec<(UserId,)> {
    let commands = batch.commands().filter(|command| matches!(command.body, Command::RegisterUser(_)));
    let events = batch.events().filter(|event| matches!(event.body, Event::UserRegistered(_)));
    commands.map(|command| (command.user,)).chain(events.map(|event| (event.user,))).collect()
}

/// Which sessions a batch needs.
fn revoking(batch: &Batch) -> Vec<(UserId, SessionId)> {
    let commands = batch.commands().filter_map(|command| match &command.body {
        Command::RevokeSession(revoke) => Some((command.user, revoke.session_id)),
        _ => None,
    });
    let events = batch.events().filter_map(|event| match &event.body {
        Event::SessionRevoked(revoked) => Some((event.user, revoked.session_id)),
        _ => None,
    });
    commands.chain(events).collect()
}

#[cfg(test)]
mod tests;

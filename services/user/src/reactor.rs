//! The write side of accounts.

use anyhow::Result;
use jiff::Timestamp;
use plyo_events::{
    Command, Emit, Event, EventKind, Message, Reject,
    user::{Registered, SessionRevoked, UserRegistered},
};
use plyo_nats::{Batch, Reactor, Rows};
use sqlx::PgConnection;

use crate::store::{self, ProfileRow};

pub(crate) struct Accounts;

impl Reactor for Accounts {
    const NAME: &'static str = "user";
    const READS: &'static [EventKind] = &[];
    const TABLES: &'static [&'static str] = store::TABLES;
    type State = Rows<ProfileRow>;

    async fn load(&self, db: &mut PgConnection, batch: &Batch) -> Result<Self::State> {
        Rows::load(db, batch.users().into_iter().map(|user| (user,))).await
    }

    fn decide(&self, state: &Self::State, command: &Message<Command>) -> Result<Emit, Reject> {
        match &command.body {
            Command::RegisterUser(_) if state.get(&(command.user,)).is_some() => {
                Err(Reject::conflict("already_registered", "this account exists; log in"))
            }
            Command::RegisterUser(register) => Ok(Emit::nothing()
                .event(UserRegistered { locale: register.locale.clone(), time_zone: register.time_zone.clone() })
                .reply(Registered { user_id: command.user })),
            Command::RevokeSession(revoke) => {
                Ok(Emit::nothing().event(SessionRevoked { session_id: revoke.session_id, reason: revoke.reason }))
            }
            _ => Err(Reject::invalid("unknown_command", "the user service has no such command")),
        }
    }

    fn react(&self, _: &Self::State, _: &Message<Event>) -> Emit {
        Emit::nothing()
    }

    fn evolve(&self, state: &mut Self::State, event: &Message<Event>) {
        if let Event::UserRegistered(registered) = &event.body {
            state.put(ProfileRow {
                user_id: event.user,
                locale: registered.locale.clone(),
                time_zone: registered.time_zone.clone(),
                registered_at: Timestamp::from_microsecond(event.time.as_microsecond()).unwrap_or(event.time),
            });
        }
    }

    async fn save(&self, db: &mut PgConnection, state: Self::State) -> Result<()> {
        state.save(db).await
    }
}

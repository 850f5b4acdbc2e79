//! Stories and properties of the write side, as pure folds: no database, no broker.

use std::collections::HashMap;

use jiff::Timestamp;
use plyo_events::{
    EventId,
    user::{Locale, RevocationReason, TimeZoneName},
};
use plyo_nats::{Incoming, Row};
use proptest::{collection::vec, prelude::*};
use uuid::Uuid;

use super::*;

/// The tables, and the loop around the reactor: each batch sees the rows that it asked for, and no others.
#[derive(Debug, Default, PartialEq)]
struct Tables {
    profiles: HashMap<(UserId,), Profile>,
    revoked: HashMap<(UserId, SessionId), RevokedSession>,
}

/// What one message came to: the outcome and the events.
type Handled = (Result<Emit, Reject>, Vec<Message<Event>>);

impl Tables {
    fn handle(&mut self, messages: &[Incoming]) -> Vec<Handled> {
        let batch = Batch { messages: messages.to_vec() };
        let mut state = State::default();
        load(&mut state.profiles, &self.profiles, registering(&batch));
        load(&mut state.revoked, &self.revoked, revoking(&batch));
        let handled = messages.iter().map(|message| handle(&mut state, message)).collect();
        self.profiles.extend(state.profiles.iter().map(|row| (row.key(), row.clone())));
        self.revoked.extend(state.revoked.iter().map(|row| (row.key(), row.clone())));
        handled
    }
}

fn load<R: Row>(rows: &mut Rows<R>, table: &HashMap<R::Key, R>, keys: Vec<R::Key>) {
    keys.iter().filter_map(|key| table.get(key)).for_each(|row| rows.put(row.clone()));
}

fn handle(state: &mut State, message: &Incoming) -> Handled {
    let command = match message {
        Incoming::Command(command) => command,
        Incoming::Event(event) => {
            Accounts.evolve(state, event);
            return (Ok(Accounts.react(state, event)), Vec::new());
        }
    };
    let outcome = Accounts.decide(state, command);
    let emitted = outcome.iter().flat_map(|emit| &emit.events).enumerate();
    let events = emitted.map(|(ordinal, event)| Message {
        id: EventId::derive(command.id, &format!("user/{ordinal}")).uuid(),
        ..command.with(event.clone())
    });
    let events: Vec<_> = events.collect();
    events.iter().for_each(|event| Accounts.evolve(state, event));
    (outcome, events)
}

fn person(number: u8) -> UserId {
    UserId::derive(Uuid::nil(), &format!("person {number}"))
}

fn session(number: u8) -> SessionId {
    SessionId::derive(Uuid::nil(), &format!("session {number}"))
}

fn command(number: u32, user: UserId, body: impl Into<Command>) -> Message<Command> {
    let id = Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes());
    Message::first(id, user, Timestamp::from_second(i64::from(number)).unwrap(), body.into())
}

fn register(time_zone: &str) -> RegisterUser {
    RegisterUser { locale: Locale::default(), time_zone: TimeZoneName::try_from(time_zone.to_owned()).unwrap() }
}

fn revoke(number: u8) -> RevokeSession {
    RevokeSession { session_id: session(number), reason: RevocationReason::LogOut }
}

/// Everything that can come, about few people and sessions so that they meet.
fn commands() -> impl Strategy<Value = Vec<Message<Command>>> {
    let zone = prop_oneof![Just("UTC"), Just("Europe/Berlin")];
    let reason = prop_oneof![Just(RevocationReason::LogOut), Just(RevocationReason::TokenReuse)];
    let body = prop_oneof![
        zone.prop_map(|zone| Command::from(register(zone))),
        (0..3_u8, reason).prop_map(|(number, reason)| RevokeSession { session_id: session(number), reason }.into()),
    ];
    vec((0..3_u8, body), 0..40).prop_map(|all| {
        let numbered = all.into_iter().zip(0..);
        numbered.map(|((user, body), number)| command(number, person(user), body)).collect()
    })
}

#[test]
fn a_person_is_registered_once() {
    let mut tables = Tables::default();
    let first = tables.handle(&[Incoming::Command(command(1, person(1), register("Europe/Berlin")))]);
    let (Ok(emit), events) = &first[0] else { panic!("{first:?}") };
    assert_eq!(emit.reply, Some(serde_json::json!({ "user_id": person(1) })));
    assert_eq!(events.len(), 1);
    let second = tables.handle(&[Incoming::Command(command(2, person(1), register("UTC")))]);
    assert_eq!(second[0].0.as_ref().err().unwrap().code, "already_registered");
    assert_eq!(tables.profiles[&(person(1),)].time_zone.as_str(), "Europe/Berlin");
}

#[test]
fn the_end_of_a_session_is_announced_once() {
    let mut tables = Tables::default();
    let both = [command(1, person(1), revoke(1)), command(2, person(1), revoke(1))].map(Incoming::Command);
    let emitted: usize = tables.handle(&both).iter().map(|(_, events)| events.len()).sum();
    assert_eq!(emitted, 1);
    let (outcome, events) = tables.handle(&[Incoming::Command(command(3, person(1), revoke(1)))]).remove(0);
    assert_eq!((outcome, events.len()), (Ok(Emit::nothing()), 0));
}

proptest! {
    #[test]
    fn replay_equals_live_however_both_are_split(commands in commands(), live in 1..9_usize, again in 1..9_usize) {
        let commands: Vec<_> = commands.into_iter().map(Incoming::Command).collect();
        let mut tables = Tables::default();
        let batches = commands.chunks(live);
        let handled: Vec<_> = batches.flat_map(|batch| tables.handle(batch)).collect();
        let events: Vec<_> = handled.into_iter().flat_map(|(_, events)| events).map(Incoming::Event).collect();

        let mut replayed = Tables::default();
        events.chunks(again).for_each(|batch| drop(replayed.handle(batch)));
        prop_assert_eq!(&replayed, &tables);

        let mut one_by_one = Tables::default();
        commands.chunks(1).for_each(|batch| drop(one_by_one.handle(batch)));
        prop_assert_eq!(&one_by_one, &tables);
    }

    #[test]
    fn a_command_twice_changes_nothing(commands in commands(), split in 1..9_usize) {
        let twice: Vec<_> = commands.iter().flat_map(|command| [command.clone(), command.clone()]).collect();
        let (once, twice) = (commands.into_iter(), twice.into_iter());
        let (once, twice) = (once.map(Incoming::Command).collect::<Vec<_>>(), twice.map(Incoming::Command));
        let later = once.iter().cloned();
        let twice: Vec<_> = twice.chain(later).collect();

        let (mut tables, mut same) = (Tables::default(), Tables::default());
        let events = |handled: Vec<Handled>| handled.into_iter().flat_map(|(_, events)| events);
        let first: Vec<_> = once.chunks(split).flat_map(|batch| events(tables.handle(batch))).collect();
        let second: Vec<_> = twice.chunks(split).flat_map(|batch| events(same.handle(batch))).collect();
        prop_assert_eq!(&same, &tables);
        prop_assert_eq!(second, first);
    }
}

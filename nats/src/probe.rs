//! A service for the tests of this crate: it stores measurements, and measures at every third achievement that it reads.

use jiff::Timestamp;
use plyo_events::{
    Command, Event, EventKind, Message, Output, Rejection, UserId,
    achievement::{AchievementUnlocked, Metric},
    probe::{Gathered, Instrument, Measure, Measured, WEIGHTLESS},
    rejection::UNKNOWN_COMMAND,
};
use uuid::Uuid;

use crate::{
    reactor::{Incoming, Reactor},
    row,
    sql::{Rows, Table, Tables},
};

row! {
    pub(crate) struct Scale: "scale" {
        [user_id: UserId]
        measured: u64,
        grams: u64,
    }
}

row! {
    /// Numbers run 1, 2, 3 … per person.
    pub(crate) struct Measurement: "measurement" (forgotten) {
        [user_id: UserId, number: u64]
        grams: u32,
        at: Timestamp,
    }
}

row! {
    pub(crate) struct Heard: "heard" {
        [user_id: UserId, code: String]
        times: u64,
    }
}

#[derive(Default)]
pub(crate) struct State {
    scales: Rows<Scale>,
    measurements: Rows<Measurement>,
    heard: Rows<Heard>,
    /// How often the flaw asked.
    asked: u64,
}

impl Tables for State {
    fn tables(&mut self) -> Vec<&mut dyn Table> {
        let Self { scales, measurements, heard, asked: _ } = self;
        vec![scales, measurements, heard]
    }
}

/// A flaw of the service.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) enum Flaw {
    #[default]
    None,
    /// `needs` does not ask for the last measurement.
    ForgetsANeed,
    /// `needs` asks for the scale only when a gram is weighed.
    ReliesOnMemory,
    /// `needs` asks for one row after another, for ever.
    AsksForEver,
    /// Stored values are more precise than Postgres'.
    KeepsNanoseconds,
    /// A user's command causes an event about a group.
    SpeaksOfAGroup,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Probe {
    pub flaw: Flaw,
}

impl Reactor for Probe {
    const NAME: &'static str = "probe";
    const READS: &'static [EventKind] = &[EventKind::AchievementUnlocked];
    type State = State;

    /// The last measurement follows from the scale.
    fn needs(&self, message: Incoming<'_>, state: &mut State) {
        let user = match message {
            Incoming::Command(command) => command.user(),
            Incoming::Event(event) => event.user(),
        };
        if let Incoming::Event(Message { body: Event::AchievementUnlocked(unlocked), .. }) = message {
            state.heard.want((user, unlocked.code.clone()));
        }
        if let Some(scale) = state.scales.peek(&(user,)).cloned().filter(|_| self.flaw != Flaw::ForgetsANeed) {
            state.measurements.want((user, scale.measured));
        }
        let is_gram = |body: &Command| matches!(body, Command::Measure(Measure { grams: 1 }));
        let is_asked = matches!(message, Incoming::Command(command) if is_gram(&command.body));
        if self.flaw != Flaw::ReliesOnMemory || is_asked {
            state.scales.want((user,));
        }
        if self.flaw == Flaw::AsksForEver {
            state.asked += 1;
            state.measurements.want((user, state.asked));
        }
    }

    /// A weight of zero is rejected, and an unchanged weight is not recorded again.
    fn decide(&self, state: &State, command: &Message<Command>) -> Result<Output, Rejection> {
        let Command::Measure(Measure { grams }) = command.body else {
            return Err(UNKNOWN_COMMAND.into());
        };
        if grams == 0 {
            return Err(WEIGHTLESS.into());
        }
        let output = Output::nothing().reply(grams);
        if self.flaw == Flaw::SpeaksOfAGroup {
            return Ok(output.event(Gathered { members: grams }));
        }
        let is_known = state.last(command.user()).is_some_and(|last| last.grams == grams);
        Ok(if is_known { output } else { output.event(Measured { grams, by: Instrument::Scale }) })
    }

    fn react(&self, state: &State, event: &Message<Event>) -> Output {
        let Event::AchievementUnlocked(unlocked) = &event.body else { return Output::nothing() };
        let heard = state.heard.get(&(event.user(), unlocked.code.clone())).map_or(0, |heard| heard.times);
        if !heard.is_multiple_of(3) {
            return Output::nothing();
        }
        Output::nothing().event(Measured { grams: unlocked.value as u32, by: Instrument::Unknown })
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        let user_id = event.user();
        match &event.body {
            Event::Measured(Measured { grams, .. }) => {
                let before = state.scales.get(&(user_id,)).cloned();
                let before = before.unwrap_or(Scale { user_id, measured: 0, grams: 0 });
                let (number, sum) = (before.measured + 1, before.grams + u64::from(*grams));
                let is_fine = self.flaw == Flaw::KeepsNanoseconds;
                let at = if is_fine {
                    event.time
                } else {
                    Timestamp::from_microsecond(event.time.as_microsecond()).unwrap()
                };
                state.measurements.put(Measurement { user_id, number, grams: *grams, at });
                state.scales.put(Scale { measured: number, grams: sum, ..before });
            }
            Event::AchievementUnlocked(unlocked) => {
                let key = (user_id, unlocked.code.clone());
                let times = state.heard.get(&key).map_or(0, |heard| heard.times) + 1;
                state.heard.put(Heard { user_id, code: key.1, times });
            }
            _ => {}
        }
    }
}

impl State {
    fn last(&self, user: UserId) -> Option<&Measurement> {
        let scale = self.scales.get(&(user,))?;
        self.measurements.get(&(user, scale.measured))
    }
}

pub(crate) fn person(number: u8) -> UserId {
    UserId::derive(Uuid::nil(), &format!("person {number}"))
}

/// The id of the message `number`.
pub(crate) fn id(number: u32) -> Uuid {
    Uuid::new_v5(&Uuid::nil(), &number.to_be_bytes())
}

/// Each a second later, and a nanosecond beyond Postgres' precision.
pub(crate) fn message<T>(number: u32, user: UserId, body: T) -> Message<T> {
    Message::first(id(number), user, Timestamp::new(i64::from(number), 1_001).unwrap(), body)
}

pub(crate) fn measure(number: u32, user: UserId, grams: u32) -> Message<Command> {
    message(number, user, Measure { grams }.into())
}

pub(crate) fn measured(number: u32, user: UserId, grams: u32) -> Message<Event> {
    message(number, user, Measured { grams, by: Instrument::Scale }.into())
}

pub(crate) fn unlocked(number: u32, user: UserId, code: &str) -> Message<Event> {
    let code = code.to_owned();
    message(
        number,
        user,
        AchievementUnlocked { code, metric: Metric::Workouts, threshold: 1, value: number.into(), quiet: false }.into(),
    )
}

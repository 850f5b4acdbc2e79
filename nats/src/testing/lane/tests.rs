//! That the lane finds what it is there to find.

use plyo_events::probe::{Instrument, Measured};

use super::*;
use crate::probe::{Flaw, Heard, Measurement, Probe, Scale, id, measure, measured, person, unlocked};

fn lane(flaw: Flaw) -> Lane<Probe> {
    Lane::new(Probe { flaw })
}

fn sound() -> Lane<Probe> {
    lane(Flaw::None)
}

#[test]
fn history_is_what_a_decision_rests_on_and_is_not_reacted_to() {
    let history = [unlocked(1, person(1), "a"), unlocked(2, person(1), "a"), measured(3, person(1), 7)];
    let mut lane = sound().given(history.clone());
    assert_eq!(lane.history(), history);
    let known = lane.when(measure(4, person(1), 7));
    assert_eq!((known.outcome, known.events), (Ok(7.into()), vec![]));
    assert_eq!(lane.when(measure(5, person(2), 7)).events.len(), 1, "another has not been weighed");
    let third = lane.when(unlocked(6, person(1), "a"));
    assert_eq!(third.bodies(), [Measured { grams: 6, by: Instrument::Unknown }.into()]);
    assert_eq!(lane.row::<Scale>(&(person(1),)), Some(&Scale { user_id: person(1), measured: 2, grams: 13 }));
    assert_eq!((lane.rows::<Heard>().len(), lane.rows::<Measurement>().len()), (1, 3));
}

#[test]
fn an_event_has_the_id_that_its_cause_gives_it() {
    let mut lane = sound();
    let handled = lane.when(measure(1, person(1), 7));
    let event = &handled.events[0];
    assert_eq!((event.id, event.causation), (plyo_events::EventId::derive(id(1), "probe/0").uuid(), id(1)));
    assert_eq!(lane.history(), handled.events);
}

#[test]
fn a_refusal_changes_nothing() {
    let mut lane = sound();
    let refused = lane.when(measure(1, person(1), 0));
    assert_eq!((refused.outcome.unwrap_err().code.as_str(), refused.events.len()), ("weightless", 0));
    assert_eq!((lane.tables(), lane.history().len()), (String::new(), 0));
}

#[test]
#[should_panic(expected = "`needs` did not ask for")]
fn a_need_that_is_forgotten_is_a_panic() {
    let mut lane = lane(Flaw::ForgetsANeed).given([measured(1, person(1), 7)]);
    lane.when(measure(2, person(1), 7));
}

#[test]
#[should_panic(expected = "emits an event that cannot be decoded: `probe.gathered` must be about a group")]
fn an_event_about_something_else_than_the_catalogue_says_is_a_panic() {
    lane(Flaw::SpeaksOfAGroup).when(measure(1, person(1), 7));
}

#[test]
fn a_need_that_only_memory_covered_is_a_panic_when_the_lane_was_lost() {
    let mut lane = lane(Flaw::ReliesOnMemory);
    for (number, grams) in [(1, 1), (2, 2)] {
        assert_eq!(lane.when(measure(number, person(1), grams)).events.len(), 1, "the second is covered");
    }
    lane.restart();
    let lost = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| lane.when(measure(3, person(1), 3))));
    assert!(lost.is_err());
}

#[test]
#[should_panic(expected = "`needs` still asks for rows")]
fn needs_that_never_end_are_a_panic() {
    lane(Flaw::AsksForEver).when(measure(1, person(1), 7));
}

#[test]
#[should_panic(expected = "a row of measurement changed between write and read")]
fn a_row_that_postgres_would_cut_is_a_panic() {
    lane(Flaw::KeepsNanoseconds).when(measure(1, person(1), 7));
}

#[test]
fn rows_are_forgotten_and_read_again() {
    let mut lane = sound();
    for number in 0..200 {
        lane.when(measure(number, person(number as u8), number + 1));
        assert!(tables::bytes(&mut lane.state) <= MEMORY);
    }
    assert_eq!(lane.rows::<Scale>().len(), 200);
    lane.load(&[]);
    tables::forget_wants(&mut lane.state);
    lane.reactor.needs(Input::from(measure(200, person(0), 1)).incoming(), &mut lane.state);
    assert!(lane.state.tables().iter().any(|table| table.wants()), "the first is forgotten");
    assert_eq!(lane.when(measure(200, person(0), 1)).events, [], "and read again");
}

/// Few people, weights and codes, so that they meet.
fn inputs() -> impl Strategy<Value = Vec<Input>> {
    let (user, grams, code) = (0..3_u8, 0..4_u32, prop_oneof![Just("a"), Just("b")]);
    let weighed = (user.clone(), grams).prop_map(|(user, grams)| Ok((user, grams)));
    let one = prop_oneof![weighed, (user, code).prop_map(Err)];
    let numbered = |(number, one): (u32, Result<(u8, u32), (u8, &str)>)| match one {
        Ok((user, grams)) => Input::from(measure(number, person(user), grams)),
        Err((user, code)) => unlocked(number, person(user), code).into(),
    };
    vec(one, 0..60).prop_map(move |all| (0..).zip(all).map(numbered).collect())
}

proptest! {
    #[test]
    fn batches_and_lost_lanes_make_no_difference(inputs in inputs(), delivery: Delivery, again: Delivery) {
        let (mut lane, mut one_by_one) = (sound(), sound());
        prop_assert_eq!(lane.deliver(&inputs, &delivery), one_by_one.deliver(&inputs, &Delivery::in_batches(1)));
        prop_assert_eq!(lane.tables(), one_by_one.tables());
        prop_assert_eq!(lane.replayed(&again).tables(), lane.tables());
    }

    #[test]
    fn every_message_is_delivered_once_and_in_order(count in 0..300_usize, delivery: Delivery) {
        let messages: Vec<_> = (0..count).collect();
        let delivered: Vec<_> = delivery.cut(&messages).flat_map(|(batch, _)| batch).copied().collect();
        prop_assert_eq!(delivered, messages);
    }

    #[test]
    fn a_replay_folds_the_same_events_and_own_ones_as_much_later_as_they_may_come(inputs in inputs(), delivery: Delivery) {
        let mut lane = sound();
        lane.deliver(&inputs, &Delivery::in_batches(7));
        let replayed = lane.replayed(&delivery);
        let of_kind = |lane: &Lane<Probe>, is_own| -> Vec<Message<Event>> {
            let events = lane.history().iter();
            events.filter(|event| (event.body.kind().service() == "probe") == is_own).cloned().collect()
        };
        prop_assert_eq!(of_kind(&replayed, true), of_kind(&lane, true));
        prop_assert_eq!(of_kind(&replayed, false), of_kind(&lane, false));
    }
}

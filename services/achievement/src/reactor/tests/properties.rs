//! Properties that hold for any training log.

use std::collections::BTreeMap;

use proptest::{collection::vec, prelude::*};

use super::*;

/// One step of a training log.
#[derive(Clone, Copy, Debug)]
enum Step {
    Log { day: i32, tonnage_g: u64 },
    Correct { which: usize, day: i32, tonnage_g: u64 },
    Delete { which: usize },
    Record { kind: RecordKind, stands: bool },
}

/// A consistent log of two users: what is corrected or deleted was logged, and has its current content.
fn training_log() -> impl Strategy<Value = Vec<Message<Event>>> {
    let tonnage = 0..3_000_000_u64;
    let kind = prop_oneof![Just(RecordKind::MaxLoad), Just(RecordKind::MaxReps)];
    let step = prop_oneof![
        6 => (0..70_i32, tonnage.clone()).prop_map(|(day, tonnage_g)| Step::Log { day, tonnage_g }),
        // Close days, so that there are streaks of days.
        6 => (0..9_i32, tonnage.clone()).prop_map(|(day, tonnage_g)| Step::Log { day, tonnage_g }),
        2 => (any::<usize>(), 0..9_i32, tonnage)
            .prop_map(|(which, day, tonnage_g)| Step::Correct { which, day, tonnage_g }),
        3 => any::<usize>().prop_map(|which| Step::Delete { which }),
        2 => (kind, any::<bool>()).prop_map(|(kind, stands)| Step::Record { kind, stands }),
    ];
    vec((prop_oneof![4 => Just(1_u8), 1 => Just(2)], step), 0..80).prop_map(|steps| messages(told(steps)))
}

fn told(steps: Vec<(u8, Step)>) -> Vec<(UserId, Event)> {
    let mut workouts = BTreeMap::<u8, Vec<(u32, WorkoutSummary)>>::new();
    let mut events = Vec::new();
    for ((number, step), next) in steps.into_iter().zip(0..) {
        let own = workouts.entry(number).or_default();
        let event = match step {
            Step::Log { day, tonnage_g } => {
                own.push((next, summary(day, tonnage_g)));
                logged(next, summary(day, tonnage_g))
            }
            Step::Record { kind, stands } => record(kind, stands),
            Step::Correct { .. } | Step::Delete { .. } if own.is_empty() => continue,
            Step::Correct { which, day, tonnage_g } => {
                let index = which % own.len();
                let (id, before) = own[index].clone();
                own[index].1 = summary(day, tonnage_g);
                corrected(id, before, summary(day, tonnage_g))
            }
            Step::Delete { which } => {
                let (id, before) = own.swap_remove(which % own.len());
                deleted(id, before)
            }
        };
        events.push((person(number), event));
    }
    events
}

/// The expected result, from what is left of the log.
fn tonnage_left(events: &[Message<Event>], user: UserId) -> u64 {
    let change = |event: &Event| match event {
        Event::WorkoutCompleted(completed) => completed.summary.tonnage_g as i64,
        Event::WorkoutCorrected(corrected) => corrected.summary.tonnage_g as i64 - corrected.before.tonnage_g as i64,
        Event::WorkoutDeleted(deleted) => -(deleted.before.tonnage_g as i64),
        _ => 0,
    };
    events.iter().filter(|event| event.user() == user).map(|event| change(&event.body)).sum::<i64>() as u64
}

proptest! {
    #[test]
    fn replay_equals_live_however_both_are_delivered(events in training_log(), live: Delivery, again: Delivery) {
        let events = inputs(&events);
        let tables = Tables::of(&events, &live);
        prop_assert_eq!(tables.0.replayed(&again).tables(), tables.0.tables());
        let one_by_one = Tables::of(&events, &Delivery::in_batches(1));
        prop_assert_eq!(one_by_one.0.tables(), tables.0.tables());
        prop_assert_eq!(one_by_one.0.history(), tables.0.history());
    }

    #[test]
    fn every_count_is_what_a_recount_finds_and_every_rule_is_held(events in training_log(), delivery: Delivery) {
        let tables = Tables::of(&inputs(&events), &delivery);
        for user in [person(1), person(2)] {
            prop_assert_eq!(tables.counted(user), tables.recounted(user));
            prop_assert_eq!(tables.metric(user, Metric::TonnageG), tonnage_left(&events, user));
            for rule in &RULES {
                let is_unlocked = tables.codes(user).contains(rule.code);
                prop_assert_eq!(is_unlocked, tables.metric(user, rule.metric) >= rule.threshold, "{}", rule.code);
            }
        }
    }

    #[test]
    fn counts_hold_when_events_are_dropped(
        events in training_log(), dropped in vec(any::<bool>(), 80), live: Delivery, again: Delivery,
    ) {
        let kept = events.into_iter().zip(dropped).filter(|(_, is_dropped)| !is_dropped);
        let left: Vec<_> = kept.map(|(event, _)| event).collect();
        let tables = Tables::of(&inputs(&left), &live);
        prop_assert_eq!(tables.counted(person(1)), tables.recounted(person(1)));
        prop_assert_eq!(tables.0.replayed(&again).tables(), tables.0.tables());
    }

    #[test]
    fn logged_corrected_and_deleted_is_as_never_logged(
        events in training_log(), places in vec(0..80_usize, 3), first in 0..70_i32, then in 0..70_i32, delivery: Delivery,
    ) {
        let (log, correct) = (summary(first, 900_000), summary(then, 2_000_000));
        let own = [logged(999, log.clone()), corrected(999, log, correct.clone()), deleted(999, correct)];
        let mut places: Vec<_> = places.into_iter().map(|place| place.min(events.len())).collect();
        places.sort_unstable();
        let mut with: Vec<_> = events.iter().map(|event| (event.user(), event.body.clone())).collect();
        for (place, event) in places.into_iter().zip(own).rev() {
            with.insert(place, (person(1), event));
        }
        let with = Tables::of(&inputs(&messages(with)), &delivery);
        let without = Tables::of(&inputs(&events), &Delivery::in_batches(1));
        for user in [person(1), person(2)] {
            prop_assert_eq!(with.codes(user), without.codes(user));
            prop_assert_eq!(with.counted(user), without.counted(user));
            prop_assert_eq!(with.metric(user, Metric::TonnageG), without.metric(user, Metric::TonnageG));
        }
        prop_assert_eq!(with.0.rows::<WeekRow>(), without.0.rows::<WeekRow>());
        prop_assert_eq!(with.0.rows::<StandingRow>(), without.0.rows::<StandingRow>());
    }
}

//! Properties that hold for any events in any order.

use proptest::{collection::vec, prelude::*};

use super::*;

/// All possible messages, about few users and subjects so that they collide.
fn history() -> impl Strategy<Value = Vec<Input>> {
    let code = prop_oneof![Just("workouts_1"), Just("records_1")];
    let kind = prop_oneof![Just(NotificationKind::AchievementUnlocked), Just(NotificationKind::RecordSet)];
    let event = prop_oneof![
        3 => code.clone().prop_map(|code| Event::from(unlocked(code))),
        2 => code.prop_map(|code| revoked(code).into()),
        4 => (0..3_u8, 0..200_u64, any::<bool>()).prop_map(|(number, value, again)| record(number, value, again).into()),
        2 => (0..3_u8).prop_map(|number| withdrawn(number, 100).into()),
        2 => (0..9_u32).prop_map(|number| reminder(number).into()),
    ];
    let command = prop_oneof![
        4 => (0..60_u32).prop_map(|number| Command::from(read(number))),
        1 => Just(ReadAllNotifications {}.into()),
        1 => (kind, any::<bool>()).prop_map(|(kind, is_wanted)| prefer(kind, is_wanted).into()),
    ];
    let user = || prop_oneof![4 => Just(person(1)), 1 => Just(person(2))];
    let one = prop_oneof![
        3 => (user(), event).prop_map(|(user, body)| Input::Event(message(0, user, body))),
        2 => (user(), command).prop_map(|(user, body)| Input::Command(message(0, user, body))),
    ];
    vec(one, 0..60).prop_map(|all| all.into_iter().zip(0..).map(|(one, number)| numbered(one, number)).collect())
}

fn numbered(one: Input, number: u32) -> Input {
    match one {
        Input::Event(event) => Input::Event(message(number, event.user(), event.body)),
        Input::Command(command) => Input::Command(message(number, command.user(), command.body)),
    }
}

fn of(history: &[Input], delivery: &Delivery) -> Lane<Notifications> {
    let mut lane = lane();
    lane.deliver(history, delivery);
    lane
}

proptest! {
    #[test]
    fn replay_equals_live_however_both_are_delivered(history in history(), live: Delivery, again: Delivery) {
        let (lane, one_by_one) = (of(&history, &live), of(&history, &Delivery::in_batches(1)));
        prop_assert_eq!(one_by_one.tables(), lane.tables());
        prop_assert_eq!(one_by_one.history(), lane.history());
        prop_assert_eq!(lane.replayed(&again).tables(), lane.tables());
    }

    #[test]
    fn every_mailbox_is_what_a_recount_finds(history in history(), delivery: Delivery) {
        let lane = of(&history, &delivery);
        for user in [person(1), person(2)] {
            let standing = standing(&lane, user);
            prop_assert_eq!(unread(&lane, user), standing.iter().filter(|(_, is_read)| !is_read).count() as u64);
            let mut subjects: Vec<_> = standing.into_iter().map(|(subject, _)| subject).collect();
            let stand = subjects.len();
            subjects.sort_unstable();
            subjects.dedup();
            prop_assert_eq!(subjects.len(), stand, "one notification about a subject stands");
            let mut told: Vec<_> = lane.rows::<ToldRow>().into_iter().filter(|row| row.user_id == user).collect();
            told.sort_unstable_by_key(|row| &row.subject);
            prop_assert_eq!(told.into_iter().map(|row| &row.subject).collect::<Vec<_>>(), subjects.iter().collect::<Vec<_>>());
            let rows = lane.rows::<NotificationRow>().into_iter().filter(|row| row.user_id == user);
            let mut numbers: Vec<_> = rows.map(|row| row.number).collect();
            numbers.sort_unstable();
            let last = lane.row::<MailboxRow>(&(user,)).map_or(0, |mailbox| mailbox.last_number);
            prop_assert_eq!(numbers, (1..=last).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_command_twice_changes_nothing(history in history(), delivery: Delivery) {
        let twice = |message: &Input| match message {
            Input::Command(_) => vec![message.clone(), message.clone()],
            Input::Event(_) => vec![message.clone()],
        };
        let repeated: Vec<_> = history.iter().flat_map(twice).collect();
        let (lane, same) = (of(&history, &delivery), of(&repeated, &delivery));
        prop_assert_eq!(same.tables(), lane.tables());
        prop_assert_eq!(same.history(), lane.history());
    }

    #[test]
    fn a_record_set_corrected_and_withdrawn_is_as_never_set(
        history in history(), places in vec(0..60_usize, 4), delivery: Delivery,
    ) {
        let own = [
            event(901, record(9, 375, false)),
            event(902, record(9, 380, false)),
            command(903, read(901)),
            event(904, withdrawn(9, 380)),
        ];
        let mut places: Vec<_> = places.into_iter().map(|place| place.min(history.len())).collect();
        places.sort_unstable();
        let mut with = history.clone();
        for (place, message) in places.into_iter().zip(own).rev() {
            with.insert(place, message);
        }
        let (with, without) = (of(&with, &delivery), of(&history, &delivery));
        prop_assert_eq!(standing(&with, person(1)), standing(&without, person(1)));
        prop_assert_eq!(unread(&with, person(1)), unread(&without, person(1)));
        prop_assert_eq!(with.rows::<PreferenceRow>(), without.rows::<PreferenceRow>());
    }
}

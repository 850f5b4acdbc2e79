//! Properties that hold whatever happens, in whatever order.

use proptest::{collection::vec, prelude::*};

use super::*;

/// Everything that can come, about few people and subjects so that they meet.
fn history() -> impl Strategy<Value = Vec<Incoming>> {
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
        3 => (user(), event).prop_map(|(user, body)| Incoming::Event(message(0, user, body))),
        2 => (user(), command).prop_map(|(user, body)| Incoming::Command(message(0, user, body))),
    ];
    vec(one, 0..60).prop_map(|all| all.into_iter().zip(0..).map(|(one, number)| numbered(one, number)).collect())
}

fn numbered(one: Incoming, number: u32) -> Incoming {
    match one {
        Incoming::Event(event) => Incoming::Event(message(number, event.user, event.body)),
        Incoming::Command(command) => Incoming::Command(message(number, command.user, command.body)),
    }
}

/// The tables after these batches, and the stream that came of them: what is emitted follows its cause `lag` messages
/// later.
fn live(history: &[Incoming], split: usize, lag: usize) -> (Tables, Vec<Incoming>) {
    let mut tables = Tables::default();
    let handled: Vec<_> = history.chunks(split).flat_map(|batch| tables.handle(batch, true)).collect();
    let mut stream = Vec::new();
    for (index, (message, (_, emitted))) in history.iter().zip(handled).enumerate() {
        if let Incoming::Event(_) = message {
            stream.push(((index, 0), message.clone()));
        }
        stream.extend(emitted.into_iter().map(|own| ((index + lag, 1), Incoming::Event(own))));
    }
    stream.sort_by_key(|(place, _)| *place);
    (tables, stream.into_iter().map(|(_, message)| message).collect())
}

fn of(history: &[Incoming]) -> Tables {
    live(history, 1, 0).0
}

proptest! {
    #[test]
    fn replay_equals_live_however_both_are_split_and_interleaved(
        history in history(), split in 1..20_usize, again in 1..20_usize, lag in 0..80_usize,
    ) {
        let (tables, stream) = live(&history, split, lag);
        let mut replayed = Tables::default();
        stream.chunks(again).for_each(|batch| drop(replayed.handle(batch, false)));
        prop_assert_eq!(&replayed, &tables);
        prop_assert_eq!(&of(&history), &tables);
    }

    #[test]
    fn every_mailbox_is_what_a_recount_finds(history in history(), split in 1..20_usize) {
        let (tables, _) = live(&history, split, 0);
        for user in [person(1), person(2)] {
            let standing = tables.standing(user);
            prop_assert_eq!(tables.unread(user), standing.iter().filter(|(_, is_read)| !is_read).count() as u64);
            let mut subjects: Vec<_> = standing.into_iter().map(|(subject, _)| subject).collect();
            let told = subjects.len();
            subjects.sort_unstable();
            subjects.dedup();
            prop_assert_eq!(subjects.len(), told, "one notification about a subject stands");
            let mut numbers: Vec<_> =
                tables.notifications.values().filter(|row| row.user_id == user).map(|row| row.number).collect();
            numbers.sort_unstable();
            let last = tables.mailboxes.get(&(user,)).map_or(0, |mailbox| mailbox.last_number);
            prop_assert_eq!(numbers, (1..=last).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_command_twice_changes_nothing(history in history(), split in 1..20_usize) {
        let twice = |message: &Incoming| match message {
            Incoming::Command(_) => vec![message.clone(), message.clone()],
            Incoming::Event(_) => vec![message.clone()],
        };
        let repeated: Vec<_> = history.iter().flat_map(twice).collect();
        let (tables, stream) = live(&history, split, 0);
        let (same, same_stream) = live(&repeated, split, 0);
        prop_assert_eq!(&same, &tables);
        let ids = |stream: Vec<Incoming>| {
            stream.iter().map(|message| match message {
                Incoming::Event(event) => event.id,
                Incoming::Command(command) => command.id,
            }).collect::<Vec<_>>()
        };
        prop_assert_eq!(ids(same_stream), ids(stream));
    }

    #[test]
    fn a_record_set_corrected_and_withdrawn_is_as_never_set(history in history(), places in vec(0..60_usize, 4)) {
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
        let (with, without) = (of(&with), of(&history));
        prop_assert_eq!(with.standing(person(1)), without.standing(person(1)));
        prop_assert_eq!(with.unread(person(1)), without.unread(person(1)));
        prop_assert_eq!(with.preferences, without.preferences);
    }
}

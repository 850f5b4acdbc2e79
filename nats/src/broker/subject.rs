//! Subjects, built in one place: no token can widen or split a subject.

use anyhow::{Result, ensure};
use plyo_events::{CommandKind, EventKind, Subject};
use uuid::Uuid;

/// The partitions that the streams put into their subjects.
pub const PARTITIONS: u8 = 16;

/// Joins tokens by dots.
///
/// # Errors
/// When a token is empty or contains `*`, `>`, `.` or whitespace: permissions do not catch those.
pub fn subject(tokens: &[&str]) -> Result<String> {
    for token in tokens {
        let widens = |c: char| matches!(c, '*' | '>' | '.') || c.is_whitespace() || c.is_control();
        ensure!(!token.is_empty() && !token.contains(widens), "invalid subject token `{token}`");
    }
    Ok(tokens.join("."))
}

/// Where a command is published: `cmd.<service>.<verb>.<about>`.
pub fn command(kind: CommandKind, about: Subject) -> String {
    format!("cmd.{}.{}.{about}", kind.service(), kind.verb())
}

/// Where an event is published: `evt.<service>.<fact>.<about>`.
pub fn event(kind: EventKind, about: Subject) -> String {
    format!("evt.{}.{}.{about}", kind.service(), kind.fact())
}

/// Where a timer is set: `at.<fact>.<about>.<key>`.
pub fn timer(kind: EventKind, about: Subject, key: Uuid) -> String {
    format!("at.{}.{about}.{key}", kind.fact())
}

/// The subject of a fired timer: `due.<fact>.<about>`.
pub fn due(kind: EventKind, about: Subject) -> String {
    format!("due.{}.{about}", kind.fact())
}

/// The partition that the streams put into subjects with this last token: `partition(16, …)` of nats-server, which is
/// FNV-1a of the token.
pub(crate) fn partition_of(about: &str) -> u8 {
    let hash = about.bytes().fold(0x811c_9dc5_u32, |hash, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193));
    (hash % u32::from(PARTITIONS)) as u8
}

/// The partition of a message, from its stored subject: `evt.<partition>.…`.
pub(crate) fn partition(subject: &str) -> Option<u8> {
    subject.split('.').nth(1)?.parse().ok().filter(|partition| *partition < PARTITIONS)
}

/// The service that a message is of, from its stored subject: `evt.<partition>.<service>.…`.
pub(crate) fn service(subject: &str) -> Option<&str> {
    subject.split('.').nth(2)
}

#[cfg(test)]
mod tests {
    use plyo_events::{Aggregate, UserId};

    use super::*;

    #[test]
    fn a_token_that_widens_a_subject_is_refused() {
        assert_eq!(subject(&["dead", "workout", "x"]).unwrap(), "dead.workout.x");
        for wrong in ["", "*", ">", "a.b", "a b", "a\n"] {
            assert!(subject(&["evt", wrong]).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_subject_ends_in_what_it_is_about_but_for_a_timer_which_ends_in_its_key() {
        let (id, key) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let person = UserId::new(id).into();
        assert_eq!(command(CommandKind::LogWorkout, person), format!("cmd.workout.log.{id}"));
        assert_eq!(event(EventKind::WorkoutCompleted, person), format!("evt.workout.completed.{id}"));
        assert_eq!(event(EventKind::ReminderSet, person), format!("evt.workout.reminder_set.{id}"));
        let group = Subject::Aggregate(Aggregate::Group, id);
        assert_eq!(event(EventKind::Gathered, group), format!("evt.probe.gathered.group-{id}"));
        let due = EventKind::WorkoutReminderDue;
        assert_eq!(timer(due, person, key), format!("at.workout_reminder_due.{id}.{key}"));
        assert_eq!(super::due(due, person), format!("due.workout_reminder_due.{id}"));
    }

    #[test]
    fn every_message_has_a_subject_of_its_own_without_a_token_that_widens_it() {
        let about = Subject::Aggregate(Aggregate::Case, Uuid::from_u128(1));
        let commands = CommandKind::ALL.iter().map(|kind| command(*kind, about));
        let subjects: Vec<_> = commands.chain(EventKind::ALL.iter().map(|kind| event(*kind, about))).collect();
        for one in &subjects {
            let tokens: Vec<_> = one.split('.').collect();
            assert_eq!(tokens.len(), 4, "{one}");
            assert_eq!(&subject(&tokens).unwrap(), one);
            assert_eq!(subjects.iter().filter(|other| *other == one).count(), 1, "{one}");
        }
    }

    #[test]
    fn the_partition_of_a_message_is_in_its_subject() {
        assert_eq!(super::partition("evt.11.workout.completed.x"), Some(11));
        assert_eq!(super::partition("mark.workout.0"), None);
    }
}

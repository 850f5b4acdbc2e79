//! Subjects, built in one place: a token that could widen or split a subject never gets into one.

use anyhow::{Result, ensure};
use plyo_events::{CommandKind, EventKind, UserId};
use uuid::Uuid;

/// Joins tokens by dots.
///
/// # Errors
/// When a token is empty or holds `*`, `>`, `.` or white space: permissions do not catch those.
pub fn subject(tokens: &[&str]) -> Result<String> {
    for token in tokens {
        let widens = |c: char| matches!(c, '*' | '>' | '.') || c.is_whitespace() || c.is_control();
        ensure!(!token.is_empty() && !token.contains(widens), "`{token}` is no subject token");
    }
    Ok(tokens.join("."))
}

/// Where a command is published: `cmd.<service>.<verb>.<user>`.
pub fn command(kind: CommandKind, user: UserId) -> String {
    format!("cmd.{}.{}.{user}", kind.service(), kind.verb())
}

/// Where an event is published: `evt.<service>.<fact>.<user>`.
pub fn event(kind: EventKind, user: UserId) -> String {
    format!("evt.{}.{}.{user}", kind.service(), kind.fact())
}

/// Where a timer is set: `at.<fact>.<user>.<key>`.
pub fn timer(kind: EventKind, user: UserId, key: Uuid) -> String {
    format!("at.{}.{user}.{key}", kind.fact())
}

/// What a timer fires as: `due.<fact>.<user>`.
pub fn due(kind: EventKind, user: UserId) -> String {
    format!("due.{}.{user}", kind.fact())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_that_widens_a_subject_is_refused() {
        assert_eq!(subject(&["dead", "workout", "x"]).unwrap(), "dead.workout.x");
        for wrong in ["", "*", ">", "a.b", "a b", "a\n"] {
            assert!(subject(&["evt", wrong]).is_err(), "{wrong:?}");
        }
    }
}

//! What a caller may do: everything in a session, what a personal access token names otherwise. Each row of the table of operations
//! says which scope it needs, and both ways in ask here, HTTP and sockets.

use axum::http::StatusCode;
use plyo_events::user::Scope;

use crate::problem::{Code, Problem};

/// A set of scopes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scopes {
    /// Of somebody who logged in.
    Session,
    /// Of a token that names them, a bit each.
    Only(u32),
}

pub(crate) const INSUFFICIENT_SCOPE: Code =
    Code::new(StatusCode::FORBIDDEN, "insufficient_scope", "this access token may not do that");

impl Scopes {
    pub(crate) fn of(scopes: &[Scope]) -> Self {
        Self::Only(scopes.iter().fold(0, |set, scope| set | bit(*scope)))
    }

    /// # Errors
    /// `insufficient_scope`, with the scope that would do.
    pub(crate) fn check(self, needed: Option<Scope>) -> Result<(), Problem> {
        match (self, needed) {
            (Self::Session, _) => Ok(()),
            (Self::Only(set), Some(scope)) if set & bit(scope) != 0 => Ok(()),
            (Self::Only(_), Some(scope)) => {
                Err(INSUFFICIENT_SCOPE.because(format!("this access token needs the scope {}", scope.name())))
            }
            (Self::Only(_), None) => Err(INSUFFICIENT_SCOPE.because("no access token may do that; log in")),
        }
    }
}

const fn bit(scope: Scope) -> u32 {
    1 << scope as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_may_do_what_it_names_and_nothing_else() {
        let scopes = Scopes::of(&[Scope::WorkoutsRead, Scope::EventsRead]);
        let allowed = Scope::ALL.into_iter().filter(|scope| scopes.check(Some(*scope)).is_ok());
        assert_eq!(allowed.collect::<Vec<_>>(), [Scope::WorkoutsRead, Scope::EventsRead]);
        assert_eq!(scopes.check(None).unwrap_err().status, 403, "what needs none is for sessions");
        assert!(Scopes::Session.check(None).is_ok() && Scopes::Session.check(Some(Scope::CoachWrite)).is_ok());
    }
}

//! What only some may do: whoever has a role, and has shown a second factor lately. No token says either. The user service is asked
//! each time, so that a role that was given or taken counts from then on, on every edge.

use axum::http::StatusCode;
use plyo_events::administration::{GetStanding, Role, Standing};
use plyo_nats::{Nats, ask};

use crate::{
    caller::Caller,
    problem::{Code, FAILED, Problem, UNAVAILABLE},
};

const ROLE_REQUIRED: Code = Code::new(StatusCode::FORBIDDEN, "role_required", "this takes a role that you do not have");
const SECOND_FACTOR_NOT_RECENT: Code = Code::new(
    StatusCode::FORBIDDEN,
    "second_factor_not_recent",
    "this takes a second factor that was shown within 15 minutes: send a code to /auth/totp/check",
);

/// What it answers whoever may not.
pub(crate) const CODES: [Code; 4] = [ROLE_REQUIRED, SECOND_FACTOR_NOT_RECENT, UNAVAILABLE, FAILED];

/// # Errors
/// `role_required` before anything else is looked at, so that nobody learns what there is; `second_factor_not_recent`.
pub(crate) async fn check(nats: &Nats, caller: &Caller, role: Role) -> Result<(), Problem> {
    let standing = ask(nats, &GetStanding { user: caller.user, session: caller.session }).await?;
    judge(&standing, role)
}

fn judge(standing: &Standing, role: Role) -> Result<(), Problem> {
    if !role.is_among(&standing.roles) {
        return Err(ROLE_REQUIRED.because(format!("this takes the role {}", role.name())));
    }
    if standing.has_recent_second_factor { Ok(()) } else { Err(SECOND_FACTOR_NOT_RECENT.into()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_takes_the_role_and_a_recent_second_factor() {
        let code = |roles: &[Role], has_recent_second_factor, role| {
            let standing = Standing { roles: roles.to_vec(), has_recent_second_factor };
            judge(&standing, role).err().map(|problem| (problem.status, problem.code))
        };
        let declined = |name: &str| Some((403, name.to_owned()));
        assert_eq!(code(&[], true, Role::Moderator), declined("role_required"));
        assert_eq!(code(&[Role::Coach], true, Role::Moderator), declined("role_required"));
        assert_eq!(code(&[Role::Moderator], true, Role::Admin), declined("role_required"));
        assert_eq!(code(&[Role::Admin], false, Role::Moderator), declined("second_factor_not_recent"));
        assert_eq!(code(&[Role::Admin], true, Role::Moderator), None);
        assert_eq!(code(&[Role::Admin], true, Role::Admin), None);
    }
}

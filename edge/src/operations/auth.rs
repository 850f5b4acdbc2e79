//! `/auth`: accounts and sessions. What carries a secret is asked of the user service and never enters a stream.

use axum::{
    Json,
    extract::{Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use plyo_events::{
    Command, CommandId,
    user::{
        ALREADY_REGISTERED, Jwks, Locale, LogIn, LogOut, PrepareSignUp, Refresh, RegisterUser, Registered, TimeZoneName,
    },
};
use plyo_nats::ask;
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{command::NO_REVISIONS, me::check_zone};
use crate::{
    EdgeState, body,
    connection::ClientAddress,
    device,
    limits::Standing,
    problem::Problem,
    submit::{Submission, Submitted, respond, submit},
};

/// What a sign-up needs.
#[derive(Deserialize, JsonSchema)]
pub(super) struct SignUp {
    #[schemars(email)]
    email: String,
    /// None of the commonest.
    #[schemars(length(min = 8, max = 256))]
    password: String,
    #[serde(default)]
    locale: Locale,
    #[serde(default)]
    time_zone: TimeZoneName,
}

/// What a log-in needs.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Credentials {
    email: String,
    password: String,
    /// Of the authenticator app, or a recovery code, where the account has one.
    #[serde(default)]
    code: Option<String>,
}

/// A refresh token. It is replaced when it is used.
#[derive(Deserialize, JsonSchema)]
pub(super) struct RefreshToken {
    refresh_token: String,
}

pub(super) async fn register(
    State(state): State<EdgeState>,
    ClientAddress(address): ClientAddress,
    standing: Standing,
    request: Request,
) -> Result<Response, Problem> {
    let (headers, SignUp { email, password, locale, time_zone }) = read(request).await?;
    check_zone(&time_zone)?;
    state.limits.credentials(address, &email, &standing).await?;
    let prepared = plyo_nats::request(&state.nats, &PrepareSignUp { email, password }).await?;
    let command = Command::from(RegisterUser { locale, time_zone });
    // The e-mail stands for the request: a sign-up that comes again is the same command, and has the same answer. Where the
    // account is somebody else's, the same command is declined as late as it is done otherwise, and answered as if it were done.
    let again = CommandId::derive(prepared.user_id.uuid(), "POST /auth/register");
    let submission = Submission {
        id: if prepared.is_taken { CommandId::mint() } else { again },
        fingerprint: String::new(),
        ..Submission::of_request(&state, prepared.user_id, &headers, command).await?
    };
    let (id, outcome_at, waited) = (submission.id, submission.outcome_at(), !submission.wait.is_zero());
    let place = |_: &serde_json::Value| Some("/api/v1/auth/me".to_owned());
    let submitted = match submit(&state, submission).await {
        Err(problem) if prepared.is_taken && problem.code == ALREADY_REGISTERED.name => {
            Submitted::Done(json!(Registered {}))
        }
        submitted => submitted?,
    };
    Ok(respond(submitted, outcome_at, id, place, waited))
}

pub(super) async fn log_in(
    State(state): State<EdgeState>,
    ClientAddress(address): ClientAddress,
    standing: Standing,
    request: Request,
) -> Result<Response, Problem> {
    let (headers, Credentials { email, password, code }) = read(request).await?;
    state.limits.credentials(address, &email, &standing).await?;
    let log_in = LogIn { email, password, device: device::of(&headers), code };
    Ok(secret(Json(plyo_nats::request(&state.nats, &log_in).await?)))
}

pub(super) async fn refresh(
    State(state): State<EdgeState>,
    ClientAddress(address): ClientAddress,
    standing: Standing,
    request: Request,
) -> Result<Response, Problem> {
    let (_, RefreshToken { refresh_token }) = read(request).await?;
    state.limits.address(address, &standing)?;
    Ok(secret(Json(plyo_nats::request(&state.nats, &Refresh { refresh_token }).await?)))
}

pub(super) async fn log_out(
    State(state): State<EdgeState>,
    ClientAddress(address): ClientAddress,
    standing: Standing,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (_, RefreshToken { refresh_token }) = read(request).await?;
    state.limits.address(address, &standing)?;
    plyo_nats::request(&state.nats, &LogOut { refresh_token }).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(crate) async fn jwks(State(state): State<EdgeState>) -> Result<Response, Problem> {
    Ok(Json(ask(&state.nats, &Jwks {}).await?).into_response())
}

pub(super) async fn read<T: DeserializeOwned>(request: Request) -> Result<(HeaderMap, T), Problem> {
    let (parts, content) = request.into_parts();
    // There is nothing to get here that could match.
    if parts.headers.contains_key(header::IF_MATCH) {
        return Err(NO_REVISIONS.into());
    }
    let content = body::read(&parts.headers, content).await?;
    Ok((parts.headers, body::decode(&content)?))
}

/// Tokens are kept by nobody on the way.
pub(super) fn secret(answer: impl IntoResponse) -> Response {
    ([(header::CACHE_CONTROL, "no-store")], answer).into_response()
}

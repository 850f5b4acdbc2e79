//! `/auth`: accounts and sessions. What carries a secret is asked of the user service and never enters a stream.

use std::net::SocketAddr;

use axum::{
    Router,
    extract::{ConnectInfo, Request, State},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
    routing::{get, post},
};
use jiff::tz::TimeZone;
use plyo_events::{
    Command, CommandId,
    user::{Jwks, Locale, LogIn, LogOut, Me, PrepareSignUp, Refresh, RegisterUser, TimeZoneName},
};
use plyo_nats::ask;
use schemars::JsonSchema;
use serde::{Deserialize, de::DeserializeOwned};

use super::{answer, json};
use crate::{
    EdgeState, body,
    caller::Caller,
    problem::Problem,
    submit::{Submission, respond, submit},
};

/// What a sign-up needs.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct SignUp {
    email: String,
    /// 8 to 256 characters.
    password: String,
    #[serde(default)]
    locale: Locale,
    #[serde(default)]
    time_zone: TimeZoneName,
}

/// What a log-in needs.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct Credentials {
    email: String,
    password: String,
}

/// A refresh token, to be used once.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct RefreshToken {
    refresh_token: String,
}

pub(super) fn router() -> Router<EdgeState> {
    Router::new()
        .route("/auth/register", post(register))
        .route("/auth/login", post(log_in))
        .route("/auth/refresh", post(refresh))
        .route("/auth/logout", post(log_out))
        .route("/auth/me", get(me))
        .route("/auth/jwks", get(jwks))
}

async fn register(
    State(state): State<EdgeState>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Problem> {
    let (headers, SignUp { email, password, locale, time_zone }) = read(request).await?;
    if TimeZone::get(time_zone.as_str()).is_err() {
        let violation = plyo_events::Violation {
            pointer: "/time_zone".into(),
            detail: "there is no such time zone; use an IANA name".into(),
        };
        return Err(plyo_events::Reject::violations(vec![violation]).into());
    }
    state.limits.credentials(address.ip(), &email).await?;
    let prepared = plyo_nats::request(&state.nats, &PrepareSignUp { email, password }).await?;
    let command = Command::from(RegisterUser { locale, time_zone });
    // The e-mail stands for the request: a sign-up that comes again is the same command, and has the same answer.
    let submission = Submission {
        id: CommandId::derive(prepared.user_id.uuid(), "POST /auth/register"),
        fingerprint: String::new(),
        ..Submission::new(prepared.user_id, "POST /auth/register", &headers, &[], command)?
    };
    let (id, waited) = (submission.id, !submission.wait.is_zero());
    let place = |_: &serde_json::Value| Some("/api/v1/auth/me".to_owned());
    Ok(respond(submit(&state, submission).await?, "user", id, place, waited))
}

async fn log_in(
    State(state): State<EdgeState>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Problem> {
    let (_, Credentials { email, password }) = read(request).await?;
    state.limits.credentials(address.ip(), &email).await?;
    Ok(secret(json(&plyo_nats::request(&state.nats, &LogIn { email, password }).await?)))
}

async fn refresh(
    State(state): State<EdgeState>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<Response, Problem> {
    let (_, RefreshToken { refresh_token }) = read(request).await?;
    state.limits.address(address.ip())?;
    Ok(secret(json(&plyo_nats::request(&state.nats, &Refresh { refresh_token }).await?)))
}

async fn log_out(
    State(state): State<EdgeState>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (_, RefreshToken { refresh_token }) = read(request).await?;
    state.limits.address(address.ip())?;
    plyo_nats::request(&state.nats, &LogOut { refresh_token }).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn me(State(state): State<EdgeState>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    answer(&state, &headers, Me { user: caller.user }).await
}

pub(crate) async fn jwks(State(state): State<EdgeState>) -> Result<Response, Problem> {
    Ok(json(&ask(&state.nats, &Jwks {}).await?))
}

async fn read<T: DeserializeOwned>(request: Request) -> Result<(HeaderMap, T), Problem> {
    let (parts, content) = request.into_parts();
    let content = body::read(&parts.headers, content).await?;
    Ok((parts.headers, body::decode(&content)?))
}

/// Tokens are kept by nobody on the way.
fn secret(mut response: Response) -> Response {
    response.headers_mut().insert(header::CACHE_CONTROL, header::HeaderValue::from_static("no-store"));
    response.into_response()
}

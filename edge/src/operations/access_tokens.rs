//! `/auth/tokens`: personal access tokens, for scripts. Only who logged in makes or revokes them.

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use plyo_events::{
    SessionId,
    user::{CreateAccessToken, ListAccessTokens, RevokeAccessToken, Scope},
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Ids,
    auth::{read, secret},
};
use crate::{EdgeState, body, caller::Caller, problem::Problem};

/// What a token is called, what it may do, and for how long.
#[derive(Deserialize, JsonSchema)]
pub(super) struct NewAccessToken {
    #[schemars(length(min = 1, max = 64))]
    name: String,
    #[schemars(length(min = 1))]
    scopes: Vec<Scope>,
    #[serde(default = "usual_days")]
    #[schemars(range(min = 1, max = 366))]
    days: u32,
}

const fn usual_days() -> u32 {
    90
}

pub(super) async fn create(
    State(state): State<EdgeState>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let (_, NewAccessToken { name, scopes, days }) = read(request).await?;
    let created = plyo_nats::request(&state.nats, &CreateAccessToken { user: caller.user, name, scopes, days }).await?;
    Ok(secret((StatusCode::CREATED, Json(created))))
}

pub(super) async fn list(State(state): State<EdgeState>, caller: Caller) -> Result<Response, Problem> {
    let tokens = plyo_nats::ask(&state.nats, &ListAccessTokens { user: caller.user }).await?;
    Ok(Json(tokens).into_response())
}

pub(super) async fn revoke(
    State(state): State<EdgeState>,
    caller: Caller,
    Ids(token_id): Ids<SessionId>,
    content: Body,
) -> Result<StatusCode, Problem> {
    body::none(content).await?;
    plyo_nats::request(&state.nats, &RevokeAccessToken { user: caller.user, token_id }).await?;
    Ok(StatusCode::NO_CONTENT)
}

//! `/auth/passkeys`: keys that devices keep, with which somebody logs in without a password. What devices are asked and answer is
//! between them and the user service.

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use plyo_events::{
    PasskeyId,
    user::{AddPasskey, ListPasskeys, LogInWithPasskey, PreparePasskey, PreparePasskeyLogIn, RemovePasskey},
};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    Ids,
    auth::{read, secret},
    credentials::PresentPassword,
};
use crate::{EdgeState, body, caller::Caller, connection::ClientAddress, device, limits::Standing, problem::Problem};

/// What a passkey is called, and what the device made: `PublicKeyCredential.toJSON()`.
#[derive(Deserialize, JsonSchema)]
pub(super) struct NewPasskey {
    #[schemars(length(min = 1, max = 64))]
    name: String,
    credential: Map<String, Value>,
}

/// What a passkey signed: `PublicKeyCredential.toJSON()`.
#[derive(Deserialize, JsonSchema)]
pub(super) struct PasskeyAnswer {
    credential: Map<String, Value>,
}

pub(super) async fn prepare(
    State(state): State<EdgeState>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let (_, PresentPassword { password }) = read(request).await?;
    Ok(secret(Json(plyo_nats::request(&state.nats, &PreparePasskey { user: caller.user, password }).await?)))
}

pub(super) async fn add(State(state): State<EdgeState>, caller: Caller, request: Request) -> Result<Response, Problem> {
    let (_, NewPasskey { name, credential }) = read(request).await?;
    let added = plyo_nats::request(&state.nats, &AddPasskey { user: caller.user, name, credential }).await?;
    Ok((StatusCode::CREATED, Json(added)).into_response())
}

pub(super) async fn list(State(state): State<EdgeState>, caller: Caller) -> Result<Response, Problem> {
    let passkeys = plyo_nats::ask(&state.nats, &ListPasskeys { user: caller.user }).await?;
    Ok(Json(passkeys).into_response())
}

pub(super) async fn remove(
    State(state): State<EdgeState>,
    caller: Caller,
    Ids(passkey_id): Ids<PasskeyId>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (_, PresentPassword { password }) = read(request).await?;
    plyo_nats::request(&state.nats, &RemovePasskey { user: caller.user, passkey_id, password }).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn prepare_log_in(
    State(state): State<EdgeState>,
    ClientAddress(address): ClientAddress,
    standing: Standing,
    content: Body,
) -> Result<Response, Problem> {
    body::none(content).await?;
    state.limits.address(address, &standing)?;
    Ok(secret(Json(plyo_nats::request(&state.nats, &PreparePasskeyLogIn {}).await?)))
}

pub(super) async fn log_in(
    State(state): State<EdgeState>,
    ClientAddress(address): ClientAddress,
    standing: Standing,
    request: Request,
) -> Result<Response, Problem> {
    let (headers, PasskeyAnswer { credential }) = read(request).await?;
    state.limits.address(address, &standing)?;
    let log_in = LogInWithPasskey { credential, device: device::of(&headers) };
    Ok(secret(Json(plyo_nats::request(&state.nats, &log_in).await?)))
}

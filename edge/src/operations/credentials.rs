//! `/auth/password` and `/auth/email`: another password, another address, and proofs of an address. Nothing of them enters a stream.

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::StatusCode,
    response::Response,
};
use plyo_events::{
    administration::ProveSecondFactor,
    user::{
        ChangePassword, ConfirmEmail, ConfirmTotp, EnrolTotp, RemoveTotp, RequestEmailChange, RequestEmailVerification,
        RequestPasswordReset, ResetPassword,
    },
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::auth::{read, secret};
use crate::{EdgeState, body, caller::Caller, connection::ClientAddress, limits::Standing, problem::Problem};

/// Whose password is forgotten.
#[derive(Deserialize, JsonSchema)]
pub(super) struct ForgottenPassword {
    #[schemars(email)]
    email: String,
}

/// The code of a mail, and the new password.
#[derive(Deserialize, JsonSchema)]
pub(super) struct NewPasswordByCode {
    code: String,
    /// None of the commonest.
    #[schemars(length(min = 8, max = 256))]
    password: String,
}

/// The present password, and the new one.
#[derive(Deserialize, JsonSchema)]
pub(super) struct NewPassword {
    present: String,
    /// None of the commonest.
    #[schemars(length(min = 8, max = 256))]
    password: String,
}

/// The new address, and the present password.
#[derive(Deserialize, JsonSchema)]
pub(super) struct NewEmail {
    #[schemars(email)]
    email: String,
    password: String,
}

/// A code.
#[derive(Deserialize, JsonSchema)]
pub(super) struct ByCode {
    code: String,
}

/// The present password.
#[derive(Deserialize, JsonSchema)]
pub(super) struct PresentPassword {
    pub(super) password: String,
}

pub(super) async fn enrol_totp(
    State(state): State<EdgeState>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let (_, PresentPassword { password }) = read(request).await?;
    Ok(secret(Json(plyo_nats::request(&state.nats, &EnrolTotp { user: caller.user, password }).await?)))
}

pub(super) async fn confirm_totp(
    State(state): State<EdgeState>,
    caller: Caller,
    request: Request,
) -> Result<Response, Problem> {
    let (_, ByCode { code }) = read(request).await?;
    Ok(secret(Json(plyo_nats::request(&state.nats, &ConfirmTotp { user: caller.user, code }).await?)))
}

pub(super) async fn check_totp(
    State(state): State<EdgeState>,
    caller: Caller,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (_, ByCode { code }) = read(request).await?;
    let prove = ProveSecondFactor { user: caller.user, session: caller.session, code };
    plyo_nats::request(&state.nats, &prove).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn remove_totp(
    State(state): State<EdgeState>,
    caller: Caller,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (_, PresentPassword { password }) = read(request).await?;
    plyo_nats::request(&state.nats, &RemoveTotp { user: caller.user, password }).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn forgotten(
    State(state): State<EdgeState>,
    ClientAddress(address): ClientAddress,
    standing: Standing,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (_, ForgottenPassword { email }) = read(request).await?;
    state.limits.credentials(address, &email, &standing).await?;
    plyo_nats::request(&state.nats, &RequestPasswordReset { email }).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn reset(
    State(state): State<EdgeState>,
    ClientAddress(address): ClientAddress,
    standing: Standing,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (_, NewPasswordByCode { code, password }) = read(request).await?;
    state.limits.address(address, &standing)?;
    plyo_nats::request(&state.nats, &ResetPassword { code, password }).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn change(
    State(state): State<EdgeState>,
    caller: Caller,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (_, NewPassword { present, password }) = read(request).await?;
    plyo_nats::request(&state.nats, &ChangePassword { user: caller.user, present, password }).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn verify_email(
    State(state): State<EdgeState>,
    caller: Caller,
    content: Body,
) -> Result<StatusCode, Problem> {
    body::none(content).await?;
    plyo_nats::request(&state.nats, &RequestEmailVerification { user: caller.user }).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn change_email(
    State(state): State<EdgeState>,
    caller: Caller,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (_, NewEmail { email, password }) = read(request).await?;
    plyo_nats::request(&state.nats, &RequestEmailChange { user: caller.user, email, password }).await?;
    Ok(StatusCode::ACCEPTED)
}

pub(super) async fn confirm_email(
    State(state): State<EdgeState>,
    ClientAddress(address): ClientAddress,
    standing: Standing,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (_, ByCode { code }) = read(request).await?;
    state.limits.address(address, &standing)?;
    plyo_nats::request(&state.nats, &ConfirmEmail { code }).await?;
    Ok(StatusCode::NO_CONTENT)
}

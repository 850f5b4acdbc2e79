//! `/me`: what a person says about themselves, and the end of their account. Texts that name them, and passwords, are handed to
//! the user service and enter no stream.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::HeaderMap,
    response::{IntoResponse, Response},
};
use jiff::tz::TimeZone;
use plyo_events::{
    Rejection, UserId, Violation,
    erasure::{ErasureSaved, GetErasure, Reauthenticate, RequestErasure},
    profile::{ChangeProfile, DisplayName, Handle, PrepareTexts, PreparedTexts, ProfilePatch, ProfileSaved},
    user::TimeZoneName,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Ids, command, gives};
use crate::{EdgeState, body, caller::Caller, connection::ClientAddress, limits::Standing, problem::Problem};

/// A change as people send it.
pub(super) type Change = ProfilePatch<DisplayName, Handle>;

pub(super) async fn change_profile(
    State(state): State<EdgeState>,
    caller: Caller,
    headers: HeaderMap,
    content: Body,
) -> Result<Response, Problem> {
    let content = body::read(&headers, content).await?;
    let change: Change = body::decode(&content)?;
    change.time_zone.set().map_or(Ok(()), check_zone)?;
    let (display_name, handle) = (change.display_name.set().cloned(), change.handle.set().cloned());
    let texts = if display_name.is_some() || handle.is_some() {
        plyo_nats::request(&state.nats, &PrepareTexts { user: caller.user, display_name, handle }).await?
    } else {
        PreparedTexts::default()
    };
    let change = ChangeProfile { change: change.prepared(&texts), if_revision: None };
    command::send(&state, caller, &headers, "/me/profile", change.into(), gives::<ProfileSaved>()).await
}

/// What erasing an account needs.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Erase {
    password: String,
    /// Now, which cannot be undone; otherwise in seven days.
    #[serde(default)]
    at_once: bool,
}

pub(super) async fn erase(
    State(state): State<EdgeState>,
    caller: Caller,
    headers: HeaderMap,
    content: Body,
) -> Result<Response, Problem> {
    let content = body::read(&headers, content).await?;
    let Erase { password, at_once } = body::decode(&content)?;
    plyo_nats::request(&state.nats, &Reauthenticate { user: caller.user, password }).await?;
    command::send(&state, caller, &headers, "/me", RequestErasure { at_once }.into(), gives::<ErasureSaved>()).await
}

pub(super) async fn erasure(
    State(state): State<EdgeState>,
    ClientAddress(address): ClientAddress,
    standing: Standing,
    Ids(user): Ids<UserId>,
) -> Result<Response, Problem> {
    state.limits.address(address, &standing)?;
    Ok(Json(plyo_nats::ask(&state.nats, &GetErasure { user }).await?).into_response())
}

/// Whether there is this zone: only here is it known.
pub(super) fn check_zone(zone: &TimeZoneName) -> Result<(), Rejection> {
    if TimeZone::get(zone.as_str()).is_ok() {
        return Ok(());
    }
    let detail = "unknown time zone; use an IANA name".to_owned();
    Err(Rejection::violations(vec![Violation { pointer: "/time_zone".to_owned(), detail }]))
}

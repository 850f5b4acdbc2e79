//! `/me`: what a person says about themselves. Texts that name them are handed to the user service and enter no stream.

use axum::{body::Body, extract::State, http::HeaderMap, response::Response};
use jiff::tz::TimeZone;
use plyo_events::{
    Rejection, Violation,
    profile::{ChangeProfile, DisplayName, Handle, PrepareTexts, PreparedTexts, ProfilePatch, ProfileSaved},
    user::TimeZoneName,
};

use super::{command, gives};
use crate::{EdgeState, body, caller::Caller, problem::Problem};

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

/// Whether there is this zone: only here is it known.
pub(super) fn check_zone(zone: &TimeZoneName) -> Result<(), Rejection> {
    if TimeZone::get(zone.as_str()).is_ok() {
        return Ok(());
    }
    let detail = "unknown time zone; use an IANA name".to_owned();
    Err(Rejection::violations(vec![Violation { pointer: "/time_zone".to_owned(), detail }]))
}

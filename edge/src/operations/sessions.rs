//! `/auth/sessions`: where somebody is logged in. Credentials are not folded, so what ends a session is a request; that it ended
//! is an event.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::header,
    response::{IntoResponse, Response},
};
use plyo_events::{
    SessionId,
    user::{EndSessions, ListSessions, WhichSessions},
};

use super::Ids;
use crate::{EdgeState, body, caller::Caller, problem::Problem};

pub(super) async fn list(State(state): State<EdgeState>, caller: Caller) -> Result<Response, Problem> {
    let sessions = plyo_nats::ask(&state.nats, &ListSessions { user: caller.user, current: caller.session }).await?;
    Ok(([(header::CACHE_CONTROL, "no-store")], Json(sessions)).into_response())
}

pub(super) async fn end_one(
    State(state): State<EdgeState>,
    caller: Caller,
    Ids(session): Ids<SessionId>,
    content: Body,
) -> Result<Response, Problem> {
    body::none(content).await?;
    end(&state, caller, WhichSessions::One(session)).await
}

pub(super) async fn end_others(
    State(state): State<EdgeState>,
    caller: Caller,
    content: Body,
) -> Result<Response, Problem> {
    body::none(content).await?;
    end(&state, caller, WhichSessions::AllBut(caller.session)).await
}

pub(super) async fn end_all(
    State(state): State<EdgeState>,
    caller: Caller,
    content: Body,
) -> Result<Response, Problem> {
    body::none(content).await?;
    end(&state, caller, WhichSessions::All).await
}

async fn end(state: &EdgeState, caller: Caller, which: WhichSessions) -> Result<Response, Problem> {
    let ended = plyo_nats::request(&state.nats, &EndSessions { user: caller.user, which }).await?;
    Ok(Json(ended).into_response())
}

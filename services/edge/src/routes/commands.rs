//! `/commands/{service}/{id}`: how a command ended that was answered with 202.

use axum::{
    Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use plyo_events::{CommandKind, query::OutcomeQuery};
use serde_json::json;

use super::{id, json};
use crate::{
    EdgeState,
    caller::Caller,
    problem::Problem,
    submit::{Submitted, settle},
};

pub(super) fn router() -> Router<EdgeState> {
    Router::new().route("/commands/{service}/{id}", get(outcome))
}

/// `pending` is also the answer for a command that never was: what is not handled yet leaves no other trace.
async fn outcome(
    State(state): State<EdgeState>,
    caller: Caller,
    Path((service, command)): Path<(String, String)>,
) -> Result<Response, Problem> {
    if !CommandKind::ALL.iter().any(|kind| kind.service() == service) {
        return Err(Problem::not_found());
    }
    let query = OutcomeQuery { user: caller.user, command: id(&command)? };
    match plyo_nats::outcome(&state.nats, &service, &query).await? {
        None => {
            Ok((StatusCode::ACCEPTED, json(&json!({ "status": "pending", "command_id": query.command })))
                .into_response())
        }
        Some(stored) => match settle(stored.outcome)? {
            Submitted::Done(result) => Ok(json(&json!({ "status": "done", "result": result }))),
            Submitted::Pending => Err(Problem::not_found()),
        },
    }
}

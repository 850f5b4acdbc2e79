//! `/workouts/reminders`: what the broker's own clock brings back.

use axum::{
    Router,
    extract::{Path, Request, State},
    http::HeaderMap,
    response::Response,
    routing::get,
};
use jiff::Timestamp;
use plyo_events::workout::{CancelReminder, ListReminders, MoveReminder, SetReminder};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{CommandRequest, answer, id, nowhere};
use crate::{EdgeState, caller::Caller, problem::Problem};

/// When to be reminded.
#[derive(Deserialize, JsonSchema)]
pub(crate) struct DueAt {
    /// RFC 3339 with an offset or Z; ahead, at most 366 days.
    #[schemars(with = "String", extend("format" = "date-time"))]
    due_at: Timestamp,
}

pub(super) fn router() -> Router<EdgeState> {
    Router::new()
        .route("/workouts/reminders", get(list).post(set))
        .route("/workouts/reminders/{id}", axum::routing::put(shift).delete(cancel))
}

async fn set(State(state): State<EdgeState>, request: Request) -> Result<Response, Problem> {
    let request = CommandRequest::read(&state, request).await?;
    let DueAt { due_at } = request.decode()?;
    let place =
        |result: &serde_json::Value| Some(format!("/api/v1/workouts/reminders/{}", result["reminder_id"].as_str()?));
    request.send(&state, "POST /workouts/reminders", SetReminder { due_at }, place).await
}

async fn shift(
    State(state): State<EdgeState>,
    Path(reminder): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let request = CommandRequest::read(&state, request).await?;
    let reminder_id = id(&reminder)?;
    let DueAt { due_at } = request.decode()?;
    request
        .send(&state, &format!("PUT /workouts/reminders/{reminder_id}"), MoveReminder { reminder_id, due_at }, nowhere)
        .await
}

async fn cancel(
    State(state): State<EdgeState>,
    Path(reminder): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let request = CommandRequest::without_body(&state, request)?;
    let reminder_id = id(&reminder)?;
    request
        .send(&state, &format!("DELETE /workouts/reminders/{reminder_id}"), CancelReminder { reminder_id }, nowhere)
        .await
}

async fn list(State(state): State<EdgeState>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    answer(&state, &headers, ListReminders { user: caller.user }).await
}

//! `/commands/{service}/{id}`: how a command ended that was answered with 202.

use axum::{
    Json,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use plyo_events::{CommandId, CommandKind, UserId, administration::STAFF, query::OutcomeQuery};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::Value;

use super::{Ids, Operation};
use crate::{
    EdgeState,
    caller::Caller,
    problem::{NOT_FOUND, Problem},
    submit::{self, Submitted, settle},
};

/// How far a command is. One that was rejected is answered with its problem.
#[derive(Serialize, JsonSchema)]
#[serde(tag = "status", rename_all = "snake_case")]
pub(super) enum OutcomeView {
    Done { result: Value },
    Pending { command_id: CommandId },
}

/// `pending` is also the answer for a command that never was: what is not handled yet leaves no other trace.
pub(super) async fn outcome(
    State(state): State<EdgeState>,
    caller: Caller,
    Ids((service, command)): Ids<(String, CommandId)>,
) -> Result<Response, Problem> {
    if !CommandKind::ALL.iter().any(|kind| kind.service() == service) {
        return Err(NOT_FOUND.into());
    }
    asked(&state, &service, OutcomeQuery { user: caller.user, command }).await
}

/// The outcome of a command about the staff.
pub(super) async fn of_staff(
    State(state): State<EdgeState>,
    _: Caller,
    Ids(command): Ids<CommandId>,
) -> Result<Response, Problem> {
    asked(&state, "user", OutcomeQuery { user: UserId::new(STAFF.uuid()), command }).await
}

async fn asked(state: &EdgeState, service: &str, query: OutcomeQuery) -> Result<Response, Problem> {
    let command = query.command;
    match plyo_nats::outcome(&state.nats, service, &query).await? {
        None => Ok((StatusCode::ACCEPTED, Json(OutcomeView::Pending { command_id: command })).into_response()),
        Some(stored) => match settle(stored.outcome)? {
            Submitted::Done(result) => Ok(Json(OutcomeView::Done { result }).into_response()),
            Submitted::Pending => Err(NOT_FOUND.into()),
        },
    }
}

/// It answers with whatever any command was answered with.
pub(super) fn answers_of_commands(operation: Operation) -> Operation {
    let mut operation = operation.with_token().asks_a_service().codes(&[submit::DEAD_LETTER]);
    operation.also = Some((StatusCode::ACCEPTED, "It is not handled yet, or was never sent"));
    CommandKind::ALL
        .iter()
        .filter(|kind| kind.is_released())
        .fold(operation, |operation, kind| operation.rejections(kind.rejections()))
}

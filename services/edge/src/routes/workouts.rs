//! `/workouts`: the training log.

use axum::{
    Router,
    extract::{Path, Request, State},
    http::HeaderMap,
    response::Response,
    routing::get,
};
use jiff::Timestamp;
use plyo_events::{
    Reject,
    workout::{
        CorrectWorkout, DeleteWorkout, GetWorkout, ListExercises, ListRecords, ListWorkouts, LogWorkout, Workout,
    },
};

use super::{CommandRequest, Paging, answer, id, nowhere};
use crate::{EdgeState, caller::Caller, problem::Problem};

pub(super) fn router() -> Router<EdgeState> {
    Router::new()
        .route("/workouts", get(list).post(log))
        .route("/workouts/records", get(records))
        .route("/workouts/exercises", get(exercises))
        .route("/workouts/{id}", get(one).put(correct).delete(delete))
}

async fn log(State(state): State<EdgeState>, request: Request) -> Result<Response, Problem> {
    let request = CommandRequest::read(&state, request).await?;
    let workout = valid(request.decode()?)?;
    let place = |result: &serde_json::Value| Some(format!("/api/v1/workouts/{}", result["workout_id"].as_str()?));
    request.send(&state, "POST /workouts", LogWorkout { workout }, place).await
}

async fn correct(
    State(state): State<EdgeState>,
    Path(workout): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let request = CommandRequest::read(&state, request).await?;
    let workout_id = id(&workout)?;
    let workout = valid(request.decode()?)?;
    request.send(&state, &format!("PUT /workouts/{workout_id}"), CorrectWorkout { workout_id, workout }, nowhere).await
}

async fn delete(
    State(state): State<EdgeState>,
    Path(workout): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let request = CommandRequest::without_body(&state, request)?;
    let workout_id = id(&workout)?;
    request.send(&state, &format!("DELETE /workouts/{workout_id}"), DeleteWorkout { workout_id }, nowhere).await
}

async fn one(
    State(state): State<EdgeState>,
    caller: Caller,
    Path(workout): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let workout_id = id(&workout)?;
    answer(&state, &headers, GetWorkout { user: caller.user, workout_id }).await
}

async fn list(
    State(state): State<EdgeState>,
    caller: Caller,
    paging: Paging,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    answer(&state, &headers, ListWorkouts { user: caller.user, cursor: paging.cursor, limit: paging.limit }).await
}

async fn records(State(state): State<EdgeState>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    answer(&state, &headers, ListRecords { user: caller.user }).await
}

async fn exercises(State(state): State<EdgeState>, _: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    answer(&state, &headers, ListExercises {}).await
}

/// What can be refused here needs no way through the stream; the service checks it again.
pub(crate) fn valid(workout: Workout) -> Result<Workout, Problem> {
    let violations = workout.violations(Timestamp::now());
    if violations.is_empty() { Ok(workout) } else { Err(Reject::violations(violations).into()) }
}

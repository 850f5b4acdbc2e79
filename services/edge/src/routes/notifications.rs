//! `/notifications`: what the caller was told, and what they want to be told.

use axum::{
    Router,
    extract::{Path, Query as UrlQuery, Request, State},
    http::HeaderMap,
    response::Response,
    routing::{get, post},
};
use plyo_events::notification::{
    CountNotifications, GetPreferences, ListNotifications, ReadAllNotifications, ReadNotification, SetPreferences,
};
use serde::Deserialize;

use super::{CommandRequest, Paging, answer, id, nowhere};
use crate::{EdgeState, caller::Caller, problem::Problem};

#[derive(Deserialize)]
struct Filter {
    #[serde(default)]
    unread: bool,
}

pub(super) fn router() -> Router<EdgeState> {
    Router::new()
        .route("/notifications", get(list))
        .route("/notifications/counts", get(counts))
        .route("/notifications/preferences", get(preferences).put(set_preferences))
        .route("/notifications/read-all", post(read_all))
        .route("/notifications/{id}/read", post(read))
}

async fn list(
    State(state): State<EdgeState>,
    caller: Caller,
    paging: Paging,
    filter: Result<UrlQuery<Filter>, axum::extract::rejection::QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let UrlQuery(filter) = filter.map_err(|_| Problem::invalid("invalid_filter", "unread is true or false"))?;
    let query =
        ListNotifications { user: caller.user, unread_only: filter.unread, cursor: paging.cursor, limit: paging.limit };
    answer(&state, &headers, query).await
}

async fn counts(State(state): State<EdgeState>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    answer(&state, &headers, CountNotifications { user: caller.user }).await
}

async fn preferences(State(state): State<EdgeState>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    answer(&state, &headers, GetPreferences { user: caller.user }).await
}

async fn set_preferences(State(state): State<EdgeState>, request: Request) -> Result<Response, Problem> {
    let request = CommandRequest::read(&state, request).await?;
    let set: SetPreferences = request.decode()?;
    request.send(&state, "PUT /notifications/preferences", set, nowhere).await
}

async fn read(
    State(state): State<EdgeState>,
    Path(notification): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    let request = CommandRequest::without_body(&state, request)?;
    let notification_id = id(&notification)?;
    request
        .send(
            &state,
            &format!("POST /notifications/{notification_id}/read"),
            ReadNotification { notification_id },
            nowhere,
        )
        .await
}

async fn read_all(State(state): State<EdgeState>, request: Request) -> Result<Response, Problem> {
    let request = CommandRequest::without_body(&state, request)?;
    request.send(&state, "POST /notifications/read-all", ReadAllNotifications {}, nowhere).await
}

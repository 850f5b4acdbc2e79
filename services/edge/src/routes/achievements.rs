//! `/achievements`: every rule, and how far the caller is.

use axum::{Router, extract::State, http::HeaderMap, response::Response, routing::get};
use plyo_events::achievement::ListAchievements;

use super::answer;
use crate::{EdgeState, caller::Caller, problem::Problem};

pub(super) fn router() -> Router<EdgeState> {
    Router::new().route("/achievements", get(list))
}

async fn list(State(state): State<EdgeState>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    answer(&state, &headers, ListAchievements { user: caller.user }).await
}

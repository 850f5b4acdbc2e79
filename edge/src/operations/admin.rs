//! `/admin`: everybody's accounts, for moderators and admins. What they do becomes a command about the staff, with who did it.

use axum::{
    body::Body,
    extract::{FromRequestParts, Query as UrlQuery, State},
    http::{HeaderMap, Method, StatusCode, request::Parts},
    response::Response,
};
use plyo_events::{
    Command, CommandKind, UserId,
    administration::{
        ChangeRole, ForceLogOut, GetAccount, ListAccounts, ListActs, ReinstateUser, Role, RoleChange, SuspendUser,
        SuspensionReason,
    },
    profile::Handle,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Answer, Ids, Operation, command,
    command::becomes_of,
    gives, operation,
    outcome::{self, OutcomeView},
    query::{Paging, Parameters, list, query},
};
use crate::{
    EdgeState, body,
    caller::Caller,
    problem::{Code, Problem},
};

/// Why an account is suspended.
#[derive(Deserialize, JsonSchema)]
pub(super) struct Suspension {
    reason: SuspensionReason,
}

/// It is done.
#[derive(Serialize, JsonSchema)]
struct Done {}

/// Which accounts, and the page of them.
struct AccountFilter {
    paging: Paging,
    only: Only,
}

#[derive(Deserialize)]
struct Only {
    role: Option<Role>,
    suspended: Option<bool>,
    handle: Option<Handle>,
}

const INVALID_FILTER: Code = Code::new(
    StatusCode::UNPROCESSABLE_ENTITY,
    "invalid_filter",
    "role must be a role, suspended true or false, and handle a handle",
);

pub(super) fn operations() -> Vec<Operation> {
    vec![
        list("/admin/users", "Accounts, the newest first", |_, (), AccountFilter { paging, only }| ListAccounts {
            role: only.role,
            suspended: only.suspended,
            handle: only.handle,
            cursor: paging.cursor,
            limit: paging.limit,
        })
        .for_role(Role::Moderator),
        query("/admin/users/{id}", "One account", |_, user_id| GetAccount { user_id }).for_role(Role::Moderator),
        act(
            operation(
                Method::POST,
                "/admin/users/{id}/suspend",
                "Suspend an account: it is logged out everywhere and logs in no more",
                suspend,
                DONE,
            )
            .takes::<Suspension>(),
            CommandKind::SuspendUser,
        )
        .for_role(Role::Moderator),
        act(
            operation(
                Method::POST,
                "/admin/users/{id}/reinstate",
                "Let a suspended account log in again",
                reinstate,
                DONE,
            )
            .takes_nothing(),
            CommandKind::ReinstateUser,
        )
        .for_role(Role::Moderator),
        act(
            operation(
                Method::DELETE,
                "/admin/users/{id}/sessions",
                "Log an account out everywhere; its access tokens end, too",
                force_log_out,
                DONE,
            )
            .takes_nothing(),
            CommandKind::ForceLogOut,
        )
        .for_role(Role::Moderator),
        act(
            operation(Method::PUT, "/admin/users/{id}/roles/{role}", "Give somebody a role", grant, DONE)
                .takes_nothing(),
            CommandKind::ChangeRole,
        )
        .for_role(Role::Admin),
        act(
            operation(Method::DELETE, "/admin/users/{id}/roles/{role}", "Take a role from somebody", withdraw, DONE)
                .takes_nothing(),
            CommandKind::ChangeRole,
        )
        .for_role(Role::Admin),
        list("/admin/audit", "Who did what to whom, the newest first", |_, (), Paging { cursor, limit }| ListActs {
            cursor,
            limit,
        })
        .for_role(Role::Admin),
        outcome::answers_of_commands(operation(
            Method::GET,
            "/admin/commands/{id}",
            "The outcome of a command about somebody's account",
            outcome::of_staff,
            gives::<OutcomeView>(),
        ))
        .for_role(Role::Moderator),
    ]
}

const DONE: Answer = gives::<Done>();

/// Something that is done to somebody's account.
fn act(operation: Operation, kind: CommandKind) -> Operation {
    becomes_of(operation.asks::<GetAccount>(), kind)
}

async fn suspend(
    State(state): State<EdgeState>,
    caller: Caller,
    Ids(user_id): Ids<UserId>,
    headers: HeaderMap,
    content: Body,
) -> Result<Response, Problem> {
    let content = body::read(&headers, content).await?;
    let Suspension { reason } = body::decode(&content)?;
    send(&state, caller, user_id, &headers, SuspendUser { user_id, reason, by: Some(caller.user) }).await
}

async fn reinstate(
    State(state): State<EdgeState>,
    caller: Caller,
    Ids(user_id): Ids<UserId>,
    headers: HeaderMap,
    content: Body,
) -> Result<Response, Problem> {
    body::none(content).await?;
    send(&state, caller, user_id, &headers, ReinstateUser { user_id, by: Some(caller.user) }).await
}

async fn force_log_out(
    State(state): State<EdgeState>,
    caller: Caller,
    Ids(user_id): Ids<UserId>,
    headers: HeaderMap,
    content: Body,
) -> Result<Response, Problem> {
    body::none(content).await?;
    send(&state, caller, user_id, &headers, ForceLogOut { user_id, by: Some(caller.user) }).await
}

async fn grant(
    State(state): State<EdgeState>,
    caller: Caller,
    Ids((user_id, role)): Ids<(UserId, Role)>,
    headers: HeaderMap,
    content: Body,
) -> Result<Response, Problem> {
    body::none(content).await?;
    let change = RoleChange::Granted;
    send(&state, caller, user_id, &headers, ChangeRole { user_id, role, change, by: Some(caller.user) }).await
}

async fn withdraw(
    State(state): State<EdgeState>,
    caller: Caller,
    Ids((user_id, role)): Ids<(UserId, Role)>,
    headers: HeaderMap,
    content: Body,
) -> Result<Response, Problem> {
    body::none(content).await?;
    let change = RoleChange::Withdrawn;
    send(&state, caller, user_id, &headers, ChangeRole { user_id, role, change, by: Some(caller.user) }).await
}

/// Who decides about the staff does not know who is registered, which is decided elsewhere and never undone.
async fn send(
    state: &EdgeState,
    caller: Caller,
    of: UserId,
    headers: &HeaderMap,
    command: impl Into<Command>,
) -> Result<Response, Problem> {
    plyo_nats::ask(&state.nats, &GetAccount { user_id: of }).await?;
    command::send(state, caller, headers, "/admin", command.into(), DONE).await
}

impl Parameters for AccountFilter {
    fn describe(operation: Operation) -> Operation {
        let roles = json!({ "type": "string", "enum": Role::ALL.map(Role::name) });
        Paging::describe(operation)
            .codes(&[INVALID_FILTER])
            .parameter("query", "role", "Only those who have it", roles)
            .parameter("query", "suspended", "Only those who are, or are not", json!({ "type": "boolean" }))
            .parameter("query", "handle", "Only the one who has it", json!({ "type": "string" }))
    }
}

impl FromRequestParts<EdgeState> for AccountFilter {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &EdgeState) -> Result<Self, Problem> {
        let paging = Paging::from_request_parts(parts, state).await?;
        let only = UrlQuery::<Only>::from_request_parts(parts, state).await.map_err(|_| INVALID_FILTER)?;
        Ok(Self { paging, only: only.0 })
    }
}

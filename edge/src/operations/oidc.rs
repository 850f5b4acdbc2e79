//! `/auth/oidc` and `/auth/links`: log-ins with other providers. The user service talks to them; a client brings what they add to the
//! redirect URI, with the secret that it got when it started.

use std::time::Duration;

use axum::{
    Json,
    body::Body,
    extract::{Request, State},
    http::{Method, StatusCode},
    response::{IntoResponse, Response},
};
use plyo_events::{
    Command, CommandId, CommandKind, LinkId,
    erasure::ERASED,
    rejection::IDEMPOTENCY_KEY_REUSED,
    user::{
        AddLink, LinkView, ListLinks, ListProviders, Locale, LogInWithProvider, ProveProviderAccount, ProviderAnswer,
        ProviderStart, ProviderView, RegisterUser, RemoveLink, StartLink, StartProviderLogIn, TimeZoneName, Tokens,
    },
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    Answer, Ids, Operation,
    auth::{read, secret},
    command::NO_REVISIONS,
    credentials::PresentPassword,
    gives,
    me::check_zone,
    operation, status,
};
use crate::{
    EdgeState, body,
    caller::Caller,
    connection::ClientAddress,
    device,
    limits::{ADDRESS, Standing},
    problem::Problem,
    submit::{self, Submission, submit},
};

/// How long a log-in waits until who is new is registered.
const REGISTERED_WITHIN: Duration = Duration::from_secs(10);

/// What a provider added to the redirect URI, and the secret of the start.
#[derive(Deserialize, JsonSchema)]
struct Returned {
    code: String,
    state: String,
    secret: String,
}

/// The same, and what an account that is new begins with.
#[derive(Deserialize, JsonSchema)]
struct ReturnedToLogIn {
    code: String,
    state: String,
    secret: String,
    /// Of the authenticator app, or a recovery code, where the account has one. Whoever is asked for it sends all of this again.
    #[serde(default)]
    second_factor: Option<String>,
    #[serde(default)]
    locale: Locale,
    #[serde(default)]
    time_zone: TimeZoneName,
}

pub(super) fn operations() -> [Operation; 7] {
    const GET: Method = Method::GET;
    const POST: Method = Method::POST;
    [
        operation(GET, "/auth/oidc", "The providers that log in here", providers, gives::<Vec<ProviderView>>())
            .limited_by(&[&ADDRESS])
            .asks::<ListProviders>(),
        operation(
            POST,
            "/auth/oidc/{provider}/login/start",
            "Start a log-in with a provider: where the person is to go. The provider sends them back to /oidc/{provider} of the public URL, within ten minutes",
            start,
            gives::<ProviderStart>(),
        )
        .takes_nothing()
        .limited_by(&[&ADDRESS])
        .requests::<StartProviderLogIn>(),
        operation(
            POST,
            "/auth/oidc/{provider}/login",
            "Log in with what a provider answered; signs up whoever is new, if the provider vouches for an e-mail address that has no account",
            log_in,
            gives::<Tokens>(),
        )
        .takes::<ReturnedToLogIn>()
        .codes(&[NO_REVISIONS])
        .codes(&submit::CODES)
        .limited_by(&[&ADDRESS])
        .requests::<ProveProviderAccount>()
        .rejections(CommandKind::RegisterUser.rejections())
        .rejections(&[IDEMPOTENCY_KEY_REUSED, ERASED])
        .requests::<LogInWithProvider>(),
        operation(
            POST,
            "/auth/oidc/{provider}/link/start",
            "Start to link an account of a provider",
            start_link,
            gives::<ProviderStart>(),
        )
        .with_token()
        .takes::<PresentPassword>()
        .requests::<StartLink>(),
        operation(
            POST,
            "/auth/oidc/{provider}/link",
            "Link an account of a provider with what the provider answered: it logs in to mine",
            link,
            Answer { status: StatusCode::CREATED, ..gives::<LinkView>() },
        )
        .with_token()
        .takes::<Returned>()
        .requests::<AddLink>(),
        operation(GET, "/auth/links", "The accounts of providers that log in to mine", list, gives::<Vec<LinkView>>())
            .with_token()
            .asks::<ListLinks>(),
        operation(
            POST,
            "/auth/links/{id}/remove",
            "Log in with an account of a provider no more",
            unlink,
            status(StatusCode::NO_CONTENT),
        )
        .with_token()
        .takes::<PresentPassword>()
        .requests::<RemoveLink>(),
    ]
}

async fn providers(
    State(state): State<EdgeState>,
    ClientAddress(address): ClientAddress,
    standing: Standing,
) -> Result<Response, Problem> {
    state.limits.address(address, &standing)?;
    Ok(Json(plyo_nats::ask(&state.nats, &ListProviders {}).await?).into_response())
}

async fn start(
    State(state): State<EdgeState>,
    ClientAddress(address): ClientAddress,
    standing: Standing,
    Ids(provider): Ids<String>,
    content: Body,
) -> Result<Response, Problem> {
    body::none(content).await?;
    state.limits.address(address, &standing)?;
    Ok(secret(Json(plyo_nats::request(&state.nats, &StartProviderLogIn { provider }).await?)))
}

async fn log_in(
    State(state): State<EdgeState>,
    ClientAddress(address): ClientAddress,
    standing: Standing,
    Ids(provider): Ids<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (headers, ReturnedToLogIn { code, state: flow, secret: own, second_factor, locale, time_zone }) =
        read(request).await?;
    check_zone(&time_zone)?;
    state.limits.address(address, &standing)?;
    let answer = ProviderAnswer { provider, code, state: flow.clone(), secret: own.clone() };
    let proven = plyo_nats::request(&state.nats, &ProveProviderAccount { answer }).await?;
    if !proven.is_registered {
        let command = Command::from(RegisterUser { locale, time_zone });
        // As of a sign-up: whoever comes again has it answered by the first.
        let submission = Submission {
            id: CommandId::derive(proven.user_id.uuid(), "POST /auth/register"),
            fingerprint: String::new(),
            wait: REGISTERED_WITHIN,
            ..Submission::of_request(&state, proven.user_id, &headers, command).await?
        };
        submit(&state, submission).await?;
    }
    let log_in = LogInWithProvider { state: flow, secret: own, device: device::of(&headers), second_factor };
    Ok(secret(Json(plyo_nats::request(&state.nats, &log_in).await?)))
}

async fn start_link(
    State(state): State<EdgeState>,
    caller: Caller,
    Ids(provider): Ids<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (_, PresentPassword { password }) = read(request).await?;
    let start = StartLink { user: caller.user, provider, password };
    Ok(secret(Json(plyo_nats::request(&state.nats, &start).await?)))
}

async fn link(
    State(state): State<EdgeState>,
    caller: Caller,
    Ids(provider): Ids<String>,
    request: Request,
) -> Result<Response, Problem> {
    let (_, Returned { code, state: flow, secret }) = read(request).await?;
    let answer = ProviderAnswer { provider, code, state: flow, secret };
    let added = plyo_nats::request(&state.nats, &AddLink { user: caller.user, answer }).await?;
    Ok((StatusCode::CREATED, Json(added)).into_response())
}

async fn list(State(state): State<EdgeState>, caller: Caller) -> Result<Response, Problem> {
    Ok(Json(plyo_nats::ask(&state.nats, &ListLinks { user: caller.user }).await?).into_response())
}

async fn unlink(
    State(state): State<EdgeState>,
    caller: Caller,
    Ids(link_id): Ids<LinkId>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (_, PresentPassword { password }) = read(request).await?;
    plyo_nats::request(&state.nats, &RemoveLink { user: caller.user, link_id, password }).await?;
    Ok(StatusCode::NO_CONTENT)
}

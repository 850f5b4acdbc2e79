//! One WebSocket from its upgrade to its close.

use axum::{
    extract::{
        State, WebSocketUpgrade,
        ws::{CloseFrame, Message, Utf8Bytes, WebSocket, rejection::WebSocketUpgradeRejection},
    },
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use futures_util::StreamExt;
use jiff::Timestamp;
use plyo_events::user::Scope;
use tokio::time::timeout;

use super::{
    close::Close,
    frames::{self, ClientFrame, End, Format, MESSAGE_PACK, ServerFrame, Unheard, cursor},
    hub::CLOSE_TIMEOUT,
    shutdown::ShutdownShare,
    topics::{self, Followed},
};
use crate::{
    EdgeState,
    caller::Caller,
    connection::ClientAddress,
    limits::Standing,
    problem::{Code, Problem},
};

mod commands;
mod session;

use session::Session;

/// A frame that is too large is heard out up to here, or the answer to it would be lost to a reset.
const MAX_DROPPED_BYTES: usize = 256 * 1024;

pub(crate) const NO_UPGRADE: Code =
    Code::new(StatusCode::UPGRADE_REQUIRED, "no_upgrade", "this is a WebSocket; ask for an upgrade to one");
pub(crate) const FOREIGN_ORIGIN: Code =
    Code::new(StatusCode::FORBIDDEN, "foreign_origin", "this origin is not allowed to connect");

pub(crate) async fn upgrade(
    State(state): State<EdgeState>,
    ClientAddress(address): ClientAddress,
    standing: Standing,
    headers: HeaderMap,
    upgrade: Result<WebSocketUpgrade, WebSocketUpgradeRejection>,
) -> Result<Response, Problem> {
    let upgrade = upgrade.map_err(|rejection| NO_UPGRADE.because(rejection.body_text()))?;
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    if let Some(origin) = origin.filter(|origin| !is_allowed(&state, &headers, origin)) {
        return Err(FOREIGN_ORIGIN.because(format!("the origin {origin} is not allowed to connect")));
    }
    state.limits.address(address, &standing)?;
    // A socket has 130 KiB by default, idle or not. What is written is gathered in a buffer that grows with use alone,
    // so that a replay is not one system call per event.
    let upgrade = upgrade
        .protocols([MESSAGE_PACK])
        .read_buffer_size(4096)
        .write_buffer_size(16 * 1024)
        .max_message_size(MAX_DROPPED_BYTES)
        .max_frame_size(MAX_DROPPED_BYTES);
    let format = if upgrade.selected_protocol().is_some() { Format::MessagePack } else { Format::Json };
    // From here on an edge that closes waits for it.
    let shutdown = state.hub.shutdown();
    Ok(upgrade.on_upgrade(move |socket| serve(state, socket, format, shutdown)))
}

/// An origin of the configuration, or the edge's own (its documentation page).
fn is_allowed(state: &EdgeState, headers: &HeaderMap, origin: &str) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own = origin.split_once("://").is_some_and(|(_, authority)| authority == host);
    own || state.config.allowed_origins.iter().any(|allowed| allowed.is(origin.as_bytes()))
}

async fn serve(state: EdgeState, mut socket: WebSocket, format: Format, mut shutdown: ShutdownShare) {
    // Greeting takes far more memory than listening; the box is gone when it is over.
    let end = match Box::pin(greet(state, &mut socket, format, &mut shutdown)).await {
        Ok(mut session) => session.run(&mut socket, &mut shutdown).await,
        Err(end) => end,
    };
    if let Some((close, format)) = end {
        metrics::counter!("plyo_edge_closes_total", "code" => close.code.to_string()).increment(1);
        // One that does not answer is closed all the same.
        let _ = Box::pin(timeout(CLOSE_TIMEOUT, say_bye(socket, close, format))).await;
    }
}

async fn say_bye(mut socket: WebSocket, close: Close, format: Format) -> Result<(), axum::Error> {
    let (retry_ms, resume) = (close.retry_ms(), close.is_temporary());
    let bye = ServerFrame::Bye { code: close.code, reason: close.reason, retry_ms, resume };
    let frame = CloseFrame { code: close.code, reason: Utf8Bytes::from_static(close.reason) };
    socket.send(frames::write(&bye, format)).await?;
    socket.send(Message::Close(Some(frame))).await?;
    // The other side closes; what it still says is read and dropped, or the close would be lost to a reset.
    while let Some(Ok(_)) = socket.next().await {}
    Ok(())
}

/// Waits for `hello`, and answers it with `welcome`, what was missed, and `ready`. `format` is that of the subprotocol.
async fn greet(
    state: EdgeState,
    socket: &mut WebSocket,
    format: Format,
    shutdown: &mut ShutdownShare,
) -> Result<Session, End> {
    let first = tokio::select! {
        first = timeout(state.config.live.hello, first_frame(socket)) => first,
        () = shutdown.announced() => return Err(Some((Close::GOING_AWAY, format))),
    };
    let message =
        first.map_err(|_| Some((Close::NO_HELLO, format)))?.map_err(|close| close.map(|close| (close, format)))?;
    let (frame, format) = match frames::read(&message) {
        Ok(heard) => (heard.frame, heard.format),
        Err(Unheard::Close(close)) => return Err(Some((close, format))),
        Err(Unheard::Unknown | Unheard::Wrong { .. }) => return Err(Some((Close::MALFORMED, format))),
    };
    let ClientFrame::Hello { token, cursor: asked, subs } = frame else {
        return Err(Some((Close::MALFORMED, format)));
    };
    let caller = authenticate(&state, &token).await;
    let caller = caller.map_err(|problem| Some((Close::refused(&problem), format)))?;
    // From here on the connection is woken by whatever happens after the head that it begins at.
    let mut connection = state.hub.connect(caller.user, "websocket");
    let followed = subs.iter().map(|name| topics::follow(&state.config, caller.user, &mut connection, name));
    let followed: Vec<_> = followed.collect();
    let start = state.hub.resume(connection.follows(), asked.as_deref()).await;
    let welcome = ServerFrame::Welcome {
        session: uuid::Uuid::now_v7().simple().to_string(),
        heartbeat_ms: u64::try_from(state.config.live.heartbeat.as_millis()).unwrap_or(u64::MAX),
        head: cursor(start.epoch, start.head),
        resume: start.resume,
    };
    let mut session = Session::new(state, caller, format, connection, &start);
    session.say(socket, &welcome).await?;
    for topic in followed {
        match topic {
            Ok(Followed::Announcements) => session.announcements(true),
            Ok(Followed::Events { .. }) => {}
            Err(code) => session.refuse(socket, 0, code.name).await?,
        }
    }
    session.ready(socket).await?;
    Ok(session)
}

/// Whoever may hear what happens to them.
async fn authenticate(state: &EdgeState, token: &str) -> Result<Caller, Problem> {
    let caller = state.callers.authenticate(&state.nats, token, Timestamp::now()).await?;
    caller.scopes.check(Some(Scope::EventsRead))?;
    Ok(caller)
}

/// The first frame that is the client's and not the protocol's.
async fn first_frame(socket: &mut WebSocket) -> Result<Message, Option<Close>> {
    loop {
        match socket.next().await {
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_))) | None => return Err(None),
            Some(Ok(message)) => return Ok(message),
            Some(Err(error)) => return Err(Close::failed(&error)),
        }
    }
}

#[cfg(feature = "inside")]
pub(super) fn hear(message: &Message) {
    if let Ok(frames::Heard { frame: ClientFrame::Cmd { kind, .. }, data, .. }) = frames::read(message) {
        // Whatever it is, it is read or refused.
        let _ = commands::decode(&kind, &data);
    }
}

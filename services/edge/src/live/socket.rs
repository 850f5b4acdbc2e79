//! One WebSocket: a position in the ring and nothing else. A slow one falls behind without harm to others.

use std::{net::SocketAddr, time::Duration};

use axum::{
    extract::{
        ConnectInfo, State, WebSocketUpgrade,
        ws::{CloseFrame, Message, Utf8Bytes, WebSocket},
    },
    http::{HeaderMap, StatusCode, header},
    response::Response,
};
use futures_util::{SinkExt, StreamExt};
use jiff::Timestamp;
use tokio::{
    sync::{broadcast, mpsc},
    time::{Instant, timeout},
};

use super::{
    frames::{self, ClientFrame, Close, Format, ResumeMode, ServerFrame, cursor},
    hub::{ANNOUNCEMENTS, Watch},
};
use crate::{EdgeState, caller::Caller, problem::Problem};

mod commands;

const HELLO: Duration = Duration::from_secs(5);
const HEARTBEAT: Duration = Duration::from_secs(25);
/// A write that takes longer has nobody at its other end.
const PATIENCE: Duration = Duration::from_secs(30);
const MOST_BYTES: usize = 64 * 1024;
/// Events written before the socket is flushed.
const AT_A_TIME: usize = 512;
const UNKNOWN_FRAMES: u32 = 10;

pub(super) async fn upgrade(
    State(state): State<EdgeState>,
    ConnectInfo(address): ConnectInfo<SocketAddr>,
    headers: HeaderMap,
    upgrade: WebSocketUpgrade,
) -> Result<Response, Problem> {
    let origin = headers.get(header::ORIGIN).map(|origin| origin.to_str().unwrap_or_default());
    if let Some(origin) = origin.filter(|origin| !is_allowed(&state, &headers, origin)) {
        return Err(Problem::new(
            StatusCode::FORBIDDEN,
            "foreign_origin",
            format!("the origin {origin} may not connect here"),
        ));
    }
    state.limits.address(address.ip())?;
    // The buffers that a socket is given otherwise cost 130 KiB, idle or not.
    let upgrade =
        upgrade.read_buffer_size(4096).write_buffer_size(0).max_message_size(MOST_BYTES).max_frame_size(MOST_BYTES);
    Ok(upgrade.on_upgrade(move |socket| serve(state, socket)))
}

/// An origin of the configuration, or the edge's own (its documentation page).
fn is_allowed(state: &EdgeState, headers: &HeaderMap, origin: &str) -> bool {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let own = origin.split_once("://").is_some_and(|(_, authority)| authority == host);
    own || state.config.allowed_origins.iter().any(|allowed| allowed == origin)
}

async fn serve(state: EdgeState, mut socket: WebSocket) {
    let close = match Box::pin(greet(&state, &mut socket)).await {
        Ok(mut live) => live.run(&mut socket).await,
        Err(close) => close,
    };
    if let Some((close, format)) = close {
        let bye =
            ServerFrame::Bye { code: close.code, reason: close.reason, retry_ms: 1_000, resume: close.is_temporary() };
        let frame = CloseFrame { code: close.code, reason: Utf8Bytes::from_static(close.reason) };
        let goodbye = async {
            socket.send(frames::write(&bye, format)).await?;
            socket.send(Message::Close(Some(frame))).await?;
            // The other side closes; what it still says is read and dropped, or the close would be lost to a reset.
            while let Some(Ok(_)) = socket.next().await {}
            Ok::<_, axum::Error>(())
        };
        // One that does not answer is closed all the same.
        let _ = timeout(Duration::from_secs(2), goodbye).await;
    }
}

/// How a socket ends: with words, or because the other side is gone.
type End = Option<(Close, Format)>;

/// A socket that has said hello.
struct Live {
    state: EdgeState,
    caller: Caller,
    format: Format,
    watch: Watch,
    epoch: u64,
    /// Everything of this user up to here was sent.
    sent: u64,
    follows_me: bool,
    announcements: Option<broadcast::Receiver<Utf8Bytes>>,
    /// Answers of commands that are under way; made with the first.
    commands: Option<(mpsc::UnboundedSender<Message>, mpsc::UnboundedReceiver<Message>)>,
    pings_unanswered: u32,
    unknown_frames: u32,
    asked_for_token: bool,
}

/// Waits for `hello`, and answers it with `welcome`, what was missed, and `ready`.
async fn greet(state: &EdgeState, socket: &mut WebSocket) -> Result<Live, End> {
    let first = timeout(HELLO, socket.next()).await.map_err(|_| Some((Close::NO_HELLO, Format::Json)))?;
    let message = match first {
        Some(Ok(message)) => message,
        Some(Err(error)) => return Err(read_failure(&error).map(|close| (close, Format::Json))),
        None => return Err(None),
    };
    let Some((ClientFrame::Hello { token, cursor: asked, subs }, format)) = frames::read(&message) else {
        return Err(Some((Close::MALFORMED, Format::Json)));
    };
    let end = |close| Some((close, format));
    let caller = state.callers.verify(&token, Timestamp::now()).map_err(|problem| end(refusal(&problem)))?;
    let hub = &state.hub;
    // Watching begins before the head is read: what comes in between wakes.
    let watch = hub.watch(caller.user);
    let epoch = hub.epoch();
    let (resume, sent) = hub.resume(asked.as_deref()).await;
    if let Some(why) = resume.why {
        metrics::counter!("plyo_edge_resets_total", "why" => why).increment(1);
    }
    let mut live = Live {
        state: state.clone(),
        caller,
        format,
        watch,
        epoch,
        sent,
        follows_me: false,
        announcements: None,
        commands: None,
        pings_unanswered: 0,
        unknown_frames: 0,
        asked_for_token: false,
    };
    subs.iter().for_each(|topic| {
        live.subscribe(topic, true);
    });
    let session = uuid::Uuid::now_v7().simple().to_string();
    let head = cursor(epoch, sent);
    let welcome = ServerFrame::Welcome { session, heartbeat_ms: HEARTBEAT.as_millis() as u64, head, resume };
    live.say(socket, &welcome).await.map_err(|()| None)?;
    let replayed = if resume.mode == ResumeMode::Replay { live.catch_up(socket).await? } else { 0 };
    live.say(socket, &ServerFrame::Ready { c: live.cursor(), replayed }).await.map_err(|()| None)?;
    Ok(live)
}

impl Live {
    async fn run(&mut self, socket: &mut WebSocket) -> End {
        let mut closing = self.state.hub.closing();
        let mut heartbeat = Instant::now() + HEARTBEAT;
        loop {
            let end = tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(message)) => Box::pin(self.hear(socket, message)).await,
                    Some(Err(error)) => Err(read_failure(&error).map(|close| (close, self.format))),
                    None => Err(None),
                },
                () = self.watch.woken() => self.catch_up(socket).await.map(|_| ()),
                text = received(&mut self.announcements) => self.send(socket, frames::write_rendered(text, self.format)).await.map_err(|()| None),
                message = answered(&mut self.commands) => self.send(socket, message).await.map_err(|()| None),
                () = tokio::time::sleep_until(heartbeat) => {
                    heartbeat = Instant::now() + HEARTBEAT;
                    Box::pin(self.beat(socket)).await
                }
                () = closed(&mut closing) => Err(self.end(Close::GOING_AWAY)),
            };
            if let Err(end) = end {
                return end;
            }
        }
    }

    /// Sends what is new about this user, in order. Gives how many events that were.
    async fn catch_up(&mut self, socket: &mut WebSocket) -> Result<u64, End> {
        let hub = std::sync::Arc::clone(&self.state.hub);
        if hub.is_revoked(self.caller.session) {
            return Err(self.end(Close::SESSION_REVOKED));
        }
        if hub.epoch() != self.epoch {
            return Err(self.end(Close::GOING_AWAY));
        }
        let mut count = 0;
        if !self.follows_me {
            self.sent = hub.head();
            return Ok(count);
        }
        loop {
            let missed =
                hub.missed(self.caller.user, self.sent, AT_A_TIME).ok_or_else(|| self.end(Close::FELL_BEHIND))?;
            let more = missed.events.len() == AT_A_TIME;
            for (sequence, rendered) in missed.events {
                let (previous, this) = (self.cursor(), cursor(self.epoch, sequence));
                let text = format!(r#"{{"t":"evt","c":"{this}","p":"{previous}","topic":"me",{rendered}}}"#);
                let fed = timeout(PATIENCE, socket.feed(frames::write_rendered(text.into(), self.format))).await;
                fed.map_err(|_| self.end(Close::FELL_BEHIND))?.map_err(|_| None)?;
                self.sent = sequence;
                count += 1;
            }
            if !more {
                break;
            }
        }
        if count > 0 {
            timeout(PATIENCE, socket.flush()).await.map_err(|_| self.end(Close::FELL_BEHIND))?.map_err(|_| None)?;
        }
        Ok(count)
    }

    /// Every 25 s: a checkpoint, and whether the other side is still there and may be.
    async fn beat(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        let now = Timestamp::now();
        if self.caller.expires <= now {
            return Err(self.end(Close::TOKEN_EXPIRED));
        }
        if self.pings_unanswered >= 2 {
            return Err(self.end(Close::NO_PONG));
        }
        self.catch_up(socket).await?;
        let missed = self.state.hub.missed(self.caller.user, self.sent, 1);
        if let Some(missed) = missed.filter(|missed| missed.events.is_empty()) {
            self.sent = missed.checkpoint;
        }
        self.pings_unanswered += 1;
        self.say(socket, &ServerFrame::Ping { c: self.cursor() }).await.map_err(|()| None)?;
        if !self.asked_for_token && self.caller.expires.duration_since(now).as_secs() < 60 {
            self.asked_for_token = true;
            self.say(socket, &ServerFrame::AuthReq {}).await.map_err(|()| None)?;
        }
        Ok(())
    }

    async fn hear(&mut self, socket: &mut WebSocket, message: Message) -> Result<(), End> {
        self.pings_unanswered = 0;
        let frame = match &message {
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(None),
            message => frames::read(message).ok_or_else(|| self.end(Close::MALFORMED))?.0,
        };
        let answer = match frame {
            ClientFrame::Ack {} | ClientFrame::Pong {} => return Ok(()),
            ClientFrame::Sub { n, topic } => self.topic(n, &topic, true),
            ClientFrame::Unsub { n, topic } => self.topic(n, &topic, false),
            ClientFrame::Auth { n, token } => match self.state.callers.verify(&token, Timestamp::now()) {
                Ok(caller) if caller.user == self.caller.user => {
                    self.caller = caller;
                    self.asked_for_token = false;
                    ServerFrame::Ok { n, result: None }
                }
                Ok(_) => ServerFrame::Err { n, code: "other_user", temporary: false, problem: None },
                Err(_) => ServerFrame::Err { n, code: "invalid_token", temporary: false, problem: None },
            },
            ClientFrame::Cmd { n, key, kind, data } => {
                let answers = self.commands.get_or_insert_with(mpsc::unbounded_channel).0.clone();
                commands::start(
                    self.state.clone(),
                    self.caller,
                    self.format,
                    answers,
                    commands::Ask { n, key, kind, data },
                );
                return Ok(());
            }
            ClientFrame::Hello { .. } | ClientFrame::Unknown => {
                self.unknown_frames += 1;
                if self.unknown_frames > UNKNOWN_FRAMES {
                    return Err(self.end(Close::UNKNOWN_TYPES));
                }
                ServerFrame::Err { n: 0, code: "unknown_frame", temporary: false, problem: None }
            }
        };
        self.say(socket, &answer).await.map_err(|()| None)
    }

    fn topic(&mut self, n: u64, topic: &str, wanted: bool) -> ServerFrame<'static> {
        if self.subscribe(topic, wanted) {
            ServerFrame::Ok { n, result: None }
        } else {
            ServerFrame::Err { n, code: "unknown_topic", temporary: false, problem: None }
        }
    }

    fn subscribe(&mut self, topic: &str, wanted: bool) -> bool {
        match topic {
            "me" => self.follows_me = wanted,
            ANNOUNCEMENTS => self.announcements = wanted.then(|| self.state.hub.announcements()),
            _ => return false,
        }
        true
    }

    async fn say(&self, socket: &mut WebSocket, frame: &ServerFrame<'_>) -> Result<(), ()> {
        self.send(socket, frames::write(frame, self.format)).await
    }

    /// An error means that the other side is gone, or takes nothing.
    async fn send(&self, socket: &mut WebSocket, message: Message) -> Result<(), ()> {
        match timeout(PATIENCE, socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) | Err(_) => Err(()),
        }
    }

    fn cursor(&self) -> String {
        cursor(self.epoch, self.sent)
    }

    const fn end(&self, close: Close) -> End {
        Some((close, self.format))
    }
}

/// The next announcement; what a slow socket missed of them is missed.
async fn received(announcements: &mut Option<broadcast::Receiver<Utf8Bytes>>) -> Utf8Bytes {
    let Some(announcements) = announcements else { return std::future::pending().await };
    loop {
        match announcements.recv().await {
            Ok(text) => return text,
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
        }
    }
}

async fn answered(
    commands: &mut Option<(mpsc::UnboundedSender<Message>, mpsc::UnboundedReceiver<Message>)>,
) -> Message {
    let Some((_, answers)) = commands else { return std::future::pending().await };
    match answers.recv().await {
        Some(message) => message,
        // Its sender is kept beside it, so that it never ends.
        None => std::future::pending().await,
    }
}

/// Completes when the edge closes. The value that it waits for is not held across anything else.
async fn closed(closing: &mut tokio::sync::watch::Receiver<bool>) {
    // Without a hub there is no edge either.
    let _ = closing.wait_for(|closing| *closing).await;
}

fn refusal(problem: &Problem) -> Close {
    match problem.code.as_str() {
        "token_expired" => Close::TOKEN_EXPIRED,
        "session_revoked" => Close::SESSION_REVOKED,
        "unavailable" => Close::GOING_AWAY,
        _ => Close::INVALID_TOKEN,
    }
}

/// What a failed read means: a frame that is too large is the client's doing, anything else is a connection that ended.
fn read_failure(error: &axum::Error) -> Option<Close> {
    let text = error.to_string();
    (text.contains("too large") || text.contains("too long") || text.contains("Space limit"))
        .then_some(Close::TOO_LARGE)
}

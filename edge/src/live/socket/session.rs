//! A socket that has said hello: a place in the ring and nothing else. A slow one falls behind without harm to others.

use std::{future::Future, sync::Arc, time::Duration};

use axum::extract::ws::{Message, WebSocket};
use futures_util::{SinkExt, StreamExt};
use jiff::Timestamp;
use tokio::{
    sync::{broadcast, mpsc},
    time::{Instant, sleep_until, timeout},
};
use tracing::Instrument as _;

use super::commands;
use crate::{
    EdgeState,
    caller::Caller,
    live::{
        close::Close,
        frames::{self, ClientFrame, End, Format, Heard, ServerFrame, Unheard, cursor},
        hub::{Connection, Start},
        rendered::{Announcement, Place},
        ring::Gone,
        shutdown::ShutdownShare,
        times::instant,
        topics::{self, Followed, Topic, UNKNOWN_TOPIC},
    },
    problem::Problem,
};

/// Events taken from the ring at a time.
const PAGE_SIZE: usize = 512;
/// Frames of unknown types that are answered before the socket is closed.
const UNKNOWN_FRAMES: u32 = 10;
/// A client is asked for a new token so long before the old one expires.
const RENEWAL_NOTICE: Duration = Duration::from_secs(60);

pub(super) struct Session {
    state: EdgeState,
    caller: Caller,
    format: Format,
    connection: Connection,
    epoch: u64,
    /// Everything that it follows up to here was sent.
    position: u64,
    /// The sequence of the cursor that the client was sent last.
    told: u64,
    is_ready: bool,
    asked_for_token: bool,
    pings_unanswered: u8,
    unknown_frames: u32,
    heartbeat: Instant,
    expires: Instant,
    announcements: Option<broadcast::Receiver<Arc<Announcement>>>,
    /// Answers of commands that are under way; made with the first.
    answers: Option<(mpsc::UnboundedSender<Message>, mpsc::UnboundedReceiver<Message>)>,
}

impl Session {
    pub(super) fn new(state: EdgeState, caller: Caller, format: Format, connection: Connection, start: &Start) -> Self {
        Self {
            heartbeat: Instant::now() + state.config.live.heartbeat,
            expires: instant(caller.expires),
            state,
            caller,
            format,
            connection,
            epoch: start.epoch,
            position: start.position,
            told: start.position,
            is_ready: false,
            asked_for_token: false,
            pings_unanswered: 0,
            unknown_frames: 0,
            announcements: None,
            answers: None,
        }
    }

    /// Sends what was missed, and then `ready`: from here on it is live.
    pub(super) async fn ready(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        let replayed = self.catch_up(socket).await?;
        self.is_ready = true;
        let c = self.checkpoint();
        self.say(socket, &ServerFrame::Ready { c, replayed }).await
    }

    pub(super) async fn run(&mut self, socket: &mut WebSocket, shutdown: &mut ShutdownShare) -> End {
        loop {
            let deadline = self.deadline();
            let end = tokio::select! {
                message = socket.next() => match message {
                    Some(Ok(message)) => Box::pin(self.hear(socket, message)).await,
                    Some(Err(error)) => Err(Close::failed(&error).map(|close| (close, self.format))),
                    None => Err(None),
                },
                () = self.connection.woken() => Box::pin(self.catch_up(socket)).await.map(|_| ()),
                announcement = announced(&mut self.announcements) => {
                    Box::pin(self.send(socket, announcement.frame(self.format))).await
                }
                message = answered(&mut self.answers) => Box::pin(self.send(socket, message)).await,
                () = sleep_until(deadline) => Box::pin(self.tick(socket)).await,
                () = shutdown.due() => Err(self.end(Close::GOING_AWAY)),
            };
            if let Err(end) = end {
                return end;
            }
        }
    }

    /// Hears what is announced, or no longer.
    pub(super) fn announcements(&mut self, wanted: bool) {
        self.announcements = wanted.then(|| self.state.hub.announcements());
    }

    pub(super) async fn say(&self, socket: &mut WebSocket, frame: &ServerFrame<'_>) -> Result<(), End> {
        self.send(socket, frames::write(frame, self.format)).await
    }

    async fn send(&self, socket: &mut WebSocket, message: Message) -> Result<(), End> {
        self.in_time(socket.send(message)).await
    }

    /// A write that takes too long has nobody at its other end.
    async fn in_time(&self, write: impl Future<Output = Result<(), axum::Error>>) -> Result<(), End> {
        match timeout(self.state.config.live.write, write).await {
            Ok(written) => written.map_err(|_| None),
            Err(_) => Err(self.end(Close::FELL_BEHIND)),
        }
    }

    /// Sends what is new of what it follows, in order. Gives how many events that were.
    async fn catch_up(&mut self, socket: &mut WebSocket) -> Result<u64, End> {
        if self.state.hub.is_revoked(&self.caller) {
            return Err(self.end(Close::SESSION_REVOKED));
        }
        if self.is_ready
            && let Some(told) = self.connection.told()
        {
            self.send(socket, told.frame(self.format)).await?;
        }
        if self.connection.follows().is_empty() {
            self.position = self.state.hub.head(self.epoch).ok_or_else(|| self.end(Close::GOING_AWAY))?;
            return Ok(0);
        }
        let mut count = 0;
        loop {
            let missed = self.state.hub.missed(self.epoch, self.connection.follows(), self.position, PAGE_SIZE);
            let missed = missed.map_err(|gone| match gone {
                Gone::TooOld => self.end(Close::FELL_BEHIND),
                Gone::Epoch | Gone::Future => self.end(Close::GOING_AWAY),
            })?;
            for (sequence, subject, event) in &missed.events {
                let topic = topics::name(self.caller.user, *subject);
                let place = Place { epoch: self.epoch, sequence: *sequence, previous: self.told, topic: &topic };
                self.state.sealing.open_event(*subject, event).await;
                let frame = event.frame(place, self.format);
                self.in_time(socket.feed(frame)).instrument(event.push_span("websocket")).await?;
                self.told = *sequence;
                if self.is_ready {
                    let age = Timestamp::now().duration_since(event.time).as_secs_f64();
                    metrics::histogram!("plyo_push_seconds").record(age.max(0.0));
                }
            }
            self.position = missed.checkpoint;
            count += missed.events.len() as u64;
            if missed.events.len() < PAGE_SIZE {
                break;
            }
        }
        if count > 0 {
            self.in_time(socket.flush()).await?;
        }
        Ok(count)
    }

    /// Does what is due: asks for a token, sends a heartbeat, or ends.
    async fn tick(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        let now = Instant::now();
        if now >= self.expires {
            return Err(self.end(Close::TOKEN_EXPIRED));
        }
        if !self.asked_for_token && now + RENEWAL_NOTICE >= self.expires {
            self.asked_for_token = true;
            self.say(socket, &ServerFrame::AuthReq {}).await?;
        }
        if now < self.heartbeat {
            return Ok(());
        }
        if self.pings_unanswered >= 2 {
            return Err(self.end(Close::NO_PONG));
        }
        self.catch_up(socket).await?;
        self.pings_unanswered += 1;
        self.heartbeat = now + self.state.config.live.heartbeat;
        let c = self.checkpoint();
        self.say(socket, &ServerFrame::Ping { c }).await
    }

    fn deadline(&self) -> Instant {
        let token = if self.asked_for_token {
            self.expires
        } else {
            self.expires - RENEWAL_NOTICE.min(self.expires - Instant::now())
        };
        token.min(self.heartbeat)
    }

    async fn hear(&mut self, socket: &mut WebSocket, message: Message) -> Result<(), End> {
        self.pings_unanswered = 0;
        let heard = match &message {
            Message::Ping(_) | Message::Pong(_) => return Ok(()),
            Message::Close(_) => return Err(None),
            message => frames::read(message),
        };
        let Heard { frame, data, .. } = match heard {
            Ok(heard) => heard,
            Err(Unheard::Close(close)) => return Err(self.end(close)),
            Err(Unheard::Unknown) => return self.refuse_unknown(socket).await,
            Err(Unheard::Wrong { n, rejection }) => return self.refuse_because(socket, n, &rejection.into()).await,
        };
        match frame {
            ClientFrame::Ack { .. } | ClientFrame::Pong {} => Ok(()),
            ClientFrame::Sub { n, topic } => self.follow(socket, n, &topic).await,
            ClientFrame::Unsub { n, topic } => self.unfollow(socket, n, &topic).await,
            ClientFrame::Auth { n, token } => self.renew(socket, n, &token).await,
            ClientFrame::Cmd { n, key, kind, data: () } => {
                let answers = self.answers.get_or_insert_with(mpsc::unbounded_channel).0.clone();
                let ask = commands::Ask { command: commands::decode(&kind, &data), n, key, kind };
                commands::start(self.state.clone(), self.caller, self.format, answers, ask);
                Ok(())
            }
            ClientFrame::Hello { .. } => self.refuse_unknown(socket).await,
        }
    }

    async fn refuse_unknown(&mut self, socket: &mut WebSocket) -> Result<(), End> {
        self.unknown_frames += 1;
        if self.unknown_frames > UNKNOWN_FRAMES {
            return Err(self.end(Close::UNKNOWN_TYPES));
        }
        self.refuse(socket, 0, "unknown_frame").await
    }

    async fn follow(&mut self, socket: &mut WebSocket, n: u64, topic: &str) -> Result<(), End> {
        // What happens before the subscription is not part of it.
        self.catch_up(socket).await?;
        let followed = topics::follow(&self.state.config, self.caller.user, &mut self.connection, topic);
        match followed {
            Ok(Followed::Announcements) => self.announcements(true),
            Ok(Followed::Events { .. }) => {}
            Err(code) => return self.refuse(socket, n, code.name).await,
        }
        self.say(socket, &ServerFrame::Ok { n, result: None }).await?;
        if followed == Ok(Followed::Events { is_new: true }) { self.ready(socket).await } else { Ok(()) }
    }

    async fn unfollow(&mut self, socket: &mut WebSocket, n: u64, topic: &str) -> Result<(), End> {
        // What happens before the end of the subscription is part of it.
        self.catch_up(socket).await?;
        match Topic::named(self.caller.user, topic) {
            Some(Topic::Announcements) => self.announcements(false),
            Some(Topic::About(subject)) => self.connection.unfollow(subject),
            None => return self.refuse(socket, n, UNKNOWN_TOPIC.name).await,
        }
        self.say(socket, &ServerFrame::Ok { n, result: None }).await
    }

    async fn renew(&mut self, socket: &mut WebSocket, n: u64, token: &str) -> Result<(), End> {
        match super::authenticate(&self.state, token).await {
            Ok(caller) if caller.user == self.caller.user => {
                self.caller = caller;
                self.expires = instant(caller.expires);
                self.asked_for_token = false;
                self.say(socket, &ServerFrame::Ok { n, result: None }).await
            }
            Ok(_) => self.refuse(socket, n, "other_user").await,
            Err(problem) => self.refuse_because(socket, n, &problem).await,
        }
    }

    async fn refuse_because(&self, socket: &mut WebSocket, n: u64, problem: &Problem) -> Result<(), End> {
        let (code, temporary) = (problem.code.as_str(), problem.is_temporary());
        self.say(socket, &ServerFrame::Err { n, code, temporary, problem: Some(problem) }).await
    }

    pub(super) async fn refuse(&self, socket: &mut WebSocket, n: u64, code: &str) -> Result<(), End> {
        self.say(socket, &ServerFrame::Err { n, code, temporary: false, problem: None }).await
    }

    /// A cursor of the place that was reached, which the client is about to be told.
    fn checkpoint(&mut self) -> String {
        self.told = self.position;
        cursor(self.epoch, self.told)
    }

    const fn end(&self, close: Close) -> End {
        Some((close, self.format))
    }
}

/// The next announcement; what a slow socket missed of them is missed.
async fn announced(announcements: &mut Option<broadcast::Receiver<Arc<Announcement>>>) -> Arc<Announcement> {
    let Some(announcements) = announcements else { return std::future::pending().await };
    loop {
        match announcements.recv().await {
            Ok(announcement) => return announcement,
            Err(broadcast::error::RecvError::Lagged(_)) => {}
            Err(broadcast::error::RecvError::Closed) => return std::future::pending().await,
        }
    }
}

async fn answered(answers: &mut Option<(mpsc::UnboundedSender<Message>, mpsc::UnboundedReceiver<Message>)>) -> Message {
    // Its sender is kept beside it, so that it never ends.
    let message = match answers {
        Some((_, answers)) => answers.recv().await,
        None => None,
    };
    match message {
        Some(message) => message,
        None => std::future::pending().await,
    }
}

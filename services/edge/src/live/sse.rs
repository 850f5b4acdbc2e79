//! Server-sent events: the same as a socket's topic `me`, for clients that only listen.

use std::{collections::VecDeque, convert::Infallible};

use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{Event, Sse},
};
use futures_util::{Stream, stream};
use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

use super::{
    frames::cursor,
    hub::{Connection, closed},
    times::instant,
};
use crate::{EdgeState, caller::Caller, problem::Problem};

/// Events taken from the ring at a time.
const AT_A_TIME: usize = 512;

pub(super) async fn stream(
    State(state): State<EdgeState>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let asked = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let connection = state.hub.connect(caller.user, "sse");
    let start = state.hub.resume(caller.user, asked).await;
    // The first thing said is where it begins, so that whoever is cut off at once can resume.
    let first = Event::default().id(cursor(start.epoch, start.position));
    let first = match start.resume.why {
        Some(why) => first.event("reset").data(format!(r#"{{"why":"{why}"}}"#)),
        None => first.comment("checkpoint"),
    };
    let listener = Listener {
        closing: state.hub.closing(),
        expires: instant(caller.expires),
        state,
        caller,
        connection,
        epoch: start.epoch,
        position: start.position,
        waiting: VecDeque::from([first]),
    };
    Ok(Sse::new(stream::unfold(listener, |mut listener| async move { Some((Ok(listener.next().await?), listener)) })))
}

struct Listener {
    state: EdgeState,
    caller: Caller,
    connection: Connection,
    closing: watch::Receiver<bool>,
    expires: Instant,
    epoch: u64,
    /// Everything of this user up to here is sent or waits to be.
    position: u64,
    waiting: VecDeque<Event>,
}

impl Listener {
    /// The next event; the stream ends when it may not go on, or could not without a gap.
    async fn next(&mut self) -> Option<Event> {
        let checkpoint = Instant::now() + self.state.config.live.heartbeat;
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.state.hub.is_revoked(&self.caller) || Instant::now() >= self.expires {
                return None;
            }
            self.catch_up()?;
            if !self.waiting.is_empty() {
                continue;
            }
            if Instant::now() >= checkpoint {
                return Some(Event::default().id(cursor(self.epoch, self.position)).comment("checkpoint"));
            }
            tokio::select! {
                () = self.connection.woken() => {}
                () = sleep_until(checkpoint.min(self.expires)) => {}
                () = closed(&mut self.closing) => return None,
            }
        }
    }

    fn catch_up(&mut self) -> Option<()> {
        let missed = self.state.hub.missed(self.epoch, self.caller.user, self.position, AT_A_TIME).ok()?;
        for (sequence, event) in &missed.events {
            let id = cursor(self.epoch, *sequence);
            self.waiting.push_back(Event::default().event(event.kind.to_string()).data(event.data(&id)).id(id));
        }
        self.position = missed.checkpoint;
        Some(())
    }
}

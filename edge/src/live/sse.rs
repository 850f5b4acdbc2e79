//! Server-sent events: what a socket gets on its topics, for clients that only listen.

use std::{collections::VecDeque, convert::Infallible};

use axum::{
    extract::{Query, State, rejection::QueryRejection},
    http::{HeaderMap, HeaderName, StatusCode, header},
    response::{
        IntoResponse, Response,
        sse::{Event, Sse},
    },
};
use futures_util::stream;
use serde::Deserialize;
use tokio::time::{Instant, sleep_until};

use super::{
    frames::cursor,
    hub::Connection,
    shutdown::ShutdownShare,
    times::instant,
    topics::{self, Followed, ME, UNKNOWN_TOPIC},
};
use crate::{
    EdgeState,
    caller::Caller,
    problem::{Code, Problem},
};

/// Events taken from the ring at a time.
const PAGE_SIZE: usize = 512;

/// A proxy passes each event on as it comes: nginx would gather them (`proxy_buffering`), and others compress them.
const UNALTERED: [(HeaderName, &str); 2] =
    [(HeaderName::from_static("x-accel-buffering"), "no"), (header::CACHE_CONTROL, "no-cache, no-transform")];

pub(crate) const INVALID_TOPICS: Code =
    Code::new(StatusCode::BAD_REQUEST, "invalid_topics", "topics must be a list of topics, separated by commas");

/// `?topics=me,group-<uuid>`
#[derive(Deserialize)]
pub(crate) struct Topics {
    topics: Option<String>,
}

pub(crate) async fn stream(
    State(state): State<EdgeState>,
    caller: Caller,
    topics: Result<Query<Topics>, QueryRejection>,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let Query(Topics { topics }) = topics.map_err(|rejection| INVALID_TOPICS.because(rejection.body_text()))?;
    let asked = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let mut connection = state.hub.connect(caller.user, "sse");
    for name in topics.as_deref().unwrap_or(ME).split(',') {
        match topics::follow(&state.config, caller.user, &mut connection, name) {
            Ok(Followed::Events { .. }) => {}
            // Nobody could go on from one of these.
            Ok(Followed::Announcements) => return Err(UNKNOWN_TOPIC.into()),
            Err(code) => return Err(code.into()),
        }
    }
    let start = state.hub.resume(connection.follows(), asked).await;
    // The first thing said is where it begins, so that whoever is cut off at once can resume.
    let begin = cursor(start.epoch, start.position);
    let first = match start.resume.why {
        Some(why) => Event::default().event("reset").data(format!(r#"{{"why":"{why}"}}"#)).id(begin),
        None => checkpoint(begin),
    };
    let listener = Listener {
        shutdown: state.hub.shutdown(),
        expires: instant(caller.expires),
        state,
        caller,
        connection,
        epoch: start.epoch,
        position: start.position,
        waiting: VecDeque::from([first]),
    };
    let events = stream::unfold(listener, |mut listener| async move {
        Some((Ok::<_, Infallible>(listener.next().await?), listener))
    });
    Ok((UNALTERED, Sse::new(events)).into_response())
}

/// Moves a quiet client's cursor. It has data, without which most clients do not take an id
/// (`findings/sse-id-without-data.sh`).
fn checkpoint(cursor: String) -> Event {
    Event::default().event("checkpoint").data(format!(r#"{{"c":"{cursor}"}}"#)).id(cursor)
}

struct Listener {
    state: EdgeState,
    caller: Caller,
    connection: Connection,
    shutdown: ShutdownShare,
    expires: Instant,
    epoch: u64,
    /// Everything that it follows up to here is sent or waits to be.
    position: u64,
    waiting: VecDeque<Event>,
}

impl Listener {
    /// The next event; the stream ends when it may not go on, or could not without a gap.
    async fn next(&mut self) -> Option<Event> {
        let heartbeat = Instant::now() + self.state.config.live.heartbeat;
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            if self.state.hub.is_revoked(&self.caller) || Instant::now() >= self.expires {
                return None;
            }
            self.catch_up().await?;
            if !self.waiting.is_empty() {
                continue;
            }
            if Instant::now() >= heartbeat {
                return Some(checkpoint(cursor(self.epoch, self.position)));
            }
            tokio::select! {
                () = self.connection.woken() => {}
                () = sleep_until(heartbeat.min(self.expires)) => {}
                () = self.shutdown.due() => return None,
            }
        }
    }

    async fn catch_up(&mut self) -> Option<()> {
        let missed = self.state.hub.missed(self.epoch, self.connection.follows(), self.position, PAGE_SIZE).ok()?;
        for (sequence, subject, event) in &missed.events {
            self.state.sealing.open_event(*subject, event).await;
            let _push = event.push_span("http").entered();
            let (id, topic) = (cursor(self.epoch, *sequence), topics::name(self.caller.user, *subject));
            self.waiting.push_back(Event::default().event(&event.type_name).data(event.data(&id, &topic)).id(id));
        }
        self.position = missed.checkpoint;
        Some(())
    }
}

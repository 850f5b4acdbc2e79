//! Server-sent events: the same as a socket's topic `me`, for clients that only listen.

use std::{collections::VecDeque, convert::Infallible, sync::Arc, time::Duration};

use axum::{
    extract::State,
    http::HeaderMap,
    response::sse::{Event, Sse},
};
use futures_util::{Stream, stream};

use super::{
    frames::{ResumeMode, cursor},
    hub::Watch,
};
use crate::{EdgeState, caller::Caller, problem::Problem};

/// How often a quiet stream says where it is.
const CHECKPOINT: Duration = Duration::from_secs(25);
const AT_A_TIME: usize = 512;

pub(super) async fn stream(
    State(state): State<EdgeState>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Problem> {
    let asked = headers.get("last-event-id").and_then(|value| value.to_str().ok());
    let watch = state.hub.watch(caller.user);
    let epoch = state.hub.epoch();
    let (resume, sent) = state.hub.resume(asked).await;
    let mut waiting = VecDeque::new();
    if resume.mode == ResumeMode::Reset {
        let why = resume.why.unwrap_or_default();
        waiting
            .push_back(Event::default().event("reset").id(cursor(epoch, sent)).data(format!(r#"{{"why":"{why}"}}"#)));
    }
    let listener = Listener { state, caller, watch, epoch, sent, waiting };
    Ok(Sse::new(stream::unfold(listener, |mut listener| async move { Some((Ok(listener.next().await?), listener)) })))
}

struct Listener {
    state: EdgeState,
    caller: Caller,
    watch: Watch,
    epoch: u64,
    sent: u64,
    waiting: VecDeque<Event>,
}

impl Listener {
    /// The next event; the stream ends when it could not go on without a gap, or may not.
    async fn next(&mut self) -> Option<Event> {
        let mut closing = self.state.hub.closing();
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some(event);
            }
            let hub = Arc::clone(&self.state.hub);
            let may_listen = !hub.is_revoked(self.caller.session) && self.caller.expires > jiff::Timestamp::now();
            if hub.epoch() != self.epoch || !may_listen {
                return None;
            }
            let missed = hub.missed(self.caller.user, self.sent, AT_A_TIME)?;
            for (sequence, rendered) in &missed.events {
                let id = cursor(self.epoch, *sequence);
                let data = format!(r#"{{"c":"{id}","topic":"me",{rendered}}}"#);
                let kind =
                    rendered.split(r#""type":""#).nth(1).and_then(|rest| rest.split('"').next()).unwrap_or("message");
                self.waiting.push_back(Event::default().event(kind).id(id).data(data));
                self.sent = *sequence;
            }
            if !self.waiting.is_empty() {
                continue;
            }
            tokio::select! {
                () = self.watch.woken() => {}
                () = tokio::time::sleep(CHECKPOINT) => {
                    self.sent = missed.checkpoint;
                    return Some(Event::default().id(cursor(self.epoch, self.sent)).comment("checkpoint"));
                }
                _ = closing.changed() => return None,
            }
        }
    }
}

//! One reader of the stream for all sockets of an edge: it fills the ring and wakes those whom an event is about.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use anyhow::Result;
use axum::extract::ws::Utf8Bytes;
use futures_util::StreamExt;
use plyo_events::{Event, SessionId, UserId};
use plyo_nats::{Nats, Stored, Tail, ephemerals};
use serde_json::value::RawValue;
use tokio::sync::{Notify, broadcast, watch};

use super::{
    frames::{self, Resume, ResumeMode},
    ring::{Entry, Ring},
};
use crate::caller::Callers;

/// The topic that reaches everybody who subscribes to it.
pub(crate) const ANNOUNCEMENTS: &str = "announcements";

/// What all live connections of an edge share.
pub(crate) struct Hub {
    ring: RwLock<Ring>,
    /// Which history the ring is of; another value voids every cursor.
    epoch: AtomicU64,
    interest: Mutex<HashMap<UserId, Vec<Arc<Notify>>>>,
    announcements: broadcast::Sender<Utf8Bytes>,
    callers: Arc<Callers>,
    closing: watch::Sender<bool>,
}

/// What a connection has missed.
pub(crate) struct Missed {
    pub events: Vec<(u64, Arc<str>)>,
    /// Nothing else of this user is in the ring up to here.
    pub checkpoint: u64,
}

impl Hub {
    /// Follows the stream; the ring is filled with what lies behind its end.
    pub(crate) async fn start(nats: &Nats, callers: Arc<Callers>, ring_events: usize) -> Result<Arc<Self>> {
        let tail = Tail::open(nats, ring_events as u64).await?;
        let hub = Arc::new(Self {
            ring: RwLock::new(Ring::new(tail.start() - 1, ring_events)),
            epoch: AtomicU64::new(tail.epoch()),
            interest: Mutex::default(),
            announcements: broadcast::channel(64).0,
            callers,
            closing: watch::channel(false).0,
        });
        tokio::spawn(follow(Arc::downgrade(&hub), nats.clone(), tail, ring_events));
        tokio::spawn(announce(nats.clone(), hub.announcements.clone()));
        Ok(hub)
    }

    /// Tells every connection to come again.
    pub(crate) fn close(&self) {
        self.closing.send_replace(true);
    }

    pub(crate) fn closing(&self) -> watch::Receiver<bool> {
        self.closing.subscribe()
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.epoch.load(Ordering::Acquire)
    }

    pub(crate) fn head(&self) -> u64 {
        self.read().head()
    }

    pub(crate) fn announcements(&self) -> broadcast::Receiver<Utf8Bytes> {
        self.announcements.subscribe()
    }

    pub(crate) fn is_revoked(&self, session: SessionId) -> bool {
        self.callers.is_revoked(session)
    }

    /// Wakes the connection whenever there is something about this user.
    pub(crate) fn watch(self: &Arc<Self>, user: UserId) -> Watch {
        let wake = Arc::new(Notify::new());
        self.interest.lock().unwrap_or_else(PoisonError::into_inner).entry(user).or_default().push(Arc::clone(&wake));
        metrics::gauge!("plyo_edge_connections").increment(1.0);
        Watch { hub: Arc::clone(self), user, wake }
    }

    /// What a user has missed after `sequence`; `None` when some of it is gone.
    pub(crate) fn missed(&self, user: UserId, sequence: u64, most: usize) -> Option<Missed> {
        let ring = self.read();
        if !ring.covers(sequence) {
            return None;
        }
        let events = ring.next(user, sequence, most);
        let checkpoint = if events.len() < most {
            ring.head().max(sequence)
        } else {
            events.last().map_or(sequence, |(last, _)| *last)
        };
        Some(Missed { events, checkpoint })
    }

    /// Where a connection with this cursor begins.
    pub(crate) async fn resume(&self, cursor: Option<&str>) -> (Resume, u64) {
        let Some(cursor) = cursor else { return (Resume { mode: ResumeMode::Live, why: None }, self.head()) };
        let reset = |why| (Resume { mode: ResumeMode::Reset, why: Some(why) }, self.head());
        let Some((epoch, sequence)) = frames::read_cursor(cursor) else { return reset("malformed") };
        if epoch != self.epoch() {
            return reset("epoch");
        }
        // Another edge may be a moment ahead of this one.
        let patience = tokio::time::Instant::now() + Duration::from_secs(2);
        while sequence > self.head() && tokio::time::Instant::now() < patience {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let (head, covers) = {
            let ring = self.read();
            (ring.head(), ring.covers(sequence))
        };
        match () {
            () if sequence > head => reset("future"),
            () if !covers => reset("too_old"),
            () => (Resume { mode: ResumeMode::Replay, why: None }, sequence),
        }
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn append(&self, events: Vec<Stored>) {
        let now = jiff::Timestamp::now();
        let mut entries = Vec::with_capacity(events.len());
        for event in events {
            if let Event::SessionRevoked(revoked) = &event.message.body {
                self.callers.revoke(revoked.session_id);
            }
            metrics::histogram!("plyo_push_seconds")
                .record(now.duration_since(event.message.time).as_secs_f64().max(0.0));
            tracing::debug!(event = %event.message.id, traceparent = event.message.traceparent.as_deref(), "push");
            entries.push(render(&event));
        }
        let mut users: Vec<UserId> = entries.iter().map(|entry| entry.user).collect();
        users.sort_unstable();
        users.dedup();
        {
            let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
            entries.into_iter().for_each(|entry| ring.append(entry));
            metrics::gauge!("plyo_edge_ring_events").set(ring.len() as f64);
        }
        let interest = self.interest.lock().unwrap_or_else(PoisonError::into_inner);
        users.iter().filter_map(|user| interest.get(user)).flatten().for_each(|wake| wake.notify_one());
    }

    /// `EVENTS` was created anew: every connection notices that its epoch is over.
    fn begin_again(&self, tail: &Tail, ring_events: usize) {
        *self.ring.write().unwrap_or_else(PoisonError::into_inner) = Ring::new(tail.start() - 1, ring_events);
        self.epoch.store(tail.epoch(), Ordering::Release);
        let interest = self.interest.lock().unwrap_or_else(PoisonError::into_inner);
        interest.values().flatten().for_each(|wake| wake.notify_one());
    }
}

/// A connection's place in the interest map.
pub(crate) struct Watch {
    hub: Arc<Hub>,
    user: UserId,
    wake: Arc<Notify>,
}

impl Watch {
    pub(crate) async fn woken(&self) {
        self.wake.notified().await;
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        metrics::gauge!("plyo_edge_connections").decrement(1.0);
        let mut interest = self.hub.interest.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(wakes) = interest.get_mut(&self.user) {
            wakes.retain(|wake| !Arc::ptr_eq(wake, &self.wake));
            if wakes.is_empty() {
                interest.remove(&self.user);
            }
        }
    }
}

async fn follow(hub: std::sync::Weak<Hub>, nats: Nats, mut tail: Tail, ring_events: usize) {
    loop {
        let events = tail.next().await;
        let Some(hub) = hub.upgrade() else { return };
        match events {
            Ok(events) => hub.append(events),
            Err(error) => {
                tracing::error!(%error, "every cursor is void");
                tail = loop {
                    match Tail::open(&nats, ring_events as u64).await {
                        Ok(tail) => break tail,
                        Err(_) => tokio::time::sleep(Duration::from_millis(200)).await,
                    }
                };
                hub.begin_again(&tail, ring_events);
            }
        }
    }
}

async fn announce(nats: Nats, announcements: broadcast::Sender<Utf8Bytes>) {
    let Ok(ephemerals) = ephemerals(&nats).await else { return };
    let mut ephemerals = std::pin::pin!(ephemerals);
    while let Some((topic, body)) = ephemerals.next().await {
        match serde_json::from_slice::<&RawValue>(&body) {
            Ok(data) if topic == ANNOUNCEMENTS => {
                // Nobody may be listening.
                let _ = announcements.send(format!(r#"{{"t":"eph","topic":"{topic}","data":{data}}}"#).into());
            }
            Ok(_) => {}
            Err(_) => tracing::warn!(topic, "an ephemeral message that is not JSON"),
        }
    }
}

fn render(event: &Stored) -> Entry {
    let message = &event.message;
    let data = serde_json::to_string(&message.body).unwrap_or_else(|_| "null".to_owned());
    let rendered = format!(
        r#""id":"{}","type":"{}","at":"{}","data":{data},"cid":"{}""#,
        message.id, event.kind, message.time, message.correlation
    );
    Entry { sequence: event.sequence, user: message.user, rendered: rendered.into() }
}

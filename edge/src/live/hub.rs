//! One reader of the stream for all connections of an edge: it fills the ring, which wakes those who follow what an event
//! is about.

use std::{
    sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, Weak},
    time::Duration,
};

use anyhow::Result;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use jiff::Timestamp;
use plyo_events::{Event, EventKind, Subject, UserId};
use plyo_nats::{Nats, Stored, Tail, ephemerals, stored_since};
use serde_json::value::RawValue;
use tokio::{
    sync::{broadcast, watch},
    time::{sleep, timeout},
};

use super::{
    frames::{self, Resume},
    rendered::Announcement,
    ring::{Gone, Missed, Ring},
    shutdown::{Shutdown, ShutdownShare},
    topics::{ANNOUNCEMENTS, ME},
    wake::Wake,
};
use crate::caller::{Caller, Callers};

/// Bound on the bodies of the ring with their rendered text.
const RING_BYTES: usize = 64 * 1024 * 1024;
/// Another edge may be this far ahead of this one.
const LAG: Duration = Duration::from_secs(2);
/// How long a socket that is closed has to say that it knows.
pub(super) const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);
/// The longest that an edge fills its ring before it serves.
const FILL_TIMEOUT: Duration = Duration::from_secs(30);

/// What all live connections of an edge share.
pub(crate) struct Hub {
    ring: RwLock<Ring>,
    /// How far the ring is, for those who are ahead of it.
    head: watch::Sender<u64>,
    announcements: broadcast::Sender<Arc<Announcement>>,
    callers: Arc<Callers>,
    shutdown: Shutdown,
}

/// Where a connection begins.
pub(super) struct Start {
    pub resume: Resume,
    pub epoch: u64,
    /// Everything after this sequence is to be sent.
    pub position: u64,
    pub head: u64,
}

impl Hub {
    /// A hub that [`Hub::append`] feeds, of a stream that is followed from behind `before` on.
    pub(super) fn new(epoch: u64, before: u64, ring_events: usize, callers: Arc<Callers>) -> Arc<Self> {
        Arc::new(Self {
            ring: RwLock::new(Ring::new(epoch, before, ring_events, RING_BYTES)),
            head: watch::channel(before).0,
            announcements: broadcast::channel(64).0,
            callers,
            shutdown: Shutdown::default(),
        })
    }

    /// Follows the stream. When it returns, the ring holds what lies behind the end of the stream.
    ///
    /// # Errors
    /// When NATS does not answer.
    pub(crate) async fn start(nats: &Nats, callers: Arc<Callers>, ring_events: usize) -> Result<Arc<Self>> {
        let mut tail = open(nats, &callers, ring_events).await?;
        let hub = Self::new(tail.epoch(), tail.start() - 1, ring_events, callers);
        // An edge that served before would take every cursor for one from the future. It does not wait for ever.
        let filling = async {
            while tail.behind() > 0 {
                hub.append(tail.next().await?);
            }
            Ok::<_, anyhow::Error>(())
        };
        if let Ok(filled) = timeout(FILL_TIMEOUT, filling).await {
            filled?;
        }
        let ephemerals = ephemerals(nats).await?;
        tokio::spawn(follow(Arc::downgrade(&hub), nats.clone(), tail, ring_events));
        tokio::spawn(announce(Arc::downgrade(&hub), ephemerals));
        Ok(hub)
    }

    /// Takes the next events of the stream, in its order.
    pub(super) fn append(&self, events: Vec<Stored>) {
        // Before anybody is woken, so that who is woken by it finds its session ended.
        for event in &events {
            note_end(&self.callers, event);
            let traceparent = event.message.traceparent.map(tracing::field::display);
            tracing::debug!(event = %event.message.id, traceparent, "push");
        }
        let head = {
            let mut ring = self.write();
            for event in events {
                ring.append(event.sequence, event.message.subject, Arc::new(event.into()));
            }
            metrics::gauge!("plyo_edge_ring_events").set(ring.len() as f64);
            ring.head()
        };
        self.head.send_replace(head);
    }

    /// Sends to everybody who follows announcements now. `data` is JSON.
    pub(super) fn announce(&self, data: &RawValue) {
        // Nobody may be listening.
        let _ = self.announcements.send(Arc::new(Announcement::new(ANNOUNCEMENTS, data.get())));
    }

    /// Tells somebody what nobody keeps, on each connection that follows them now. `data` is JSON.
    pub(super) fn tell(&self, user: UserId, data: &RawValue) {
        self.read().tell(user.into(), &Arc::new(Announcement::new(ME, data.get())));
    }

    /// Tells every connection to come again, one after another within the grace.
    pub(crate) fn close(&self, grace: Duration) {
        self.shutdown.begin(grace);
    }

    pub(crate) fn is_closing(&self) -> bool {
        self.shutdown.has_begun()
    }

    /// Completes when no connection is left, at the latest when each has had the time to say good-bye.
    pub(crate) async fn all_closed(&self) {
        // One that has not gone by then does not listen.
        let _ = timeout(CLOSE_TIMEOUT, self.shutdown.all_closed()).await;
    }

    /// When a new connection is to go. Whoever holds it is waited for.
    pub(super) fn shutdown(&self) -> ShutdownShare {
        self.shutdown.for_one()
    }

    pub(super) fn announcements(&self) -> broadcast::Receiver<Arc<Announcement>> {
        self.announcements.subscribe()
    }

    pub(super) fn is_revoked(&self, caller: &Caller) -> bool {
        self.callers.has_ended(caller)
    }

    /// A connection of this user that follows nothing yet. `kind` says what it is in the metrics.
    pub(super) fn connect(self: &Arc<Self>, user: UserId, kind: &'static str) -> Connection {
        let wake = Arc::<Wake>::default();
        // Whatever it follows, it must hear of the end of its session.
        self.write().follow(user.into(), &wake);
        metrics::gauge!("plyo_edge_sockets", "kind" => kind).increment(1.0);
        Connection { hub: Arc::clone(self), own: user.into(), follows: Vec::new(), wake, kind }
    }

    /// The end of the stream; `None` when it was created anew.
    pub(super) fn head(&self, epoch: u64) -> Option<u64> {
        let ring = self.read();
        (ring.epoch() == epoch).then(|| ring.head())
    }

    /// What there is about these subjects after `sequence`, at most so many events.
    ///
    /// # Errors
    /// When it cannot be said without a gap.
    pub(super) fn missed(&self, epoch: u64, subjects: &[Subject], sequence: u64, most: usize) -> Result<Missed, Gone> {
        self.read().missed(epoch, subjects, sequence, most)
    }

    /// Where a connection that follows these subjects begins with this cursor.
    pub(super) async fn resume(&self, subjects: &[Subject], cursor: Option<&str>) -> Start {
        let Some(cursor) = cursor else { return self.live(Resume::LIVE) };
        let Some((epoch, sequence)) = frames::read_cursor(cursor) else { return self.reset("malformed") };
        if epoch == self.read().epoch() && sequence > self.read().head() {
            let mut heads = self.head.subscribe();
            // When it does not come, the look below says so.
            let _ = timeout(LAG, heads.wait_for(|head| *head >= sequence)).await;
        }
        let (missed, head) = {
            let ring = self.read();
            (ring.missed(epoch, subjects, sequence, 1), ring.head())
        };
        match missed {
            Ok(_) => Start { resume: Resume::REPLAY, epoch, position: sequence, head },
            Err(Gone::Epoch) => self.reset("epoch"),
            Err(Gone::Future) => self.reset("future"),
            Err(Gone::TooOld) => self.reset("too_old"),
        }
    }

    fn reset(&self, why: &'static str) -> Start {
        metrics::counter!("plyo_edge_resets_total", "why" => why).increment(1);
        self.live(Resume::reset(why))
    }

    fn live(&self, resume: Resume) -> Start {
        let ring = self.read();
        Start { resume, epoch: ring.epoch(), position: ring.head(), head: ring.head() }
    }

    /// `EVENTS` was created anew: every connection notices that its epoch is over.
    pub(super) fn begin_again(&self, epoch: u64, before: u64) {
        self.write().begin_again(epoch, before);
        self.head.send_replace(before);
    }

    fn read(&self) -> RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Ring> {
        self.ring.write().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What a connection follows: it is woken whenever there is something of it.
pub(super) struct Connection {
    hub: Arc<Hub>,
    own: Subject,
    follows: Vec<Subject>,
    wake: Arc<Wake>,
    kind: &'static str,
}

impl Connection {
    pub(super) async fn woken(&self) {
        self.wake.woken().await;
    }

    /// What its user is told that nobody keeps.
    pub(super) fn told(&self) -> Option<Arc<Announcement>> {
        self.wake.take().filter(|_| self.follows.contains(&self.own))
    }

    /// The subjects whose events it gets.
    pub(super) fn follows(&self) -> &[Subject] {
        &self.follows
    }

    /// False when it did so already.
    pub(super) fn follow(&mut self, subject: Subject) -> bool {
        if self.follows.contains(&subject) {
            return false;
        }
        if self.follows.is_empty() {
            // Almost every connection follows one.
            self.follows.reserve_exact(1);
        }
        self.follows.push(subject);
        if subject != self.own {
            self.hub.write().follow(subject, &self.wake);
        }
        true
    }

    pub(super) fn unfollow(&mut self, subject: Subject) {
        let before = self.follows.len();
        self.follows.retain(|followed| *followed != subject);
        if subject != self.own && self.follows.len() < before {
            self.hub.write().unfollow(subject, &self.wake);
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        metrics::gauge!("plyo_edge_sockets", "kind" => self.kind).decrement(1.0);
        let mut ring = self.hub.write();
        ring.unfollow(self.own, &self.wake);
        for subject in self.follows.iter().filter(|subject| **subject != self.own) {
            ring.unfollow(*subject, &self.wake);
        }
    }
}

/// Opens the end of the stream, and hears of the sessions that ended before it: their tokens may still be about.
async fn open(nats: &Nats, callers: &Callers, ring_events: usize) -> Result<Tail> {
    let tail = Tail::open(nats, ring_events as u64).await?;
    // After the tail is open, so that none falls in between.
    let since = Timestamp::now() - Callers::REVOKED_FOR;
    for kind in [EventKind::SessionRevoked, EventKind::UserErased] {
        for event in stored_since(nats, kind, since).await? {
            note_end(callers, &event);
        }
    }
    Ok(tail)
}

/// The events that the edge reads itself: the end of a session, and of a person.
fn note_end(callers: &Callers, event: &Stored) {
    if !event.type_name.starts_with("session.revoked.v") && !event.type_name.starts_with("user.erased.v") {
        return;
    }
    match event.decode().map(|message| message.body) {
        Ok(Event::SessionRevoked(revoked)) => callers.revoke(revoked.session_id, event.message.time),
        Ok(Event::UserErased(_)) => {
            if let Some(user) = event.message.subject.user() {
                callers.erase(user, event.message.time);
            }
        }
        Ok(_) => {}
        Err(error) => {
            tracing::error!(sequence = event.sequence, error = format!("{error:#}"), "cannot tell whose session ended")
        }
    }
}

async fn follow(hub: Weak<Hub>, nats: Nats, mut tail: Tail, ring_events: usize) {
    loop {
        let events = tail.next().await;
        let Some(hub) = hub.upgrade() else { return };
        match events {
            Ok(events) => hub.append(events),
            Err(error) => {
                tracing::error!(%error, "every cursor is now invalid");
                tail = loop {
                    match open(&nats, &hub.callers, ring_events).await {
                        Ok(tail) => break tail,
                        Err(_) => sleep(Duration::from_millis(200)).await,
                    }
                };
                hub.begin_again(tail.epoch(), tail.start() - 1);
            }
        }
    }
}

async fn announce(hub: Weak<Hub>, ephemerals: impl Stream<Item = (String, Bytes)> + Send) {
    let mut ephemerals = std::pin::pin!(ephemerals);
    while let Some((topic, body)) = ephemerals.next().await {
        let Some(hub) = hub.upgrade() else { return };
        // `<service>.<user>`
        let user: Option<UserId> = topic.split_once('.').and_then(|(_, user)| user.parse().ok());
        match serde_json::from_slice::<&RawValue>(&body) {
            Ok(data) if topic == ANNOUNCEMENTS => hub.announce(data),
            Ok(data) => user.into_iter().for_each(|user| hub.tell(user, data)),
            Err(_) => tracing::warn!(topic, "dropped an ephemeral message that is not JSON"),
        }
    }
}

//! When a connection is told to go: those whom an edge leaves behind do not all come to another at once.

use std::time::Duration;

use tokio::{
    sync::watch,
    time::{Instant, sleep_until},
};

/// An edge that closes.
#[derive(Clone, Copy)]
struct Closing {
    since: Instant,
    grace: Duration,
}

/// Tells every connection of an edge that it closes.
pub(super) struct Shutdown(watch::Sender<Option<Closing>>);

/// One connection's share of that. Whoever holds it is waited for.
pub(super) struct ShutdownShare {
    closing: watch::Receiver<Option<Closing>>,
    /// Which part of the grace this connection has.
    share: f64,
}

impl Default for Shutdown {
    fn default() -> Self {
        Self(watch::channel(None).0)
    }
}

impl Shutdown {
    /// Every connection has another moment of the grace to go.
    pub(super) fn begin(&self, grace: Duration) {
        self.0.send_replace(Some(Closing { since: Instant::now(), grace }));
    }

    pub(super) fn has_begun(&self) -> bool {
        self.0.borrow().is_some()
    }

    pub(super) fn for_one(&self) -> ShutdownShare {
        let share = uuid::Uuid::new_v4().as_u64_pair().1 as u32;
        ShutdownShare { closing: self.0.subscribe(), share: f64::from(share) / f64::from(u32::MAX) }
    }

    /// Completes when nobody is left who was to be told.
    pub(super) async fn all_closed(&self) {
        self.0.closed().await;
    }
}

impl ShutdownShare {
    /// Completes when this connection is to go.
    pub(super) async fn due(&mut self) {
        if let Some(Closing { since, grace }) = self.begun().await {
            sleep_until(since + grace.mul_f64(self.share)).await;
        }
    }

    /// Completes when nobody new is welcome.
    pub(super) async fn announced(&mut self) {
        self.begun().await;
    }

    /// Without an edge there is no grace either.
    async fn begun(&mut self) -> Option<Closing> {
        self.closing.wait_for(Option::is_some).await.ok().and_then(|closing| *closing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_share_the_grace() {
        let edge = Shutdown::default();
        let early = (0..200).filter(|_| edge.for_one().share < 0.5).count();
        assert!((60..140).contains(&early), "{early} of 200 in the first half");
    }

    #[tokio::test]
    async fn a_connection_goes_at_its_moment_however_often_it_asks() {
        let edge = Shutdown::default();
        let mut shutdown = ShutdownShare { share: 0.5, ..edge.for_one() };
        assert!(!edge.has_begun());
        edge.begin(Duration::from_secs(1));
        let begun = Instant::now();
        shutdown.announced().await;
        // What it hears meanwhile does not put it off.
        while tokio::time::timeout(Duration::from_millis(70), shutdown.due()).await.is_err() {}
        assert!(begun.elapsed() >= Duration::from_millis(450), "{:?}", begun.elapsed());
        drop(shutdown);
        edge.all_closed().await;
    }
}

//! The servers of a connection: the list, how to show it without secrets, and which one is next when one is useless.

use std::{
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use async_nats::{Client, Server};

/// How long streams may be silent before another server is tried. An election takes less.
const CUT_OFF: Duration = Duration::from_secs(3);

/// The servers of a URL, separated by commas.
pub(crate) fn list(urls: &str) -> Vec<&str> {
    urls.split(',').map(str::trim).filter(|url| !url.is_empty()).collect()
}

/// URLs without credentials: the part before an `@` is removed.
pub fn without_secrets(urls: &str) -> String {
    let shown = |url: &str| {
        let (scheme, rest) = url.split_once("://").unwrap_or(("", url));
        let place = rest.rsplit_once('@').map_or(rest, |(_, place)| place);
        if scheme.is_empty() { place.to_owned() } else { format!("{scheme}://{place}") }
    };
    list(urls).into_iter().map(shown).collect::<Vec<_>>().join(", ")
}

/// Whether streams respond through the current server. One that is cut off from its peers stays connected and accepts
/// nothing.
pub(crate) struct Reach {
    /// If there is another server to move to.
    client: Option<Client>,
    begun: Instant,
    /// When the first request still unanswered was sent, in milliseconds after `begun`; 0 if there is none.
    unanswered: AtomicU64,
}

impl Reach {
    /// Of the connection of this client, if it may move.
    pub(crate) fn new(client: Option<Client>) -> Self {
        Self { client, begun: Instant::now(), unanswered: AtomicU64::new(0) }
    }

    /// Records whether a stream responded, and moves to another server if none does through this one.
    pub(crate) fn note(&self, is_answered: bool) {
        if !self.is_cut_off(is_answered) {
            return;
        }
        let Some(client) = self.client.clone() else { return };
        tracing::warn!("no stream responds through this nats-server; trying another");
        // A connection that has ended needs no other server.
        tokio::spawn(async move { client.force_reconnect().await });
    }

    fn is_cut_off(&self, is_answered: bool) -> bool {
        let since = self.unanswered.load(Ordering::Relaxed);
        if is_answered {
            if since > 0 {
                self.unanswered.store(0, Ordering::Relaxed);
            }
            return false;
        }
        let now = self.begun.elapsed().as_millis() as u64 + 1;
        let is_first = since == 0;
        let is_over = !is_first && Duration::from_millis(now - since.min(now)) > CUT_OFF;
        if is_first || is_over {
            // The next server gets the same time.
            self.unanswered.store(now, Ordering::Relaxed);
        }
        is_over
    }
}

/// Cycles through the servers, so that none is retried before all others were tried.
#[derive(Default)]
pub(crate) struct Round(Mutex<Option<usize>>);

impl Round {
    /// The server after the last one. None before the first connection, for which the client tries all of them.
    pub(crate) fn next<'a>(&self, servers: &'a [Server]) -> Option<&'a Server> {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = last.or_else(|| servers.iter().position(|server| server.did_connect))?;
        let next = (here + 1) % servers.len();
        *last = Some(next);
        servers.get(next)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown_of_any_server() {
        let urls = "nats://plyo:n4Vq@one:4222, tls://to/k@en@two:4222,three";
        assert_eq!(without_secrets(urls), "nats://one:4222, tls://two:4222, three");
        assert_eq!(list(urls).len(), 3);
        assert_eq!(without_secrets("http://monitor:8222"), "http://monitor:8222");
    }

    #[test]
    fn a_server_is_given_up_when_no_stream_answered_for_a_while_and_not_before() {
        let reach = Reach { begun: Instant::now() - Duration::from_secs(10), ..Reach::new(None) };
        assert!(!reach.is_cut_off(false), "once may be a mere change of leader");
        reach.unanswered.store(7_500, Ordering::Relaxed);
        assert!(!reach.is_cut_off(false), "2.5 s");
        reach.unanswered.store(6_500, Ordering::Relaxed);
        assert!(reach.is_cut_off(false), "3.5 s");
        assert!(!reach.is_cut_off(false), "the next one has as long");
        reach.unanswered.store(6_500, Ordering::Relaxed);
        assert!(!reach.is_cut_off(true) && !reach.is_cut_off(false), "an answer in between");
    }

    #[test]
    fn servers_are_gone_round() {
        let server = |port: u16, did_connect| Server {
            addr: format!("nats://127.0.0.1:{port}").parse().unwrap(),
            failed_attempts: 0,
            did_connect,
            is_discovered: false,
            last_error: None,
        };
        let round = Round::default();
        assert!(round.next(&[server(1, false), server(2, false)]).is_none(), "the client tries all at first");
        let servers = [server(1, false), server(2, true), server(3, false)];
        let ports: Vec<u16> = (0..4).map(|_| round.next(&servers).unwrap().addr.port()).collect();
        assert_eq!(ports, [3, 1, 2, 3]);
    }
}

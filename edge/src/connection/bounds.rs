//! How many connections there are, in total and from one address. A few more are kept for who asks whether the edge is well.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::serve::Listener;
use ipnet::IpNet;
use tokio::net::TcpStream;

use super::stream::ClientStream;

/// How many connections an edge has at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ConnectionLimits {
    pub total: usize,
    /// From one address that is no trusted proxy.
    pub per_address: usize,
}

impl Default for ConnectionLimits {
    fn default() -> Self {
        Self { total: usize::MAX, per_address: usize::MAX }
    }
}

impl ConnectionLimits {
    /// So many connections are taken beyond the total, for health checks.
    pub const RESERVE: usize = 32;
    /// So many of them from one address.
    const RESERVE_PER_ADDRESS: usize = 8;
}

/// The connections that there are.
pub(crate) struct Bounds {
    limits: ConnectionLimits,
    trusted: Vec<IpNet>,
    taken: Mutex<Taken>,
}

#[derive(Default)]
struct Taken {
    total: Count,
    by_address: HashMap<IpAddr, Count>,
}

#[derive(Clone, Copy, Default)]
struct Count {
    within: usize,
    over: usize,
}

impl Count {
    const fn of(&mut self, is_over: bool) -> &mut usize {
        if is_over { &mut self.over } else { &mut self.within }
    }
}

impl Bounds {
    pub(crate) fn new(limits: ConnectionLimits, trusted: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self { limits, trusted, taken: Mutex::default() })
    }

    /// A place for a connection; `None` when it is to be closed at once.
    fn take(self: &Arc<Self>, address: IpAddr) -> Option<Place> {
        let address = address.to_canonical();
        let is_proxy = self.trusted.iter().any(|network| network.contains(&address));
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let Taken { total, by_address } = &mut *taken;
        let own = by_address.get(&address).copied().unwrap_or_default();
        let is_over = total.within >= self.limits.total || (!is_proxy && own.within >= self.limits.per_address);
        let (reserve, own_reserve) = (ConnectionLimits::RESERVE, ConnectionLimits::RESERVE_PER_ADDRESS);
        if is_over && (total.over >= reserve || own.over >= own_reserve) {
            metrics::counter!("plyo_edge_connections_refused_total").increment(1);
            return None;
        }
        *total.of(is_over) += 1;
        *by_address.entry(address).or_default().of(is_over) += 1;
        Some(Place { bounds: Arc::clone(self), address, is_over })
    }

    fn give_back(&self, address: IpAddr, is_over: bool) {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        *taken.total.of(is_over) -= 1;
        if let Some(own) = taken.by_address.get_mut(&address) {
            *own.of(is_over) -= 1;
            if own.within + own.over == 0 {
                taken.by_address.remove(&address);
            }
        }
    }
}

/// A connection's place among them, until it ends.
pub(super) struct Place {
    bounds: Arc<Bounds>,
    address: IpAddr,
    is_over: bool,
}

impl Place {
    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.bounds.give_back(self.address, self.is_over);
    }
}

/// A listener that has a place for each connection.
pub(crate) struct Bounded<L> {
    pub listener: L,
    pub bounds: Arc<Bounds>,
    /// How long one write may take.
    pub write_timeout: Duration,
}

impl<L: Listener<Io = TcpStream, Addr = SocketAddr>> Listener for Bounded<L> {
    type Io = ClientStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (ClientStream, SocketAddr) {
        loop {
            let (stream, address) = self.listener.accept().await;
            let Some(place) = self.bounds.take(address.ip()) else { continue };
            // An answer in two writes would wait 40 ms for the acknowledgement of the first.
            if let Err(error) = stream.set_nodelay(true) {
                tracing::debug!(%error, "cannot set TCP_NODELAY");
            }
            return (ClientStream::new(stream, address, place, self.write_timeout), address);
        }
    }

    fn local_addr(&self) -> std::io::Result<SocketAddr> {
        self.listener.local_addr()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_takes_its_share_and_leaves_room_for_others_and_for_health_checks() {
        let bounds = Bounds::new(ConnectionLimits { total: 6, per_address: 4 }, vec!["10.0.0.0/8".parse().unwrap()]);
        let take = |address: &str| bounds.take(address.parse().unwrap());
        let greedy: Vec<Place> = (0..20).filter_map(|_| take("192.0.2.1")).collect();
        assert_eq!(greedy.iter().filter(|place| !place.is_over()).count(), 4);
        assert_eq!(greedy.len(), 4 + ConnectionLimits::RESERVE_PER_ADDRESS);
        let other = take("192.0.2.2").unwrap();
        let proxy = take("10.0.0.1").unwrap();
        assert!(!other.is_over() && !proxy.is_over());
        // It is full; who asks whether it is well still gets in.
        let prober = take("192.0.2.3").unwrap();
        assert!(prober.is_over());
        drop(other);
        assert!(!take("192.0.2.3").unwrap().is_over());
        drop((greedy, proxy, prober));
        assert!(bounds.taken.lock().unwrap().by_address.is_empty());
    }

    #[test]
    fn a_trusted_proxy_has_all_places_that_there_are() {
        let bounds = Bounds::new(ConnectionLimits { total: 6, per_address: 1 }, vec!["10.0.0.0/8".parse().unwrap()]);
        let places: Vec<Place> = (0..6).filter_map(|_| bounds.take([10, 0, 0, 1].into())).collect();
        assert!(places.len() == 6 && places.iter().all(|place| !place.is_over()));
        assert!(bounds.take([10, 0, 0, 1].into()).unwrap().is_over());
    }
}

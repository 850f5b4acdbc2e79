//! Connections of clients: each has a time for everything that it sends, and takes its place in a bounded number of them.

mod bounds;
mod phase;
mod requests;
mod stream;

use std::net::{IpAddr, SocketAddr};

use axum::{
    extract::{ConnectInfo, FromRequestParts, connect_info::Connected},
    http::{HeaderMap, request::Parts},
    serve::IncomingStream,
};
use ipnet::IpNet;

pub use self::bounds::ConnectionLimits;
use self::phase::Progress;
pub(crate) use self::{
    bounds::{Bounded, Bounds},
    requests::OfConnection,
};
use crate::{EdgeState, listener::Closing, problem::Problem};

/// The other end of a connection.
#[derive(Clone)]
pub(crate) struct Peer {
    address: SocketAddr,
    progress: Progress,
    /// There is room for it to ask whether the edge is well, and for nothing else.
    is_over: bool,
}

impl Connected<IncomingStream<'_, Bounded<Closing>>> for Peer {
    fn connect_info(stream: IncomingStream<'_, Bounded<Closing>>) -> Self {
        stream.io().peer()
    }
}

/// The address of a client: that of its connection, unless a proxy which is trusted says for whom it asks.
pub(crate) struct ClientAddress(pub IpAddr);

impl FromRequestParts<EdgeState> for ClientAddress {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &EdgeState) -> Result<Self, Problem> {
        let peer = parts.extensions.get::<ConnectInfo<Peer>>().map(|ConnectInfo(peer)| peer.address.ip());
        let peer = peer.unwrap_or(IpAddr::from([0; 4]));
        Ok(Self(client(peer, &parts.headers, &state.config.trusted_proxies)))
    }
}

/// The last address of `X-Forwarded-For` that no trusted proxy has: what stands before it is the client's own invention.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: IpAddr| trusted.iter().any(|network| network.contains(&address));
    let mut client = peer.to_canonical();
    if !is_trusted(client) {
        return client;
    }
    let lines: Vec<&str> = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
    for hop in lines.iter().flat_map(|line| line.split(',')).rev() {
        let Some(address) = address(hop.trim()) else { break };
        client = address.to_canonical();
        if !is_trusted(client) {
            break;
        }
    }
    client
}

/// Some proxies add the port.
fn address(text: &str) -> Option<IpAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    bare.parse().ok().or_else(|| text.parse().ok().map(|address: SocketAddr| address.ip()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_who_a_trusted_proxy_asks_for_and_nobody_else() {
        let trusted = ["10.0.0.0/8".parse().unwrap(), "::1/128".parse().unwrap()];
        let proxy = "10.0.0.1";
        for (peer, forwarded, client_is) in [
            ("192.0.2.1", &["198.51.100.7"][..], "192.0.2.1"),
            (proxy, &[], proxy),
            (proxy, &["198.51.100.7"], "198.51.100.7"),
            (proxy, &["203.0.113.9, 198.51.100.7"], "198.51.100.7"),
            (proxy, &["203.0.113.9", "198.51.100.7, 10.2.3.4"], "198.51.100.7"),
            (proxy, &["198.51.100.7:4711"], "198.51.100.7"),
            ("::1", &["[2001:db8::7]:4711"], "2001:db8::7"),
            ("::1", &["[2001:db8::7]"], "2001:db8::7"),
            ("::ffff:10.0.0.1", &["::ffff:198.51.100.7"], "198.51.100.7"),
            (proxy, &["198.51.100.7, unknown"], proxy),
            (proxy, &["198.51.100.7, , 10.2.3.4"], "10.2.3.4"),
        ] {
            let mut headers = HeaderMap::new();
            for line in forwarded {
                headers.append("x-forwarded-for", line.parse().unwrap());
            }
            let found = client(peer.parse().unwrap(), &headers, &trusted);
            assert_eq!(found.to_string(), client_is, "{peer} {forwarded:?}");
        }
    }
}

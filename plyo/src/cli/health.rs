//! `plyo health`: whether the local `plyo serve` is ready, for supervisors of containers without curl.

use std::{net::SocketAddr, time::Duration};

use anyhow::{Context, Result, bail};
use clap::Args;
use plyo_client::Client;
use serde_json::Value;
use tokio::{net::lookup_host, time::timeout};

use crate::services::{self, SERVICES};

/// Longer than a healthy edge ever takes, shorter than supervisors' timeouts.
const TIMEOUT: Duration = Duration::from_secs(3);

#[derive(Args)]
pub(super) struct Health {
    /// The address given to `plyo serve`
    #[arg(long, env = "PLYO_LISTEN")]
    listen: Option<String>,
    /// The roles given to `plyo serve`
    #[arg(long, env = "PLYO_ONLY", value_delimiter = ',')]
    only: Vec<String>,
    /// Check only that the process responds (/health), ready or not
    #[arg(long)]
    alive: bool,
}

impl Health {
    /// Prints one line; anything but healthy is an error.
    pub(super) async fn run(self) -> Result<()> {
        let roles: Vec<String> = self.only.into_iter().filter(|role| !role.is_empty()).collect();
        let roles =
            if roles.is_empty() { services::roles(SERVICES).into_iter().map(str::to_owned).collect() } else { roles };
        let listen = self.listen.unwrap_or_else(|| format!("127.0.0.1:{}", services::port(SERVICES, &roles)));
        let address = lookup_host(&listen).await.ok().and_then(|mut found| found.next());
        let url = format!("http://{}", within_reach(address.with_context(|| format!("invalid address {listen}"))?));
        let page = if self.alive { "/health" } else { "/ready" };
        let mut client = Client::new(&url)?;
        let Ok(answer) = timeout(TIMEOUT, client.get(page)).await else {
            bail!("{url}{page} did not respond within {} s", TIMEOUT.as_secs());
        };
        let answer = answer?;
        match (answer.status, self.alive) {
            (200, true) => println!("alive"),
            (200, false) => println!("ready"),
            (503, false) => bail!("not ready: {}", reasons(&answer.body)),
            (status, _) => bail!("{url}{page} returned {status}"),
        }
        Ok(())
    }
}

/// An address that listens everywhere is reached on loopback.
fn within_reach(mut address: SocketAddr) -> SocketAddr {
    if address.ip().is_unspecified() {
        let loopback: [std::net::IpAddr; 2] =
            [std::net::Ipv4Addr::LOCALHOST.into(), std::net::Ipv6Addr::LOCALHOST.into()];
        address.set_ip(loopback[usize::from(address.is_ipv6())]);
    }
    address
}

fn reasons(body: &Value) -> String {
    let missing = body["missing"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let missing = missing.collect::<Vec<_>>().join("; ");
    if missing.is_empty() { "no reason given".to_owned() } else { missing }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_listens_everywhere_is_asked_on_loopback() {
        for (listens, asked) in
            [("0.0.0.0:3000", "127.0.0.1:3000"), ("[::]:3000", "[::1]:3000"), ("192.0.2.7:3002", "192.0.2.7:3002")]
        {
            assert_eq!(within_reach(listens.parse().unwrap()).to_string(), asked);
        }
    }
}

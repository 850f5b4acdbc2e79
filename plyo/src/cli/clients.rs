//! Settings of the edge that `plyo up` and `plyo serve` share: which pages, proxies and connections it takes.

use std::{net::IpAddr, time::Duration};

use anyhow::{Result, anyhow};
use clap::Args;
use ipnet::IpNet;
use plyo_edge::{ConnectionLimits, Origin};
use plyo_servers::file_limit;

use crate::platform::EdgeOptions;

/// Who comes to the edge.
#[derive(Args, Clone, Debug)]
pub(super) struct Clients {
    /// Allowed browser origin; may be repeated
    #[arg(long, env = "PLYO_ALLOWED_ORIGINS", value_delimiter = ',')]
    allowed_origins: Vec<String>,
    /// Address or network of a proxy whose X-Forwarded-For names the client, such as 10.0.0.0/8; may be repeated
    #[arg(long, env = "PLYO_TRUSTED_PROXIES", value_delimiter = ',')]
    trusted_proxies: Vec<String>,
    /// Connections of clients that the edge holds at most [default: three quarters of the files that it may open]
    #[arg(long, env = "PLYO_MAX_CONNECTIONS", value_parser = clap::value_parser!(u32).range(1..))]
    max_connections: Option<u32>,
    /// Those from one address that is no trusted proxy, unless there are no limits [default: half of them]
    #[arg(long, env = "PLYO_MAX_CONNECTIONS_PER_ADDRESS", value_parser = clap::value_parser!(u32).range(1..))]
    max_connections_per_address: Option<u32>,
}

impl Clients {
    /// # Errors
    /// When an origin could never match, or a proxy is no address.
    pub(super) fn edge(&self, limits: bool, grace: Duration) -> Result<EdgeOptions> {
        let origins = given(&self.allowed_origins).map(|text| {
            text.parse::<Origin>().map_err(|error| anyhow!("--allowed-origins (PLYO_ALLOWED_ORIGINS): {error}"))
        });
        let proxies = given(&self.trusted_proxies).map(|text| {
            network(text).ok_or_else(|| {
                anyhow!(
                    "--trusted-proxies (PLYO_TRUSTED_PROXIES): {text:?} is no address or network, such as 10.0.0.0/8"
                )
            })
        });
        let total = match self.max_connections {
            Some(total) => count(total),
            // The rest is for files, databases and other services.
            None => usize::try_from(file_limit()?).unwrap_or(usize::MAX) / 4 * 3,
        };
        let per_address = match self.max_connections_per_address {
            _ if !limits => usize::MAX,
            Some(per_address) => count(per_address),
            None => (total / 2).max(1),
        };
        Ok(EdgeOptions {
            allowed_origins: origins.collect::<Result<_>>()?,
            trusted_proxies: proxies.collect::<Result<_>>()?,
            connections: ConnectionLimits { total, per_address },
            limits,
            grace,
        })
    }
}

/// A variable that is set to nothing names none.
fn given(values: &[String]) -> impl Iterator<Item = &str> {
    values.iter().map(|value| value.trim()).filter(|value| !value.is_empty())
}

fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse().ok().map(|address: IpAddr| address.into()))
}

fn count(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clients(origins: &[&str], proxies: &[&str]) -> Clients {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
        Clients {
            allowed_origins: owned(origins),
            trusted_proxies: owned(proxies),
            max_connections: Some(100),
            max_connections_per_address: None,
        }
    }

    #[test]
    fn what_is_set_to_nothing_is_nothing_and_what_is_wrong_is_named() {
        let edge =
            clients(&["", "https://app.example"], &["10.0.0.0/8", "::1", ""]).edge(true, Duration::ZERO).unwrap();
        assert_eq!((edge.allowed_origins.len(), edge.trusted_proxies.len()), (1, 2));
        assert_eq!(edge.connections, ConnectionLimits { total: 100, per_address: 50 });
        for (wrong, reason) in [
            (clients(&["*"], &[]), "PLYO_ALLOWED_ORIGINS): \"*\" stands for more than one origin"),
            (clients(&["https://app.example/"], &[]), "would never match"),
            (clients(&[], &["proxy.example"]), "PLYO_TRUSTED_PROXIES): \"proxy.example\" is no address"),
        ] {
            let error = wrong.edge(true, Duration::ZERO).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        let unlimited = clients(&[], &[]).edge(false, Duration::ZERO).unwrap();
        assert_eq!(unlimited.connections, ConnectionLimits { total: 100, per_address: usize::MAX });
    }
}

//! Passwords that `plyo keys --files` made, in the place of `{password}` in a URL, and in Postgres.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context, Result};
use plyo_servers::secrets::{self, OPERATOR, REDIS};

use crate::{
    platform::Config,
    services::{self, SERVICES},
};

/// Stands for a password in a URL.
pub(crate) const PLACE: &str = "{password}";

/// The same URL with the password of this user.
pub(super) fn filled(url: &str, nkeys: Option<&Path>, user: &str) -> Result<String> {
    if !url.contains(PLACE) {
        return Ok(url.to_owned());
    }
    let directory = nkeys.context("set PLYO_NKEYS to the directory of the password that a URL asks for")?;
    Ok(url.replace(PLACE, &secrets::password(directory, user)?))
}

/// The URL of each service with its own password. A process that runs one service may have no other's.
pub(super) fn of_services(config: Config) -> Config {
    let with_password = |name: &&str| {
        let url = config.postgres_urls.get(*name).unwrap_or(&config.postgres_url);
        let filled = filled(url, config.nkeys.as_deref(), name).ok()?;
        (filled != *url).then(|| ((*name).to_owned(), filled))
    };
    let own: BTreeMap<String, String> = services::names(SERVICES).iter().filter_map(with_password).collect();
    let mut config = config;
    config.postgres_urls.extend(own);
    config
}

/// Sets each role's password, including the operator's; returns what it did.
pub(super) async fn set(config: &Config) -> Result<Vec<String>> {
    let directory = config.nkeys.as_deref().context("set PLYO_NKEYS to the directory of the passwords")?;
    let mut done = Vec::new();
    for service in services::names(SERVICES) {
        let dsn = config.dsn(service);
        let role = plyo_migrations::role(service);
        plyo_migrations::set_password(&dsn, Some(&role), &secrets::password(directory, service)?).await?;
        plyo_migrations::set_password(&dsn, None, &secrets::password(directory, OPERATOR)?).await?;
        done.push(format!("role {role}: password set"));
        if plyo_migrations::asks_for_no_password(&dsn).await? {
            tracing::warn!(
                service,
                "its Postgres accepts connections without a password: pg_hba.conf says `trust`, as for a database \
                 created before passwords were used; change it to `scram-sha-256`"
            );
        }
    }
    Ok(done)
}

/// The URL of Redis with its password.
pub(super) fn of_redis(url: Option<&str>, nkeys: Option<&Path>) -> Result<Option<String>> {
    url.map(|url| filled(url, nkeys, REDIS)).transpose()
}

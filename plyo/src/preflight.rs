//! What must hold before anything starts: a misconfigured platform is refused, and what may still come is waited for.

use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use plyo_client::Client;
use plyo_nats::{Nats, database, servers, streams};
use plyo_servers::Durability;
use serde_json::Value;
use tokio::time::{Instant, sleep, timeout};
use url::Url;

use crate::{
    platform::Config,
    services::{self, SERVICES},
};

/// Passwords that stand in examples.
const PLACEHOLDERS: [&str; 7] = ["changeme", "change-me", "example", "password", "placeholder", "postgres", "secret"];
const AGAIN: Duration = Duration::from_millis(500);
/// How long nats-server's monitor may take to answer.
const MONITOR: Duration = Duration::from_secs(3);
/// How long nats-server may restart between the preflight and the start.
const RESTART_TIMEOUT: Duration = Duration::from_secs(10);

/// What no waiting mends.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Misconfigured(String);

/// Compares streams, schemas, durability and secrets with what this binary needs. Servers that do not answer and migrations
/// that are still to come are waited for so long; `says` is told what for.
///
/// # Errors
/// When something differs; says what, and what to do.
pub async fn pass(config: &Config, roles: &[String], patience: Duration, says: impl Fn(String)) -> Result<()> {
    refuse_placeholders(config, roles)?;
    until(patience, says, async || check(config, roles).await).await
}

/// Asks again and again, as long as what is wrong may still come right.
async fn until(patience: Duration, says: impl Fn(String), check: impl AsyncFn() -> Result<()>) -> Result<()> {
    let (deadline, mut told) = (Instant::now() + patience, String::new());
    loop {
        let Err(error) = check().await else { return Ok(()) };
        if error.is::<Misconfigured>() || Instant::now() + AGAIN > deadline {
            return Err(error);
        }
        let why = format!("{error:#}");
        if why != told {
            let seconds = deadline.saturating_duration_since(Instant::now()).as_secs();
            tracing::warn!(why, "cannot start yet; waiting up to {seconds} s");
            says(why.clone());
            told = why;
        }
        sleep(AGAIN).await;
    }
}

/// A role's connection, waited for a moment: a broker that restarts while a process starts is no reason to end.
///
/// # Errors
/// When nats-server does not let it in by then; says why.
pub(crate) async fn connected(config: &Config, role: &str) -> Result<Nats> {
    let deadline = Instant::now() + RESTART_TIMEOUT;
    loop {
        match config.nats(role).await {
            Err(error) if Instant::now() + AGAIN > deadline => return Err(error),
            Err(_) => sleep(AGAIN).await,
            Ok(nats) => return Ok(nats),
        }
    }
}

/// Waits so long until nats-server and every Postgres let an operator in.
///
/// # Errors
/// When one does not; says which, and why.
pub async fn await_servers(config: &Config, patience: Duration) -> Result<()> {
    let check = async || {
        config.nats("operator").await?;
        for service in services::names(SERVICES) {
            database::connect(&database::options(&config.dsn(service), &["public"])?).await?;
        }
        Ok(())
    };
    until(patience, |_| (), check).await
}

async fn check(config: &Config, roles: &[String]) -> Result<()> {
    let first = roles.first().context("nothing to run")?;
    let services = || roles.iter().filter(|role| *role != "edge");
    if config.durability == Durability::Always {
        refuse_late_sync(config.nats_monitor_url.as_deref()).await?;
    }
    streams::check(&config.nats(first).await?, &config.streams()).await?;
    for service in services() {
        let schemas = &services::find(SERVICES, service)?.schemas;
        let dsn = config.dsn(service);
        plyo_migrations::check(&dsn, service, schemas).await?;
        if config.durability == Durability::Always {
            refuse_broken_promises(&dsn).await.with_context(|| format!("the Postgres of {service}"))?;
        }
    }
    Ok(())
}

fn refuse_placeholders(config: &Config, roles: &[String]) -> Result<()> {
    for service in roles.iter().filter(|role| *role != "edge") {
        let dsn = config.dsn(service);
        let missing = dsn.contains("{password}");
        ensure!(!missing, "{service}.password is not in PLYO_NKEYS; `plyo keys --files` creates it");
        refuse_placeholder(&dsn).with_context(|| format!("the Postgres URL of {service}"))?;
    }
    config.redis_url.as_deref().map_or(Ok(()), refuse_placeholder).context("the Redis URL")
}

fn refuse_placeholder(url: &str) -> Result<()> {
    // The error of the parser may quote the URL, which may hold a password.
    let url = Url::parse(url).ok().context("cannot parse the URL")?;
    let placeholder = url.password().filter(|password| PLACEHOLDERS.contains(&password.to_lowercase().as_str()));
    ensure!(placeholder.is_none(), "its password is still the placeholder; choose one");
    Ok(())
}

/// Asks every nats-server that answers when it writes to disk; one at least has to.
async fn refuse_late_sync(monitor_urls: Option<&str>) -> Result<()> {
    let Some(urls) = monitor_urls else {
        bail!(Misconfigured(
            "set PLYO_NATS_MONITOR_URL to check that nats-server syncs to disk before it acknowledges, or set PLYO_DURABILITY=relaxed".to_owned()
        ));
    };
    let (mut answered, mut silent) = (0, None);
    for url in urls.split(',').map(str::trim) {
        let shown = servers::without_secrets(url);
        match timeout(MONITOR, varz(url)).await.unwrap_or_else(|_| bail!("no response within {MONITOR:?}")) {
            Ok(varz) => {
                answered += 1;
                if varz["jetstream"]["config"]["sync_always"] != true {
                    bail!(Misconfigured(format!(
                        "the nats-server at {shown} acknowledges before it syncs to disk: set `sync_interval: always` there, or PLYO_DURABILITY=relaxed here"
                    )));
                }
            }
            Err(error) => silent = Some(error.context(format!("query nats-server at {shown}/varz"))),
        }
    }
    match silent {
        Some(error) if answered == 0 => Err(error),
        _ => Ok(()),
    }
}

/// Asks Postgres, as the service, whether it keeps what it has committed.
async fn refuse_broken_promises(dsn: &str) -> Result<()> {
    let off = database::broken_promises(dsn).await?;
    if !off.is_empty() {
        bail!(Misconfigured(format!(
            "it may lose committed data: set {} there, or PLYO_DURABILITY=relaxed here",
            off.iter().map(|name| format!("{name}=on")).collect::<Vec<_>>().join(", ")
        )));
    }
    Ok(())
}

async fn varz(url: &str) -> Result<Value> {
    // The error of the parser may quote the URL, which may hold a password.
    let mut monitor = Client::new(url).ok().context("cannot parse the URL")?;
    let varz = monitor.get("/varz").await?.success()?;
    ensure!(varz.is_object(), "it answers no JSON");
    Ok(varz)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_out_of_an_example_is_refused_and_never_quoted() {
        for url in
            ["postgres://plyo:changeme@db/plyo", "postgres://plyo:Secret@db/plyo", "redis://:password@redis:6379"]
        {
            let error = refuse_placeholder(url).unwrap_err().to_string();
            assert!(error.contains("placeholder") && !error.contains("@"), "{error}");
        }
        for url in ["postgres://plyo@127.0.0.1/plyo", "postgres://plyo:n4Vq-8xw@db/plyo", "redis://redis:6379"] {
            refuse_placeholder(url).unwrap();
        }
    }

    #[test]
    fn what_is_misconfigured_is_told_from_what_may_still_come() {
        let error = anyhow::Error::new(Misconfigured("fsync".to_owned())).context("the Postgres of workout");
        assert!(error.is::<Misconfigured>());
        assert!(!anyhow::anyhow!("refused").context("connect").is::<Misconfigured>());
    }
}

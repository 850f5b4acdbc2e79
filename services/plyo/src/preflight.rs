//! What must hold before anything starts: a misconfigured platform is refused, not run.

use anyhow::{Context, Result, bail, ensure};
use http_body_util::{BodyExt, Empty};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use plyo_nats::streams;
use tokio::net::TcpStream;
use url::Url;

use crate::{
    platform::Config,
    servers::Durability,
    services::{self, SERVICES},
};

/// Passwords that stand in examples.
const PLACEHOLDERS: [&str; 7] = ["changeme", "change-me", "example", "password", "placeholder", "postgres", "secret"];

/// Compares streams, schemas, durability and secrets with what this binary needs.
///
/// # Errors
/// When something differs; says what, and what to do.
pub async fn check(config: &Config, roles: &[String]) -> Result<()> {
    let first = roles.first().context("nothing to run")?;
    for service in roles.iter().filter(|role| *role != "edge") {
        refuse_placeholder(&config.dsn(service)).with_context(|| format!("the Postgres URL of {service}"))?;
    }
    if let Some(redis_url) = &config.redis_url {
        refuse_placeholder(redis_url).context("the Redis URL")?;
    }
    if config.durability == Durability::Always {
        refuse_late_sync(config.nats_monitor_url.as_deref()).await?;
    }
    streams::check(&config.nats(first).await?, &config.streams()).await?;
    for service in roles.iter().filter(|role| *role != "edge") {
        let schemas = &services::find(SERVICES, service)?.schemas;
        plyo_migrations::check(&config.dsn(service), service, schemas).await?;
    }
    Ok(())
}

fn refuse_placeholder(url: &str) -> Result<()> {
    // The error of the parser may quote the URL, which may hold a password.
    let url = Url::parse(url).ok().context("it cannot be read")?;
    let placeholder = url.password().filter(|password| PLACEHOLDERS.contains(&password.to_lowercase().as_str()));
    ensure!(placeholder.is_none(), "its password is a placeholder; choose one");
    Ok(())
}

/// Asks nats-server itself when it writes to disk.
async fn refuse_late_sync(monitor_url: Option<&str>) -> Result<()> {
    let Some(monitor_url) = monitor_url else {
        bail!(
            "set PLYO_NATS_MONITOR_URL, so that nats-server can be asked whether it writes to disk before it acknowledges, or PLYO_DURABILITY=relaxed"
        );
    };
    let varz = get(monitor_url, "/varz").await.with_context(|| format!("ask {monitor_url}/varz"))?;
    let varz: serde_json::Value = serde_json::from_slice(&varz).context("/varz is JSON")?;
    ensure!(
        varz["jetstream"]["config"]["sync_always"] == true,
        "nats-server acknowledges before it writes to disk: set `sync_interval: always` there, or PLYO_DURABILITY=relaxed here"
    );
    Ok(())
}

async fn get(base: &str, path: &str) -> Result<Bytes> {
    let url = Url::parse(base)?;
    let host = url.host_str().context("a URL has a host")?;
    let stream = TcpStream::connect((host, url.port_or_known_default().context("a URL has a port")?)).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let request = Request::get(path).header("host", host).body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    ensure!(response.status().is_success(), "it answers {}", response.status());
    Ok(response.into_body().collect().await?.to_bytes())
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
}

//! Settings that `plyo up` and `plyo serve` share: lanes, memory, grace; the log and the spans.

use std::{io::IsTerminal, path::PathBuf, time::Duration};

use anyhow::Result;
use clap::Args;
use plyo_identity::{MailFolder, Providers};

use crate::{
    platform::Config,
    telemetry::{self, Collector, LogFormat, Telemetry},
};

/// How services run.
#[derive(Args, Clone, Debug)]
pub(super) struct Running {
    /// Expected lanes of each service: 1, 2, 4, 8 or 16. By default what it has, initially 1; `plyo lanes` changes it
    #[arg(long, env = "PLYO_LANES", value_parser = lanes)]
    lanes: Option<u8>,
    /// Row memory of this process in MiB, for all services and lanes
    #[arg(long, env = "PLYO_MEMORY_MIB", default_value_t = Config::MEMORY_MIB, value_parser = clap::value_parser!(u64).range(1..))]
    memory_mib: u64,
    /// Seconds that the edge still accepts connections after SIGTERM, while /ready reports 503, so that load balancers
    /// notice; 5 unless run from a terminal
    #[arg(long, env = "PLYO_GRACE")]
    grace: Option<u64>,
    /// Folder for mails, which are written to files there, with their codes, since they cannot be sent yet: for development.
    /// `plyo up` writes them to `mail/` in its data directory
    #[arg(long, env = "PLYO_MAIL_DIR", value_name = "DIR")]
    mail_dir: Option<PathBuf>,
    /// Where people reach Plyo: what links in mails begin with, and whose domain passkeys are of: https://plyo.example
    #[arg(long, env = "PLYO_PUBLIC_URL", hide_env_values = true, value_name = "URL", value_parser = public_url)]
    public_url: Option<String>,
    /// JSON file of the OpenID Connect providers that people can log in with: `{"google": {"name": "Google", "issuer":
    /// "https://accounts.google.com", "client_id": "…", "client_secret": "…"}}`. Each sends people back to `/oidc/google`, and
    /// so on, of the public URL
    #[arg(long, env = "PLYO_OIDC_PROVIDERS", value_name = "FILE")]
    oidc_providers: Option<PathBuf>,
}

/// What a server says of itself.
#[derive(Args, Clone, Debug)]
pub(super) struct Reporting {
    /// Log format; by default text for `plyo up` and JSON for `plyo serve`. PLYO_LOG, such as `info,plyo_nats=debug`, sets
    /// the levels
    #[arg(long, env = "PLYO_LOG_FORMAT")]
    log_format: Option<LogFormat>,
    /// OpenTelemetry collector for spans, OTLP over HTTP: http://host:4318; by default nothing is exported
    #[arg(
        long,
        env = "OTEL_EXPORTER_OTLP_ENDPOINT",
        value_name = "URL",
        value_parser = collector,
        default_value = "",
        hide_default_value = true,
        hide_env_values = true
    )]
    otlp: Export,
}

/// A collector, if there is to be one: a variable that is set to nothing names none.
#[derive(Clone, Debug)]
struct Export(Option<Collector>);

impl Reporting {
    /// `format` is the usual one; spans are exported in the name of `service`.
    pub(super) fn start(&self, format: LogFormat, service: &str) -> Result<Telemetry> {
        let collector = self.otlp.0.as_ref().map(|collector| (collector, service));
        telemetry::start("info", self.log_format.unwrap_or(format), collector)
    }
}

fn collector(text: &str) -> Result<Export, String> {
    if text.is_empty() { Ok(Export(None)) } else { text.parse().map(|collector| Export(Some(collector))) }
}

/// Long enough for a load balancer that polls every two seconds and acts on the second failure.
const GRACE: u64 = 5;

impl Running {
    pub(super) fn grace(&self) -> Duration {
        let usual = || if std::io::stderr().is_terminal() { 0 } else { GRACE };
        Duration::from_secs(self.grace.unwrap_or_else(usual))
    }

    /// # Errors
    /// When the file of the providers is none.
    pub(super) fn of(&self, config: Config) -> Result<Config> {
        let public_url = self.public_url.clone().unwrap_or(config.public_url);
        let directory = self.mail_dir.clone().or(config.mail.map(|mail| mail.directory));
        let mail = directory.map(|directory| MailFolder { directory, base_url: public_url.clone() });
        let providers = self.oidc_providers.as_deref().map(Providers::read).transpose()?.unwrap_or(config.providers);
        Ok(Config { lanes: self.lanes, memory_mib: self.memory_mib, public_url, providers, mail, ..config })
    }
}

fn public_url(text: &str) -> Result<String, String> {
    match url::Url::parse(text) {
        Ok(url) if ["http", "https"].contains(&url.scheme()) && url.query().is_none() && url.fragment().is_none() => {
            Ok(text.trim_end_matches('/').to_owned())
        }
        _ => Err("a public URL must be like https://plyo.example".to_owned()),
    }
}

/// How many lanes a service can have.
pub(super) fn lanes(text: &str) -> Result<u8, String> {
    let count = text.parse().map_err(|_| format!("a service must have 1, 2, 4, 8 or 16 lanes, not {text}"))?;
    plyo_nats::check_count(count).map_err(|error| error.to_string())?;
    Ok(count)
}

/// How many servers can keep a stream.
pub(super) fn replicas(text: &str) -> Result<u8, String> {
    match text.parse() {
        Ok(count @ (1 | 3 | 5)) => Ok(count),
        _ => Err(format!("a stream must have 1, 3 or 5 replicas, not {text}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_that_cannot_be_are_refused_and_those_that_can_are_named() {
        assert_eq!(["1", "2", "4", "8", "16"].map(lanes), [1, 2, 4, 8, 16].map(Ok));
        for wrong in ["0", "3", "32", "256", "-1", "many"] {
            let error = lanes(wrong).unwrap_err();
            assert!(error.contains("1, 2, 4, 8 or 16 lanes") && error.contains(wrong), "{error}");
        }
        assert_eq!(["1", "3", "5"].map(replicas), [1, 3, 5].map(Ok));
        for wrong in ["0", "2", "7", "three"] {
            let error = replicas(wrong).unwrap_err();
            assert!(error.contains("1, 3 or 5 replicas") && error.contains(wrong), "{error}");
        }
    }
}

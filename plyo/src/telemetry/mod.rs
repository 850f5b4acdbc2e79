//! What the process says of itself: lines to stderr, and spans to a collector where one is named.

mod http;
mod otlp;

use anyhow::Result;
use opentelemetry::trace::TracerProvider as _;
use opentelemetry_sdk::trace::SdkTracerProvider;
pub(crate) use otlp::Collector;
use tracing::{Level, Metadata, level_filters::LevelFilter};
use tracing_subscriber::{
    EnvFilter, Layer, Registry, filter::FilterFn, fmt, layer::SubscriberExt as _, util::SubscriberInitExt as _,
};

/// How a line is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum LogFormat {
    /// For people
    Text,
    /// For programs: an object a line
    Json,
}

/// Stop it, or the last spans are lost.
pub(crate) struct Telemetry(Option<SdkTracerProvider>);

/// The NATS client's errors are returned to us, too, and a connection that ended with its lane is not an error.
const QUIET: &str = "async_nats=warn,async_nats::connector=off";

/// Logs to stderr from this level on; `PLYO_LOG=debug` shows every message with its trace. Exports spans to the collector,
/// in the name of this service.
///
/// # Errors
/// When a variable of OpenTelemetry cannot be read.
pub(crate) fn start(level: &str, format: LogFormat, collector: Option<(&Collector, &str)>) -> Result<Telemetry> {
    let filter = EnvFilter::try_from_env("PLYO_LOG").unwrap_or_else(|_| EnvFilter::new(format!("{level},{QUIET}")));
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match format {
        LogFormat::Text => Box::new(lines.with_target(false).compact().with_filter(filter)),
        LogFormat::Json => Box::new(lines.json().with_filter(filter)),
    };
    let provider = collector.map(|(collector, service)| collector.provider(service)).transpose()?;
    let spans = provider.as_ref().map(|provider| {
        tracing_opentelemetry::layer()
            .with_tracer(provider.tracer("plyo"))
            .with_location(false)
            .with_threads(false)
            .with_tracked_inactivity(false)
            .with_filter(FilterFn::new(is_exported).with_max_level_hint(LevelFilter::DEBUG))
    });
    tracing_subscriber::registry().with(lines).with(spans).init();
    Ok(Telemetry(provider))
}

/// Our spans, with what went wrong in them.
fn is_exported(metadata: &Metadata<'_>) -> bool {
    let most = if metadata.is_span() { Level::DEBUG } else { Level::WARN };
    *metadata.level() <= most && metadata.target().starts_with("plyo")
}

impl Telemetry {
    /// Exports what is left, for as long as the collector is waited for.
    pub(crate) async fn stop(self) {
        let Self(Some(provider)) = self else { return };
        // It blocks, and what it waits for runs on this runtime.
        let stopped = tokio::task::spawn_blocking(move || provider.shutdown()).await;
        if let Ok(Err(error)) = stopped {
            tracing::warn!(%error, "the last spans are lost");
        }
    }
}

//! Spans to an OpenTelemetry collector: OTLP over HTTP, as protobuf.

use std::{env, str::FromStr};

use anyhow::{Context, Result};
use opentelemetry::KeyValue;
use opentelemetry_otlp::{Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _};
use opentelemetry_sdk::{Resource, trace::SdkTracerProvider};
use tokio::runtime::Handle;
use url::Url;

use super::http::Http;

/// Where a collector takes OTLP: `http://host:4318`, to which `/v1/traces` is added. All else is as OpenTelemetry has it:
/// `OTEL_TRACES_SAMPLER`, `OTEL_BSP_…`, `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_RESOURCE_ATTRIBUTES`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Collector(Url);

impl FromStr for Collector {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let url = Url::parse(text).ok().filter(|url| url.scheme() == "http" && url.has_host());
        let mut url = url.ok_or(
            "a collector is http://host:4318; one that is far away and wants https is reached by one beside Plyo",
        )?;
        let path = format!("{}/v1/traces", url.path().trim_end_matches('/'));
        url.set_path(&path);
        Ok(Self(url))
    }
}

impl Collector {
    /// What makes spans and exports them, some at a time. Those that the collector does not take are lost; nothing waits
    /// for it.
    pub(super) fn provider(&self, service: &str) -> Result<SdkTracerProvider> {
        let exporter = SpanExporter::builder()
            .with_http()
            .with_http_client(Http::new(Handle::current()))
            .with_protocol(Protocol::HttpBinary)
            .with_endpoint(self.0.as_str())
            .build()
            .context("export spans")?;
        let mut resource =
            Resource::builder().with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        if env::var_os("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name(service.to_owned());
        }
        Ok(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_collector_is_named_by_where_it_listens() {
        for (given, expected) in [
            ("http://localhost:4318", "http://localhost:4318/v1/traces"),
            ("http://otel/base/", "http://otel/base/v1/traces"),
        ] {
            assert_eq!(given.parse::<Collector>().unwrap().0.as_str(), expected);
        }
        for wrong in ["", "localhost:4318", "https://otel:4318", "http://"] {
            assert!(wrong.parse::<Collector>().unwrap_err().contains("http://host:4318"), "{wrong}");
        }
    }
}

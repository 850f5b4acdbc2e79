//! A collector: a server that takes OTLP over HTTP, and keeps the spans that it took.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value},
};
use prost::Message;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

use crate::platform::eventually;

/// A span that was exported.
#[derive(Clone, Debug)]
pub struct Recorded {
    /// Of whom: `service.name`.
    pub service: String,
    pub name: String,
    pub trace: String,
    pub id: String,
    /// Empty for the first of a trace.
    pub parent: String,
    pub attributes: BTreeMap<String, String>,
}

pub struct Collector {
    pub url: String,
    spans: Arc<Mutex<Vec<Recorded>>>,
    serving: tokio::task::JoinHandle<()>,
}

impl Collector {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let spans = Arc::new(Mutex::new(Vec::new()));
        let taken = Arc::clone(&spans);
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let taken = Arc::clone(&taken);
                tokio::spawn(async move {
                    let exported = take(stream).await.expect("OTLP");
                    taken.lock().unwrap().extend(exported);
                });
            }
        });
        Self { url, spans, serving }
    }

    /// The spans of a trace so far.
    pub fn trace(&self, id: &str) -> Vec<Recorded> {
        let spans = self.spans.lock().unwrap();
        spans.iter().filter(|span| span.trace == id).cloned().collect()
    }

    /// The span of this name in a trace, when it is there.
    pub async fn span(&self, trace: &str, name: &str) -> Recorded {
        let found = async || Ok(self.trace(trace).into_iter().find(|span| span.name == name));
        eventually(name, Duration::from_secs(20), found).await
    }

    /// What a span came from.
    pub async fn parent(&self, span: &Recorded) -> Recorded {
        let found = async || Ok(self.trace(&span.trace).into_iter().find(|other| other.id == span.parent));
        eventually(&format!("what {} comes from", span.name), Duration::from_secs(20), found).await
    }
}

impl Drop for Collector {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// One request.
async fn take(stream: TcpStream) -> Result<Vec<Recorded>> {
    let mut stream = BufReader::new(stream);
    let (mut length, mut head) = (0, String::new());
    while stream.read_line(&mut head).await? > 2 {}
    for line in head.to_lowercase().lines() {
        if let Some(bytes) = line.strip_prefix("content-length: ") {
            length = bytes.trim().parse().context("a length")?;
        }
    }
    ensure!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
    ensure!(head.to_lowercase().contains("content-type: application/x-protobuf"), "{head}");
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await?;
    let exported = ExportTraceServiceRequest::decode(&body[..])?;
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await?;
    let mut spans = Vec::new();
    for of_resource in exported.resource_spans {
        let resource = attributes(&of_resource.resource.unwrap_or_default().attributes);
        let service = resource.get("service.name").cloned().unwrap_or_default();
        for span in of_resource.scope_spans.into_iter().flat_map(|scope| scope.spans) {
            spans.push(Recorded {
                service: service.clone(),
                name: span.name,
                trace: hex(&span.trace_id),
                id: hex(&span.span_id),
                parent: hex(&span.parent_span_id),
                attributes: attributes(&span.attributes),
            });
        }
    }
    Ok(spans)
}

fn attributes(attributes: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |attribute: &KeyValue| match attribute.value.clone()?.value? {
        any_value::Value::StringValue(text) => Some(text),
        any_value::Value::IntValue(number) => Some(number.to_string()),
        any_value::Value::BoolValue(value) => Some(value.to_string()),
        _ => None,
    };
    attributes.iter().filter_map(|attribute| Some((attribute.key.clone(), text(attribute)?))).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

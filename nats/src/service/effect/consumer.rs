//! The broker's side of an effect: a durable consumer shared by all instances, which fetch one request at a time.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use async_nats::{Request, client::RequestErrorKind};
use bytes::Bytes;
use plyo_events::EventKind;
use serde_json::json;
use tokio::sync::watch;

use super::Performed;
use crate::broker::{
    Nats,
    reader::{Received, place},
    streams,
};

/// How long a pull waits on the server for a request.
const PULL_TIMEOUT: Duration = Duration::from_secs(30);
/// How often progress is reported: three times within the `ack_wait` of the consumer.
const PROGRESS: Duration = Duration::from_secs(3);

/// The consumer of one effect, by name.
pub(crate) struct Consumer {
    nats: Nats,
    name: String,
}

/// A request, and how often it was delivered.
pub(crate) struct Asked {
    pub received: Received,
    pub attempt: u32,
    /// Where it is acknowledged.
    reply: String,
}

impl Consumer {
    pub(crate) fn new(nats: &Nats, service: &str, effect: &str) -> Self {
        Self { nats: nats.clone(), name: streams::effect_consumer_name(service, effect) }
    }

    /// Creates it, starting at the first request ever, unless it exists.
    pub(crate) async fn create(&self, performs: &[EventKind]) -> Result<()> {
        let name = &self.name;
        let config = streams::effect_consumer(name, performs);
        // A single filter is part of the subject, so that permissions can restrict what is read.
        let filter = config["filter_subject"].as_str().map_or(String::new(), |filter| format!(".{filter}"));
        let request = json!({ "stream_name": "EVENTS", "config": config });
        let created = self.nats.api(&format!("CONSUMER.CREATE.EVENTS.{name}{filter}"), &request).await;
        created.with_context(|| format!("create consumer {name} on EVENTS")).map(|_| ())
    }

    /// The next request, if one comes soon. Nothing is fetched ahead: a request waiting here would be redelivered.
    /// Without waiting, if it only shall be known whether there is an answer.
    pub(crate) async fn next(&self, waits: bool) -> Result<Option<Asked>> {
        let mut disconnects: watch::Receiver<u64> = self.nats.disconnects();
        let waiting = json!({ "batch": 1, "expires": PULL_TIMEOUT.as_nanos() as u64 });
        let body = if waits { waiting } else { json!({ "batch": 1, "no_wait": true }) }.to_string();
        // Its own inbox: delivered messages have the subject of their event, which the client's shared inbox would not
        // recognise.
        let ask = Request::new()
            .payload(body.into())
            .inbox(self.nats.client().new_inbox())
            .timeout(Some(PULL_TIMEOUT + Duration::from_secs(5)));
        let subject = format!("$JS.API.CONSUMER.MSG.NEXT.EVENTS.{}", self.name);
        let message = tokio::select! {
            message = self.nats.client().send_request(subject, ask) => message,
            _ = disconnects.changed() => bail!("the connection was lost"),
        };
        let message = match message {
            Ok(message) => message,
            Err(error) if error.kind() == RequestErrorKind::NoResponders => {
                bail!("consumer {} does not exist", self.name)
            }
            Err(error) => return Err(error).with_context(|| format!("fetch from {}", self.name)),
        };
        match message.status.map(|status| status.as_u16()) {
            None => {}
            Some(404 | 408) => return Ok(None),
            Some(code) => bail!("{} answers {code} {}", self.name, message.description.unwrap_or_default()),
        }
        let reply = message.reply.as_ref().context("a message of a consumer has an ack subject")?.to_string();
        let place = place(&reply).with_context(|| format!("ack subject {reply}"))?;
        let received = Received::of(message, &place);
        Ok(Some(Asked { received, attempt: u32::try_from(place.deliveries).unwrap_or(u32::MAX), reply }))
    }

    /// An attempt at what a request asks for.
    pub(crate) async fn performing(&self, asked: &Asked, attempt: impl Future<Output = Performed>) -> Performed {
        self.working_on(asked, attempt).await
    }

    /// Works on a request, and keeps the broker from redelivering it meanwhile.
    pub(crate) async fn working_on<T>(&self, asked: &Asked, work: impl Future<Output = T>) -> T {
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = tokio::time::sleep(PROGRESS) => self.say(asked, "+WPI").await,
            }
        }
    }

    /// Returns a request, to be redelivered after a delay.
    pub(crate) async fn again_after(&self, asked: &Asked, delay: Duration) {
        let delay = json!({ "delay": u64::try_from(delay.as_nanos()).unwrap_or(u64::MAX / 2) });
        self.say(asked, format!("-NAK {delay}")).await;
    }

    /// Acknowledges a request; if that fails, it is redelivered.
    pub(crate) async fn acknowledge(&self, asked: &Asked) {
        self.settle(asked, "+ACK").await;
    }

    /// A request will never be performed.
    pub(crate) async fn terminate(&self, asked: &Asked) {
        self.settle(asked, "+TERM").await;
    }

    async fn settle(&self, asked: &Asked, how: &'static str) {
        let settled = self.nats.client().request(asked.reply.clone(), how.into()).await;
        if let Err(error) = settled {
            tracing::warn!(consumer = self.name, %error, "cannot acknowledge a request; it will be redelivered");
        }
    }

    /// If this is lost, the request is redelivered.
    async fn say(&self, asked: &Asked, what: impl Into<Bytes>) {
        if let Err(error) = self.nats.client().publish(asked.reply.clone(), what.into()).await {
            tracing::warn!(consumer = self.name, %error, "cannot report progress to the broker");
        }
    }
}

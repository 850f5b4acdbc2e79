//! Sinks: consumers of every event that store their own position. An export, a third party's webhook, a search index.

use std::{convert::Infallible, future::Future, time::Duration};

use anyhow::{Context, Result};
use rand::RngExt as _;

use crate::broker::{
    Nats,
    tail::{AnotherHistory, Position, Start, Stored, Tail},
};

const SHORTEST_BACKOFF: Duration = Duration::from_millis(100);
const MAX_BACKOFF: Duration = Duration::from_secs(30);

/// Receives every event once and in order, if it stores its position with its output: in the same transaction, the same
/// file. One that cannot, such as a webhook, stores it afterwards, and receives the last batch twice if it dies in between.
///
/// It needs no table of ours and no acknowledgements, so any number of sinks can read at once, each at its own pace.
pub trait Sink: Send {
    /// Its name in logs, metrics and the broker's list of consumers; a subject token.
    const NAME: &'static str;

    /// Its position; `None` if it never wrote. Called at the start, and after every failure.
    fn position(&mut self) -> impl Future<Output = Result<Option<Position>>> + Send;

    /// Writes a batch with its `position`, all or nothing. Events come as published, including types and versions unknown
    /// to this binary.
    fn write(&mut self, events: &[Stored], position: Position) -> impl Future<Output = Result<()>> + Send;
}

/// Feeds a sink for ever, from its position, or from `start` if it has none. Every failure is handled in one way: the sink
/// is asked for its position again, and reading continues there. Stop it by dropping the future.
///
/// # Errors
/// [`AnotherHistory`]: its position is not of this `EVENTS`. Its output must be rebuilt, or its backup restored.
pub async fn feed<S: Sink>(nats: &Nats, sink: &mut S, start: Start) -> Result<Infallible, AnotherHistory> {
    let mut backoff = SHORTEST_BACKOFF;
    loop {
        let mut wrote = false;
        let Err(error) = feed_until_failure(nats, sink, start, &mut wrote).await;
        let error = match error.downcast() {
            Ok(another) => return Err(another),
            Err(error) => format!("{error:#}"),
        };
        tracing::warn!(sink = S::NAME, error, "reading the sink's position again");
        backoff = if wrote { SHORTEST_BACKOFF } else { (backoff * 2).min(MAX_BACKOFF) };
        let jitter = rand::rng().random_range(0.5..1.5);
        tokio::time::sleep(backoff.mul_f64(jitter)).await;
    }
}

async fn feed_until_failure<S: Sink>(nats: &Nats, sink: &mut S, start: Start, wrote: &mut bool) -> Result<Infallible> {
    let position = sink.position().await.context("read the sink's position")?;
    let mut tail = Tail::open_at(nats, S::NAME, position.map_or(start, Start::After)).await?;
    loop {
        let events = tail.next().await?;
        if !events.is_empty() {
            sink.write(&events, tail.position()).await.context("write a batch")?;
            *wrote = true;
        }
        metrics::gauge!("plyo_sink_lag", "sink" => S::NAME).set(tail.behind() as f64);
    }
}

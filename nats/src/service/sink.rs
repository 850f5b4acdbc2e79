//! Sinks: whatever takes every event and keeps itself how far it got. An export, a webhook of somebody else, a search index.

use std::{convert::Infallible, future::Future, time::Duration};

use anyhow::{Context, Result};
use rand::RngExt as _;

use crate::broker::{
    Nats,
    tail::{AnotherHistory, Position, Start, Stored, Tail},
};

const SHORTEST_BACKOFF: Duration = Duration::from_millis(100);
const LONGEST_BACKOFF: Duration = Duration::from_secs(30);

/// Takes every event once and in order, if it keeps its position with what it writes: in the same transaction, the same
/// file. One that cannot, such as a webhook, keeps it afterwards, and takes the last batch twice when it dies between.
///
/// No table of ours and no acknowledgement is behind it, so any number of sinks read at once, each at its own pace.
pub trait Sink: Send {
    /// As logs, metrics and the broker's list of consumers name it; a subject token.
    const NAME: &'static str;

    /// How far it got; `None` if it never wrote. It is asked at first, and whenever something failed.
    fn position(&mut self) -> impl Future<Output = Result<Option<Position>>> + Send;

    /// Writes a batch, and that it got as far as `position`; all of it or nothing. Events come as they travelled, also of
    /// types and versions that this binary does not know.
    fn write(&mut self, events: &[Stored], position: Position) -> impl Future<Output = Result<()>> + Send;
}

/// Feeds a sink for ever, from its position, or from `start` if it has none. Every failure is met in one way: the sink is
/// asked again where it stands, and reading goes on there. Stop it by dropping the future.
///
/// # Errors
/// [`AnotherHistory`]: its position is not of this `EVENTS`. What it wrote is to be begun anew, or its backup restored.
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
        backoff = if wrote { SHORTEST_BACKOFF } else { (backoff * 2).min(LONGEST_BACKOFF) };
        let jitter = rand::rng().random_range(0.5..1.5);
        tokio::time::sleep(backoff.mul_f64(jitter)).await;
    }
}

async fn feed_until_failure<S: Sink>(nats: &Nats, sink: &mut S, start: Start, wrote: &mut bool) -> Result<Infallible> {
    let position = sink.position().await.context("read the sink's position")?;
    let mut tail = Tail::open_at(nats, S::NAME, position.map_or(start, Start::After)).await?;
    loop {
        let events = tail.next().await?;
        sink.write(&events, tail.position()).await.context("write a batch")?;
        *wrote = true;
        metrics::gauge!("plyo_sink_lag", "sink" => S::NAME).set(tail.behind() as f64);
    }
}

//! The spans of a batch.

use plyo_events::Traceparent;
use tracing::{Span, field::Empty};
use uuid::Uuid;

use super::{
    gather::{Gathered, Source, Work},
    which::Lane,
};
use crate::{broker::streams, trace};

/// Messages of further traces pass on the span that they come from, so that no trace falls apart.
const MAX_SPANS: usize = 16;

/// One span in each trace that messages of a batch belong to: a batch is of many, and a span of one.
pub(super) struct Spans(Vec<Opened>);

struct Opened {
    trace: u128,
    span: Span,
    /// What messages carry that come from it.
    traceparent: Option<Traceparent>,
    messages: u64,
}

impl Spans {
    /// Opens them, where anybody wants spans. What the messages cause comes from them.
    pub(super) fn open(lane: Lane, gathered: &mut Gathered) -> Self {
        let mut opened = Vec::new();
        if trace::is_on() {
            for arrival in &mut gathered.arrivals {
                let (id, traceparent) = match &mut arrival.work {
                    Work::Command(command) => (command.id, &mut command.traceparent),
                    Work::Event(event) => (event.id, &mut event.traceparent),
                    Work::Imported(_) | Work::Import(_) | Work::Erase(_) | Work::Skip | Work::Undecodable(_) => {
                        continue;
                    }
                };
                if let Some(own) = traceparent.and_then(|parent| join(&mut opened, lane, arrival.source, id, parent)) {
                    *traceparent = Some(own);
                }
            }
        }
        for Opened { span, messages, .. } in &opened {
            span.record("messaging.batch.message_count", messages);
        }
        Self(opened)
    }

    /// The one that the batch is worked on in: what is logged meanwhile shows it.
    pub(super) fn first(&self) -> Span {
        self.0.first().map_or_else(Span::none, |opened| opened.span.clone())
    }
}

/// Counts a message in the span of its trace, and opens that with the first one. Gives what it causes comes from.
fn join(opened: &mut Vec<Opened>, lane: Lane, source: Source, id: Uuid, parent: Traceparent) -> Option<Traceparent> {
    if !parent.is_sampled() {
        return None;
    }
    if let Some(known) = opened.iter_mut().find(|opened| opened.trace == parent.trace()) {
        known.messages += 1;
        return known.traceparent;
    }
    if opened.len() == MAX_SPANS {
        return None;
    }
    let span = span(lane, source, id, parent);
    let traceparent = trace::of(&span);
    opened.push(Opened { trace: parent.trace(), span, traceparent, messages: 1 });
    traceparent
}

fn span(lane: Lane, source: Source, id: Uuid, parent: Traceparent) -> Span {
    let stream = match source {
        Source::Events => "EVENTS".to_owned(),
        Source::Commands => streams::commands(lane.service),
    };
    let span = tracing::debug_span!(
        "batch",
        otel.name = format!("process {stream}"),
        otel.kind = "consumer",
        messaging.system = "nats",
        messaging.operation.name = "process",
        "messaging.operation.type" = "process",
        messaging.destination.name = stream,
        messaging.consumer.group.name = lane.service,
        messaging.batch.message_count = Empty,
        messaging.message.id = %id,
        plyo.lane = lane.index,
        traceparent = %parent,
    );
    trace::follow(&span, Some(parent));
    span
}

#[cfg(test)]
mod tests {
    use async_nats::HeaderMap;
    use bytes::Bytes;
    use jiff::Timestamp;
    use opentelemetry::trace::TracerProvider as _;
    use opentelemetry_sdk::trace::SdkTracerProvider;
    use plyo_events::{Command, Message};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;
    use crate::{
        broker::reader::Received,
        lane::gather::Arrival,
        probe::{measure, person},
        reactor::Incoming,
    };

    fn arrival(command: Message<Command>) -> Arrival {
        let (subject, body, time) = (String::new(), Bytes::new(), Timestamp::UNIX_EPOCH);
        let received = Received { subject, headers: HeaderMap::new(), body, sequence: 1, time, pending: 0 };
        Arrival { source: Source::Commands, received, work: Work::Command(command) }
    }

    fn batch(traceparents: &[Option<Traceparent>]) -> Gathered {
        let mut gathered = Gathered::default();
        for (number, traceparent) in (1..).zip(traceparents) {
            let command = Message { traceparent: *traceparent, ..measure(number, person(1), 7) };
            gathered.arrivals.push(arrival(command));
        }
        gathered
    }

    fn carried(gathered: &Gathered) -> Vec<Option<Traceparent>> {
        let traceparent = |message: Incoming<'_>| match message {
            Incoming::Command(command) => command.traceparent,
            Incoming::Event(event) => event.traceparent,
        };
        gathered.incoming().map(traceparent).collect()
    }

    /// One test of both, since what a process wants of spans is remembered by its call sites.
    #[test]
    fn a_batch_has_a_span_in_each_trace_where_somebody_wants_spans_and_costs_nothing_elsewhere() {
        let lane = Lane::all("probe", 1).unwrap()[0];
        let traces: Vec<_> = (0..20).map(|_| Traceparent::mint()).collect();
        let silent = Traceparent::new(7, 7, 0);
        let given: Vec<_> = traces.iter().chain(&traces[..2]).copied().map(Some).chain([silent, None]).collect();

        let mut gathered = batch(&given);
        let spans = Spans::open(lane, &mut gathered);
        assert_eq!((spans.0.capacity(), spans.first().is_disabled()), (0, true), "nothing is allocated");
        assert_eq!(carried(&gathered), given);

        let provider = SdkTracerProvider::builder().build();
        let exporting = tracing_opentelemetry::layer().with_tracer(provider.tracer("test"));
        tracing::subscriber::with_default(tracing_subscriber::registry().with(exporting), || {
            let spans = Spans::open(lane, &mut gathered);
            assert_eq!(spans.0.len(), MAX_SPANS);
            let carried = carried(&gathered);
            for (parent, own) in given.iter().zip(&carried).take(MAX_SPANS) {
                let (parent, own) = (parent.unwrap(), own.unwrap());
                assert_eq!((own.trace(), own.is_sampled()), (parent.trace(), true));
                assert_ne!(own.span(), parent.span());
            }
            assert_eq!(carried[MAX_SPANS..20], given[MAX_SPANS..20], "no trace falls apart");
            assert_eq!(carried[20..22], carried[..2], "messages of a trace share a span");
            assert_eq!(carried[22..], given[22..]);
            assert_eq!((spans.0[0].messages, spans.0[2].messages), (2, 1));
        });
    }
}

//! What an edge shows on `/metrics`, and what each of it means.

use plyo_nats::metric::{Metric, MetricKind};

pub const METRICS: &[Metric] = &[
    Metric {
        kind: MetricKind::Counter,
        name: "plyo_edge_closes_total",
        labels: &["code"],
        help: "Sockets that the edge closed, by the code that the client was told.",
    },
    Metric {
        kind: MetricKind::Counter,
        name: "plyo_edge_connections_refused_total",
        labels: &[],
        help: "Connections that were closed at once, since there were too many, in total or from one address.",
    },
    Metric {
        kind: MetricKind::Counter,
        name: "plyo_edge_resets_total",
        labels: &["why"],
        help: "Clients whose cursor could not be resumed from, by why: malformed, epoch, future, too_old.",
    },
    Metric {
        kind: MetricKind::Gauge,
        name: "plyo_edge_ring_events",
        labels: &[],
        help: "Recent events that clients can resume from.",
    },
    Metric {
        kind: MetricKind::Gauge,
        name: "plyo_edge_sockets",
        labels: &["kind"],
        help: "Live connections, by kind: websocket, sse.",
    },
    Metric {
        kind: MetricKind::Counter,
        name: "plyo_limits_without_redis_total",
        labels: &[],
        help: "Requests whose limit this edge counted alone, since Redis did not answer.",
    },
    Metric {
        kind: MetricKind::Histogram,
        name: "plyo_push_seconds",
        labels: &[],
        help: "From the time of an event to its push on a socket.",
    },
];

//! What `/metrics` shows, and what each of it means.

use std::fmt;

/// A metric as `/metrics` and `docs/operating.md` explain it.
#[derive(Clone, Copy, Debug)]
pub struct Metric {
    pub kind: MetricKind,
    pub name: &'static str,
    pub labels: &'static [&'static str],
    pub help: &'static str,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    Counter,
    Gauge,
    Histogram,
}

/// Those of the loop, of effects and of sinks.
pub const METRICS: &[Metric] = &[
    Metric {
        kind: MetricKind::Histogram,
        name: "plyo_batch_size",
        labels: &["service"],
        help: "Messages in a batch of a lane, with those that it skipped.",
    },
    Metric {
        kind: MetricKind::Gauge,
        name: "plyo_consumer_lag",
        labels: &["service", "lane", "stream"],
        help: "How many sequences of a stream a lane has not applied yet; looked at every 5 s.",
    },
    Metric {
        kind: MetricKind::Counter,
        name: "plyo_effects_total",
        labels: &["service", "effect", "outcome"],
        help: "Attempts of an effect, by what they came to: done, gave_up, retried, dead.",
    },
    Metric {
        kind: MetricKind::Counter,
        name: "plyo_outcomes_total",
        labels: &["service", "outcome"],
        help: "Commands that a service handled, by their outcome: done, rejected, dead.",
    },
    Metric {
        kind: MetricKind::Histogram,
        name: "plyo_reaction_seconds",
        labels: &["service"],
        help: "From the time of a command or an event to the commit of the batch that handled it.",
    },
    Metric {
        kind: MetricKind::Gauge,
        name: "plyo_remembered_bytes",
        labels: &["service", "lane"],
        help: "Memory that a lane uses for rows which it need not read again.",
    },
    Metric {
        kind: MetricKind::Gauge,
        name: "plyo_sink_lag",
        labels: &["sink"],
        help: "How many events a sink has not taken yet.",
    },
];

/// Has `/metrics` explain them, from when they are first counted on.
pub fn describe(metrics: &[Metric]) {
    for metric in metrics {
        match metric.kind {
            MetricKind::Counter => metrics::describe_counter!(metric.name, metric.help),
            MetricKind::Gauge => metrics::describe_gauge!(metric.name, metric.help),
            MetricKind::Histogram => metrics::describe_histogram!(metric.name, metric.help),
        }
    }
}

impl fmt::Display for MetricKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        })
    }
}

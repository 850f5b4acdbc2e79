//! Spans that begin in one process and go on in another, by the `traceparent` of messages.
//!
//! They are of level DEBUG: where nobody exports spans and nobody debugs, one costs a look at a number, and nothing is
//! allocated.

use opentelemetry::{
    Context,
    trace::{SpanContext, SpanId, TraceContextExt, TraceFlags, TraceId, TraceState},
};
use plyo_events::Traceparent;
use tracing::{Level, Span};
use tracing_opentelemetry::OpenTelemetrySpanExt;

/// Whether anybody wants spans.
pub fn is_on() -> bool {
    tracing::span_enabled!(Level::DEBUG)
}

/// Makes a new span the child of the one that a message comes from.
pub fn follow(span: &Span, parent: Option<Traceparent>) {
    let Some(parent) = parent.filter(|_| !span.is_disabled()) else { return };
    let context = SpanContext::new(
        TraceId::from_bytes(parent.trace().to_be_bytes()),
        SpanId::from_bytes(parent.span().to_be_bytes()),
        TraceFlags::new(parent.flags()),
        true,
        TraceState::default(),
    );
    // It fails where spans are only logged: those show their fields and have no ids.
    let _ = span.set_parent(Context::new().with_remote_span_context(context));
}

/// What a message carries that comes from this span; `None` where nobody exports it.
pub fn of(span: &Span) -> Option<Traceparent> {
    if span.is_disabled() {
        return None;
    }
    let context = span.context();
    let context = context.span().span_context().clone();
    let (trace, span) = (context.trace_id().to_bytes(), context.span_id().to_bytes());
    Traceparent::new(u128::from_be_bytes(trace), u64::from_be_bytes(span), context.trace_flags().to_u8())
}

/// The same of the span that the caller is in.
pub fn current() -> Option<Traceparent> {
    if is_on() { of(&Span::current()) } else { None }
}

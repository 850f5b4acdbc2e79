//! One trace from the request to the push: a W3C `traceparent` is continued or begun, and whoever wants spans has one of each
//! request and of each command that comes over a socket.

use std::task::{Context, Poll};

use axum::{
    extract::{MatchedPath, Request},
    http::HeaderMap,
    response::Response,
};
use futures_util::future::{BoxFuture, Either, FutureExt as _};
use plyo_events::Traceparent;
use tower::Service;
use tracing::{Instrument as _, Span, field::Empty};

/// What a command carries: the span of its request; where there is none the caller's `traceparent`, or else a new one.
pub(crate) fn traceparent(headers: &HeaderMap) -> Traceparent {
    plyo_nats::trace::current().or_else(|| given(headers)).unwrap_or_else(Traceparent::mint)
}

/// The caller's, if it is well-formed.
fn given(headers: &HeaderMap) -> Option<Traceparent> {
    headers.get("traceparent")?.to_str().ok()?.parse().ok()
}

/// The span of a command that comes over a socket.
pub(crate) fn socket_command(kind: &str) -> Span {
    // Names that clients make up are cut off.
    let kind = &kind[..kind.floor_char_boundary(64)];
    tracing::debug_span!("command", otel.name = "cmd", otel.kind = "server", plyo.command = kind)
}

/// A span of each request to the API; whoever asks whether the process is well gets none.
#[derive(Clone)]
pub(crate) struct WithSpan<S>(pub S);

impl<S> Service<Request> for WithSpan<S>
where
    S: Service<Request, Response = Response, Future: Send + 'static>,
    S::Error: 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let span = if plyo_nats::trace::is_on() { of_request(&request) } else { Span::none() };
        if span.is_disabled() {
            return Either::Left(self.0.call(request));
        }
        let responding = span.in_scope(|| self.0.call(request));
        let recorded = span.clone();
        let responding = responding.map(move |response| {
            if let Ok(response) = &response {
                record(&recorded, response);
            }
            response
        });
        Either::Right(Box::pin(responding.instrument(span)))
    }
}

/// No query and no body: what people write stays out of traces.
fn of_request(request: &Request) -> Span {
    let path = request.uri().path();
    if !path.starts_with("/api/v1/") || path.ends_with("/health") {
        return Span::none();
    }
    let (method, parent) = (request.method().as_str(), given(request.headers()));
    let route = request.extensions().get::<MatchedPath>().map(MatchedPath::as_str);
    let span = tracing::debug_span!(
        "request",
        otel.name = route.map_or_else(|| method.to_owned(), |route| format!("{method} {route}")),
        otel.kind = "server",
        otel.status_code = Empty,
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty,
        url.path = path,
        traceparent = parent.map(tracing::field::display),
    );
    plyo_nats::trace::follow(&span, parent);
    span
}

fn record(span: &Span, response: &Response) {
    let status = response.status();
    span.record("http.response.status_code", status.as_u16());
    if status.is_server_error() {
        span.record("otel.status_code", "ERROR");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_cut_off_between_two_characters() {
        let _span = socket_command(&"\u{20ac}".repeat(100));
    }

    #[test]
    fn a_trace_is_continued_and_garbage_is_replaced() {
        let mut headers = HeaderMap::new();
        let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_ne!(traceparent(&headers), traceparent(&headers));
        headers.insert("traceparent", given.parse().unwrap());
        assert_eq!(traceparent(&headers).to_string(), given);
        headers.insert("traceparent", "garbage".parse().unwrap());
        assert_ne!(traceparent(&headers).to_string(), given);
    }
}

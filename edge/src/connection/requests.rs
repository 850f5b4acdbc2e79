//! Says to each connection when a request of it begins and when its answer is written.

use std::{
    pin::Pin,
    task::{Context, Poll},
};

use axum::{
    body::{Body, Bytes, HttpBody},
    extract::{ConnectInfo, Request},
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::future::{BoxFuture, Either, FutureExt as _};
use http_body::{Frame, SizeHint};
use tower::Service;

use super::{
    Peer,
    phase::{Phase, Progress},
};
use crate::problem::UNAVAILABLE;

#[derive(Clone)]
pub(crate) struct OfConnection<S>(pub S);

impl<S> Service<Request> for OfConnection<S>
where
    S: Service<Request, Response = Response, Future: Send + 'static>,
    S::Error: Send + 'static,
{
    type Response = Response;
    type Error = S::Error;
    type Future = Either<S::Future, BoxFuture<'static, Result<Response, S::Error>>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(context)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        let Some(ConnectInfo(peer)) = request.extensions().get::<ConnectInfo<Peer>>().cloned() else {
            return Either::Left(self.0.call(request));
        };
        peer.progress.enter(Phase::Busy);
        if peer.is_over && !asks_whether_it_is_well(request.uri().path()) {
            return Either::Right(async move { Ok(refusal(peer.progress)) }.boxed());
        }
        let answering = self.0.call(request);
        Either::Right(async move { Ok(until_written(answering.await?, peer)) }.boxed())
    }
}

fn asks_whether_it_is_well(path: &str) -> bool {
    matches!(path, "/health" | "/ready" | "/metrics")
}

fn refusal(progress: Progress) -> Response {
    let refusal = UNAVAILABLE.because("there are too many connections; try again").into_response();
    let mut refusal = guarded(refusal, progress);
    refusal.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    refusal
}

fn until_written(response: Response, peer: Peer) -> Response {
    // What became a socket keeps its own time.
    if response.status() == StatusCode::SWITCHING_PROTOCOLS {
        return response;
    }
    let mut response = guarded(response, peer.progress);
    if peer.is_over {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

fn guarded(response: Response, progress: Progress) -> Response {
    response.map(|body| Body::new(Written { body, progress }))
}

/// A body whose end is the end of its request.
struct Written {
    body: Body,
    progress: Progress,
}

impl HttpBody for Written {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        self.progress.enter(Phase::Idle);
    }
}

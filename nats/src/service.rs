//! A service as its table of contents: a write side and the questions it answers.

use std::{future::Future, pin::Pin, sync::Arc};

use plyo_events::{EventKind, Query, Reject};
use sqlx::PgPool;

use crate::{
    Nats,
    lane::{self, Surroundings},
    reactor::Reactor,
    replay::{self, Replay},
};

/// What a query handler works with.
#[derive(Clone)]
pub struct Context {
    /// Connections to the service's own schema, for reading only.
    pub pool: PgPool,
    pub nats: Nats,
}

/// A question that is not answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It was understood and refused.
    #[error(transparent)]
    Reject(#[from] Reject),
    /// It failed; the asker is told no more than that.
    #[error("query failed")]
    Failed(#[source] anyhow::Error),
}

impl From<anyhow::Error> for QueryError {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<sqlx::Error> for QueryError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

/// MessagePack in, MessagePack out.
pub(crate) type Handler =
    Arc<dyn Fn(Context, Vec<u8>) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, QueryError>> + Send>> + Send + Sync>;

type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// What can be done with a reactor, whichever it is.
pub(crate) struct WriteSide {
    pub run: Box<dyn Fn(Surroundings) -> Running<()> + Send + Sync>,
    pub replay: Box<dyn Fn(Replay) -> Running<anyhow::Result<replay::Report>> + Send + Sync>,
}

impl WriteSide {
    fn new<R: Reactor>(reactor: R) -> Self {
        let reactor = Arc::new(reactor);
        let again = Arc::clone(&reactor);
        Self {
            run: Box::new(move |with| Box::pin(lane::run(Arc::clone(&reactor), with))),
            replay: Box::new(move |how| Box::pin(replay::replay(Arc::clone(&again), how))),
        }
    }
}

/// A service: its write side and its answers. `plyo_nats::run` runs it.
pub struct Service {
    pub(crate) name: &'static str,
    reads: &'static [EventKind],
    pub(crate) write_side: WriteSide,
    pub(crate) answers: Vec<(&'static str, Handler)>,
}

impl Service {
    /// A service that writes by `reactor`.
    pub fn new<R: Reactor>(reactor: R) -> Self {
        Self { name: R::NAME, reads: R::READS, write_side: WriteSide::new(reactor), answers: Vec::new() }
    }

    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The foreign events that it folds or reacts to.
    pub const fn reads(&self) -> &'static [EventKind] {
        self.reads
    }

    /// Answers `Q` with `handler`.
    pub fn answer<Q, F, Fut>(mut self, handler: F) -> Self
    where
        Q: Query,
        F: Fn(Context, Q) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Q::Answer, QueryError>> + Send + 'static,
    {
        let answer: Handler = Arc::new(move |context, body| {
            let handler = handler.clone();
            Box::pin(async move {
                let query = rmp_serde::from_slice(&body)
                    .map_err(|_| Reject::invalid("invalid_query", "the body is not the MessagePack of this query"))?;
                let answer = handler(context, query).await?;
                rmp_serde::to_vec_named(&answer).map_err(|error| QueryError::Failed(error.into()))
            })
        });
        self.answers.push((Q::NAME, answer));
        self
    }
}

//! A service as a table of contents: its write side, its effects, and the questions it answers.

pub(crate) mod effect;
pub mod erase;
pub mod import;
mod loop_command;
pub(crate) mod questions;
pub(crate) mod run;
pub(crate) mod sink;

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, OnceLock},
};

use bytes::Bytes;
use plyo_events::{CommandKind, EventKind, Query, Rejection, RejectionCode, Request, rejection::INVALID_QUERY};
use serde::{Serialize, de::DeserializeOwned};
use sqlx::PgPool;

use self::effect::{Effect, Performing};
use crate::{
    broker::{Nats, commands::CommandPublisher, subject},
    lane,
    operate::replay::{self, Replay},
    reactor::Reactor,
};

/// What a query handler works with.
#[derive(Clone)]
pub struct Context {
    /// Read-only connections to the service's own schema.
    pub pool: PgPool,
    pub nats: Nats,
    /// Created on the first request.
    commands: Arc<OnceLock<CommandPublisher>>,
}

impl Context {
    pub(crate) fn new(pool: PgPool, nats: Nats) -> Self {
        Self { pool, nats, commands: Arc::default() }
    }
}

/// What a request handler works with.
#[derive(Clone)]
pub struct RequestContext {
    /// Read-only connections to the service's own schema.
    pub pool: PgPool,
    pub nats: Nats,
    /// For the commands of [`Request::SENDS`]. Nobody waits for their outcomes.
    pub commands: CommandPublisher,
}

impl From<Context> for RequestContext {
    fn from(Context { pool, nats, commands }: Context) -> Self {
        let commands = commands.get_or_init(|| CommandPublisher::unanswered(&nats)).clone();
        Self { pool, nats, commands }
    }
}

/// Why a question is not answered.
#[derive(Debug, thiserror::Error)]
pub enum QueryError {
    /// It was understood and rejected.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// It failed; the client learns no more than that.
    #[error("query failed")]
    Failed(#[source] anyhow::Error),
}

impl From<RejectionCode> for QueryError {
    fn from(code: RejectionCode) -> Self {
        Self::Rejected(code.into())
    }
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

/// MessagePack in, JSON out.
pub(crate) type Handler =
    Arc<dyn Fn(Context, Bytes) -> Pin<Box<dyn Future<Output = Result<Vec<u8>, QueryError>> + Send>> + Send + Sync>;

type Running<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// The operations of any reactor.
pub(crate) struct WriteSide {
    pub run: Box<dyn Fn(lane::Config) -> Running<std::convert::Infallible> + Send + Sync>,
    pub replay: Box<dyn Fn(Replay) -> Running<anyhow::Result<replay::Report>> + Send + Sync>,
}

impl WriteSide {
    fn new<R: Reactor>(reactor: R) -> Self {
        let reactor = Arc::new(reactor);
        let again = Arc::clone(&reactor);
        Self {
            run: Box::new(move |config| Box::pin(lane::run(Arc::clone(&reactor), config))),
            replay: Box::new(move |how| Box::pin(replay::replay(Arc::clone(&again), how))),
        }
    }
}

/// Any effect.
pub(crate) struct NetworkSide {
    name: &'static str,
    performs: &'static [EventKind],
    erases: bool,
    pub run: Box<dyn Fn(Performing) -> Running<anyhow::Error> + Send + Sync>,
}

/// A service: its write side, its effects and its answers. `plyo_nats::run` runs it.
pub struct Service {
    pub(crate) name: &'static str,
    pub(crate) reads: &'static [EventKind],
    timers: &'static [EventKind],
    sends: Vec<CommandKind>,
    stores: Vec<&'static str>,
    tells: bool,
    pub(crate) write_side: WriteSide,
    pub(crate) effects: Vec<NetworkSide>,
    pub(crate) answers: Vec<(&'static str, Handler)>,
}

impl Service {
    /// A service with `reactor` as its write side.
    pub fn new<R: Reactor>(reactor: R) -> Self {
        Self {
            name: R::NAME,
            reads: R::READS,
            timers: R::TIMERS,
            sends: R::SENDS.to_vec(),
            stores: Vec::new(),
            tells: false,
            write_side: WriteSide::new(reactor),
            effects: Vec::new(),
            answers: Vec::new(),
        }
    }

    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The foreign events that it folds or reacts to.
    pub const fn reads(&self) -> &'static [EventKind] {
        self.reads
    }

    /// The clock's events that it sets timers for.
    pub const fn timers(&self) -> &'static [EventKind] {
        self.timers
    }

    /// The commands sent by its reactor, its effects and its request handlers, each once.
    pub fn sends(&self) -> &[CommandKind] {
        &self.sends
    }

    /// Its effects by name, with the events that ask for them.
    pub fn effects(&self) -> impl Iterator<Item = (&'static str, &'static [EventKind])> {
        self.effects.iter().map(|effect| (effect.name, effect.performs))
    }

    /// Whether one of its effects erases people.
    pub fn erases(&self) -> bool {
        self.effects.iter().any(|effect| effect.erases)
    }

    /// The buckets that its effects and its request handlers write files to, each once.
    pub fn stores(&self) -> &[&'static str] {
        &self.stores
    }

    /// Whether one of its effects tells people how far it is.
    pub const fn tells(&self) -> bool {
        self.tells
    }

    /// Performs `effect` beside the write side.
    ///
    /// # Panics
    /// If an event of another service asks for it, or its reports go to another service, or its name is an invalid subject
    /// token.
    pub fn effect<E: Effect>(mut self, effect: E) -> Self {
        let mut services =
            E::PERFORMS.iter().map(|kind| kind.service()).chain(E::REPORTS.iter().map(|kind| kind.service()));
        assert!(services.all(|service| service == self.name), "{} asks for {} and hears of it", self.name, E::NAME);
        assert!(subject::subject(&[E::NAME]).is_ok(), "{} names a consumer", E::NAME);
        self.also_sends(E::REPORTS);
        let effect = Arc::new(effect);
        let run = Box::new(move |with| -> Running<_> { Box::pin(effect::perform_all(Arc::clone(&effect), with)) });
        self.also_stores(E::STORES);
        self.tells |= E::TELLS;
        self.effects.push(NetworkSide { name: E::NAME, performs: E::PERFORMS, erases: E::ERASES, run });
        self
    }

    fn also_sends(&mut self, kinds: &[CommandKind]) {
        self.sends.extend(kinds);
        self.sends.sort_unstable();
        self.sends.dedup();
    }

    fn also_stores(&mut self, buckets: &[&'static str]) {
        self.stores.extend(buckets);
        self.stores.sort_unstable();
        self.stores.dedup();
    }

    /// Answers `Q` with `handler`.
    pub fn answer<Q, F, Fut>(mut self, handler: F) -> Self
    where
        Q: Query,
        F: Fn(Context, Q) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<Q::Answer, QueryError>> + Send + 'static,
    {
        self.answers.push((Q::NAME, handled_by(Q::REJECTIONS, handler)));
        self
    }

    /// Performs `R` with `handler`.
    pub fn handle<R, F, Fut>(mut self, handler: F) -> Self
    where
        R: Request,
        F: Fn(RequestContext, R) -> Fut + Clone + Send + Sync + 'static,
        Fut: Future<Output = Result<R::Answer, QueryError>> + Send + 'static,
    {
        self.also_sends(R::SENDS);
        self.also_stores(R::STORES);
        self.answers.push((R::NAME, handled_by(R::REJECTIONS, handler)));
        self
    }

    /// Replays `EVENTS`. The service's lanes pause meanwhile: their sessions are ended, and they take over again afterwards.
    ///
    /// # Errors
    /// When `EVENTS`, Postgres or a fold fails.
    pub async fn replay(&self, replay: Replay) -> anyhow::Result<replay::Report> {
        (self.write_side.replay)(replay).await
    }
}

/// `rejections` are all that the handler declines for.
fn handled_by<C, Q, A, F, Fut>(rejections: &'static [RejectionCode], handler: F) -> Handler
where
    C: From<Context>,
    Q: DeserializeOwned + Send,
    A: Serialize,
    F: Fn(C, Q) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output = Result<A, QueryError>> + Send + 'static,
{
    Arc::new(move |context, body| {
        let handler = handler.clone();
        Box::pin(async move {
            let question = rmp_serde::from_slice(&body).map_err(|_| INVALID_QUERY)?;
            let answer = handler(context.into(), question).await.inspect_err(|error| {
                let is_listed = !matches!(error, QueryError::Rejected(rejection) if !rejection.is_one_of(rejections));
                debug_assert!(is_listed, "{error:?} is not among the rejections of this query");
            })?;
            serde_json::to_vec(&answer).map_err(|error| QueryError::Failed(error.into()))
        })
    })
}

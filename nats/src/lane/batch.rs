//! One batch, from begin to commit; what it wants published goes on from there.

use std::{panic::AssertUnwindSafe, time::Duration};

use anyhow::{Context, Result, anyhow};
use futures_util::FutureExt;
use plyo_events::Outcome;
use sqlx::Connection;

use super::{
    decide::{Decided, bury_one, decide},
    gather::{Gathered, Source, Work},
    owner::Owner,
    publisher::{Publisher, acknowledge},
};
use crate::{
    Incoming, Reactor,
    failpoint::{pass, planted},
    store::{self, Write},
};

/// How often a message that fails alone is tried before it is a dead letter.
const ATTEMPTS: u32 = 3;

/// Handles a batch. A batch that fails for a reason of its own is run again one message at a time, and the one that
/// fails alone becomes a dead letter; any other failure is an error, and the lane is dropped.
pub(super) async fn handle<R: Reactor>(owner: &mut Owner, reactor: &R, gathered: Gathered) -> Result<()> {
    gauge_lag(owner, &gathered);
    if gathered.is_idle() {
        // Nothing to write: the position is written with the next batch, or when the lane is idle.
        owner.applied = gathered.applied().unwrap_or(owner.applied);
        return if owner.is_overdue() { owner.idle().await } else { Ok(()) };
    }
    match attempt(owner, reactor, &gathered).await {
        Ok(decided) => finish(owner, &gathered, decided).await,
        Err(error) if !of_its_own(&error) => Err(error),
        Err(error) => {
            tracing::warn!(
                service = R::NAME,
                messages = gathered.arrivals.len(),
                error = format!("{error:#}"),
                "batch failed, one at a time now"
            );
            for single in gathered.singly() {
                handle_alone(owner, reactor, single).await?;
            }
            Ok(())
        }
    }
}

async fn handle_alone<R: Reactor>(owner: &mut Owner, reactor: &R, single: Gathered) -> Result<()> {
    let mut attempts = 0;
    let decided = loop {
        attempts += 1;
        match attempt(owner, reactor, &single).await {
            Ok(decided) => break decided,
            Err(error) if !of_its_own(&error) => return Err(error),
            Err(error) if attempts < ATTEMPTS => {
                tracing::warn!(
                    service = R::NAME,
                    attempts,
                    error = format!("{error:#}"),
                    "message failed, trying again"
                );
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(error) => {
                let reason = format!("{error:#}");
                tracing::error!(service = R::NAME, attempts, reason, "message is a dead letter now");
                let decided = bury_one(R::NAME, &single.arrivals[0], &reason, attempts);
                let applied = owner.applied_after(&single);
                let mut transaction = owner.connection.begin().await?;
                write(&mut transaction, &mut owner.publisher, owner.next_outbox_id, &decided, applied).await?;
                transaction.commit().await?;
                break decided;
            }
        }
    };
    finish(owner, &single, decided).await
}

/// The transaction: everything or nothing.
async fn attempt<R: Reactor>(owner: &mut Owner, reactor: &R, gathered: &Gathered) -> Result<Decided> {
    let applied = owner.applied_after(gathered);
    if planted("bug-ack-before-commit") {
        acknowledge(&owner.nats, commands(gathered)).await?;
        // The server has it, whatever becomes of this process.
        owner.nats.client().flush().await?;
    }
    let mut transaction = owner.connection.begin().await?;
    pass!("begin");
    let commands: Vec<_> = gathered.batch.commands().map(|command| command.id).collect();
    let handled = store::handled(&mut transaction, &commands).await?;
    pass!("look-up");
    let load = AssertUnwindSafe(reactor.load(&mut transaction, &gathered.batch)).catch_unwind();
    let mut state = load.await.map_err(|panic| panicked(&*panic))??;
    let decided = std::panic::catch_unwind(AssertUnwindSafe(|| decide(reactor, &mut state, gathered, handled)))
        .map_err(|panic| panicked(&*panic))?;
    pass!("decide");
    let save = AssertUnwindSafe(reactor.save(&mut transaction, state)).catch_unwind();
    save.await.map_err(|panic| panicked(&*panic))??;
    pass!("save");
    write(&mut transaction, &mut owner.publisher, owner.next_outbox_id, &decided, applied).await?;
    if planted("bug-publish-before-commit") {
        owner.publisher.publish_at_once(decided.outbox.clone()).await?;
        pass!("published-early");
    }
    transaction.commit().await?;
    pass!("commit");
    Ok(decided)
}

/// The loop's side of the transaction, once what was committed before is published.
async fn write(
    transaction: &mut sqlx::PgConnection,
    publisher: &mut Publisher,
    outbox_id: i64,
    decided: &Decided,
    applied: u64,
) -> Result<()> {
    publisher.confirm(transaction).await?;
    let Publisher { published, confirmed, .. } = *publisher;
    let Decided { handled, outbox, skipped, .. } = decided;
    store::write(transaction, &Write { handled, outbox_id, outbox, skipped, published, applied, confirmed }).await
}

/// After the commit: answer; publishing and acknowledging go on while the next batch is worked on.
async fn finish(owner: &mut Owner, gathered: &Gathered, decided: Decided) -> Result<()> {
    owner.committed(gathered, &decided.outbox);
    count(owner, gathered, &decided);
    for answer in &decided.answers {
        let body = rmp_serde::to_vec_named(&answer.outcome).context("an outcome is plain data")?;
        owner.nats.client().publish(answer.subject.clone(), body.into()).await?;
    }
    let outbox = if planted("bug-publish-before-commit") { Vec::new() } else { decided.outbox };
    owner.publisher.start(owner.next_outbox_id - 1, outbox, commands(gathered));
    Ok(())
}

/// Where the commands of a batch are acknowledged.
fn commands(gathered: &Gathered) -> Vec<String> {
    let commands = gathered.arrivals.iter().filter(|arrival| arrival.source == Source::Commands);
    commands.map(|arrival| arrival.received.reply.clone()).collect()
}

fn gauge_lag(owner: &Owner, gathered: &Gathered) {
    for (source, stream) in [(Source::Events, "EVENTS"), (Source::Commands, "COMMANDS")] {
        if let Some(last) = gathered.arrivals.iter().rev().find(|arrival| arrival.source == source) {
            metrics::gauge!("plyo_consumer_lag", "service" => owner.service, "stream" => stream)
                .set(last.received.pending as f64);
        }
    }
}

fn count(owner: &Owner, gathered: &Gathered, decided: &Decided) {
    let service = owner.service;
    metrics::histogram!("plyo_batch_size", "service" => service).record(gathered.arrivals.len() as f64);
    for handled in &decided.handled {
        let outcome = match handled.stored.outcome {
            Outcome::Done { .. } => "done",
            Outcome::Rejected { .. } => "rejected",
            Outcome::Dead { .. } => "dead",
        };
        metrics::counter!("plyo_outcomes_total", "service" => service, "outcome" => outcome).increment(1);
    }
    let now = jiff::Timestamp::now();
    for arrival in &gathered.arrivals {
        let Work::Message(index) = arrival.work else { continue };
        let (time, trace, id) = match &gathered.batch.messages[index] {
            Incoming::Command(command) => (command.time, &command.traceparent, command.id),
            Incoming::Event(event) => (event.time, &event.traceparent, event.id),
        };
        metrics::histogram!("plyo_reaction_seconds", "service" => service)
            .record(now.duration_since(time).as_secs_f64().max(0.0));
        tracing::debug!(service, message = %id, traceparent = trace.as_deref(), "handled");
    }
}

/// Whether the batch itself is at fault: a panic, a constraint, a value that does not fit. A lost connection is not.
fn of_its_own(error: &anyhow::Error) -> bool {
    if error.downcast_ref::<Panicked>().is_some() {
        return true;
    }
    match error.chain().find_map(|cause| cause.downcast_ref::<sqlx::Error>()) {
        // Class 22: data exception; 23: constraint violation; P0: raised by PL/pgSQL. Not 42: where a table or a right is
        // missing, every message would fail.
        Some(sqlx::Error::Database(database)) => {
            let code = database.code().unwrap_or_default();
            ["22", "23", "P0"].iter().any(|class| code.starts_with(class))
        }
        Some(sqlx::Error::Encode(_) | sqlx::Error::Decode(_) | sqlx::Error::ColumnDecode { .. }) => true,
        Some(_) => false,
        None => error.chain().any(|cause| cause.is::<serde_json::Error>()),
    }
}

#[derive(Debug, thiserror::Error)]
#[error("panic: {0}")]
struct Panicked(String);

fn panicked(panic: &(dyn std::any::Any + Send)) -> anyhow::Error {
    let text =
        panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
    anyhow!(Panicked(text.unwrap_or_else(|| "no message".to_owned())))
}

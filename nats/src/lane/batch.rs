//! One batch, from begin to commit; its outbox is published from there.

use std::{panic::AssertUnwindSafe, time::Duration};

use anyhow::{Context, anyhow};
use plyo_events::Outcome;
use sqlx::{Connection, PgConnection};
use tracing::Instrument as _;

use super::{
    Publisher, Remembered,
    decide::{Decided, dead_letter_one, decide},
    erasure,
    gather::{Gathered, Work},
    owner::Owner,
    position::Reached,
    spans::Spans,
    store::{self, Write},
    which::Lane,
};
use crate::{
    failpoint::failpoint,
    failure::Failure,
    reactor::{Incoming, Reactor},
    sql::{
        database::{in_time, statement},
        tables,
    },
};

/// Max attempts at a message that fails on its own, before it is dead-lettered.
const ATTEMPTS: u32 = 3;
/// Max rounds of `needs` that depend on rows just read: more would be a service that asks for ever.
pub(crate) const ROUNDS: usize = 4;

/// Handles a batch, in spans of the traces of its messages.
pub(super) async fn handle<R: Reactor>(
    owner: &mut Owner,
    reactor: &R,
    remembered: &mut Remembered<R::State>,
    mut gathered: Gathered,
) -> Result<(), Failure> {
    let spans = Spans::open(owner.lane, &mut gathered);
    handle_together(owner, reactor, remembered, gathered).instrument(spans.first()).await
}

/// A batch that fails for a reason of its own is run again one message at a time, and the one that
/// fails alone becomes a dead letter; any other failure is an error, and the lane is dropped.
async fn handle_together<R: Reactor>(
    owner: &mut Owner,
    reactor: &R,
    remembered: &mut Remembered<R::State>,
    gathered: Gathered,
) -> Result<(), Failure> {
    if gathered.is_idle() {
        owner.skipped(&gathered);
        return if owner.session.is_overdue() { owner.idle().await } else { Ok(()) };
    }
    match attempt(owner, reactor, remembered, &gathered).await {
        Ok(decided) => finish(owner, &gathered, decided).await,
        Err(Failure::Poison(error)) => {
            tracing::warn!(
                service = R::NAME,
                messages = gathered.arrivals.len(),
                error = format!("{error:#}"),
                "batch failed, retrying its messages one by one"
            );
            for single in gathered.singly() {
                handle_alone(owner, reactor, remembered, single).await?;
            }
            Ok(())
        }
        Err(failure) => Err(failure),
    }
}

async fn handle_alone<R: Reactor>(
    owner: &mut Owner,
    reactor: &R,
    remembered: &mut Remembered<R::State>,
    single: Gathered,
) -> Result<(), Failure> {
    if single.is_idle() {
        owner.skipped(&single);
        return Ok(());
    }
    let mut attempts = 0;
    let decided = loop {
        attempts += 1;
        match attempt(owner, reactor, remembered, &single).await {
            Ok(decided) => break decided,
            Err(Failure::Poison(error)) if attempts < ATTEMPTS => {
                let error = format!("{error:#}");
                tracing::warn!(service = R::NAME, attempts, error, "message failed, retrying");
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
            Err(Failure::Poison(error)) => {
                let reason = format!("{error:#}");
                tracing::error!(service = R::NAME, attempts, reason, "dead-lettered a message");
                let decided = dead_letter_one(owner.lane, &single.arrivals[0], &reason, attempts);
                let reached = owner.position.to_commit(owner.reached(&single));
                let mut transaction = statement("begin", owner.session.connection.begin()).await?;
                write(&mut transaction, owner.lane, &mut owner.publisher, owner.next_outbox_id, &decided, reached)
                    .await?;
                statement("commit", transaction.commit()).await?;
                break decided;
            }
            Err(failure) => return Err(failure),
        }
    };
    finish(owner, &single, decided).await
}

/// One attempt: a failed one clears the row memory, which may hold rows that were never written.
async fn attempt<R: Reactor>(
    owner: &mut Owner,
    reactor: &R,
    remembered: &mut Remembered<R::State>,
    gathered: &Gathered,
) -> Result<Decided, Failure> {
    let decided = transaction(owner, reactor, remembered.rows(), gathered).await;
    // Rows that were erased are not to be remembered.
    if !decided.as_ref().is_ok_and(|decided| decided.erased.is_empty()) {
        remembered.forget_with_batch();
    }
    let bytes = remembered.shrink() as f64;
    metrics::gauge!("plyo_remembered_bytes", "service" => owner.lane.service, "lane" => owner.lane.label()).set(bytes);
    decided
}

/// The transaction: everything or nothing.
async fn transaction<R: Reactor>(
    owner: &mut Owner,
    reactor: &R,
    state: &mut R::State,
    gathered: &Gathered,
) -> Result<Decided, Failure> {
    let reached = owner.position.to_commit(owner.reached(gathered));
    let mut transaction = statement("begin", owner.session.connection.begin()).await?;
    failpoint!("begin");
    let commands: Vec<_> = gathered.command_ids().collect();
    let handled = store::handled(&mut transaction, &commands).await?;
    failpoint!("look-up");
    let incoming: Vec<Incoming<'_>> = gathered.incoming().collect();
    in_time("read rows", load(reactor, state, &incoming, &mut transaction)).await?;
    let decided = caught("decide", || decide(reactor, state, gathered, handled, &owner.erased))?;
    failpoint!("decide");
    in_time("write rows", tables::save(state, &mut transaction)).await?;
    failpoint!("save");
    if !decided.erased.is_empty() {
        erasure::erase::<R>(&mut transaction, &decided.erased).await?;
    }
    write(&mut transaction, owner.lane, &mut owner.publisher, owner.next_outbox_id, &decided, reached).await?;
    statement("commit", transaction.commit()).await?;
    failpoint!("commit");
    Ok(decided)
}

/// Reads the rows that the messages need and the lane does not remember.
pub(crate) async fn load<R: Reactor>(
    reactor: &R,
    state: &mut R::State,
    messages: &[Incoming<'_>],
    db: &mut PgConnection,
) -> Result<(), Failure> {
    for _ in 0..ROUNDS {
        tables::forget_wants(state);
        caught("needs", || messages.iter().for_each(|message| reactor.needs(*message, state)))?;
        if !tables::load(state, db).await? {
            return Ok(());
        }
    }
    Err(Failure::Poison(anyhow!("`needs` still asks for rows after {ROUNDS} rounds of reads")))
}

/// Runs a service's code; a panic is blamed on its input.
pub(crate) fn caught<T>(what: &'static str, run: impl FnOnce() -> T) -> Result<T, Failure> {
    std::panic::catch_unwind(AssertUnwindSafe(run)).map_err(|panic| Failure::panic(&*panic).context(what))
}

/// The loop's part of the transaction, once the previous batch is published.
async fn write(
    transaction: &mut PgConnection,
    lane: Lane,
    publisher: &mut Publisher,
    outbox_id: i64,
    decided: &Decided,
    reached: Reached,
) -> Result<(), Failure> {
    let Decided { handled, outbox, skipped, .. } = decided;
    let write = publisher.write_with(transaction, reached, outbox_id, outbox).await?;
    store::write(transaction, lane, &Write { handled, skipped, ..write }).await
}

/// After the commit: sends outcomes; publishing continues during the next batch.
async fn finish(owner: &mut Owner, gathered: &Gathered, decided: Decided) -> Result<(), Failure> {
    owner.committed(gathered, &decided.outbox);
    owner.erased.extend(&decided.erased);
    count(owner.lane, gathered, &decided);
    for answer in &decided.answers {
        let body =
            rmp_serde::to_vec_named(&answer.outcome).context("an outcome is plain data").map_err(Failure::Poison)?;
        let sent = owner.nats.client().publish(answer.subject.clone(), body.into()).await;
        sent.map_err(|error| Failure::Unavailable(anyhow!(error).context("answer")))?;
    }
    owner.publisher.start(owner.next_outbox_id - 1, decided.outbox);
    Ok(())
}

fn count(lane: Lane, gathered: &Gathered, decided: &Decided) {
    let service = lane.service;
    metrics::histogram!("plyo_batch_size", "service" => service).record(gathered.arrivals.len() as f64);
    let mut outcomes = [("done", 0), ("rejected", 0), ("dead", 0)];
    for handled in &decided.handled {
        let outcome = match handled.stored.outcome {
            Outcome::Done { .. } => 0,
            Outcome::Rejected { .. } => 1,
            Outcome::Dead { .. } => 2,
        };
        outcomes[outcome].1 += 1;
    }
    for (outcome, count) in outcomes.into_iter().filter(|(_, count)| *count > 0) {
        metrics::counter!("plyo_outcomes_total", "service" => service, "outcome" => outcome).increment(count);
    }
    let (now, reaction) = (jiff::Timestamp::now(), metrics::histogram!("plyo_reaction_seconds", "service" => service));
    for arrival in &gathered.arrivals {
        let (time, trace, id) = match &arrival.work {
            Work::Command(command) => (command.time, command.traceparent, command.id),
            Work::Event(event) => (event.time, event.traceparent, event.id),
            Work::Imported(_) | Work::Import(_) | Work::Erase(_) | Work::Skip | Work::Undecodable(_) => continue,
        };
        reaction.record(now.duration_since(time).as_secs_f64().max(0.0));
        tracing::debug!(service, message = %id, traceparent = trace.map(tracing::field::display), "handled");
    }
}

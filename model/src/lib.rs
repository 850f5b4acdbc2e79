//! The protocol of the loop, explored exhaustively: every order in which two processes, Postgres, the broker and a few
//! faults can act is tried, and what must hold is held against every state. `make model` runs it; `cargo test -p plyo-model`
//! does the same within narrower bounds.
//!
//! A crash test shows what happens at the places that somebody thought of, and a storm what chance finds. This shows that
//! within its bounds there is no other place. What it cannot show is that the code does what the model does: so each action
//! is one step of the code, in its order. Under `nats/src/`:
//!
//! | action of the model | in the code |
//! |---|---|
//! | `Lock` | `lane/mod.rs` takes the lock, `lane/owner.rs` reads the lane row and sends the mark |
//! | `ReadOutbox`, `Look`, `Complete` | `Owner::take`: the outbox, own events after `confirmed`, what is missing, the position |
//! | `Decide` | `lane/gather.rs`, then `lane/batch.rs` from begin to decide: handled commands, rows that are not remembered, the service |
//! | `Commit` | `lane/batch.rs`: wait until the last batch is confirmed, write, commit; then answer, and start to publish |
//! | `Idle` | `Owner::idle`: what is known to be published leaves the outbox |
//! | `Purge` | `Owner::purge_commands` |
//! | `Drop` | any error: `lane/mod.rs` lets go of the connections and of what it remembered |
//! | `Arrive`, `ArriveStray` | the broker takes or refuses what `lane/publish.rs` sent, while its owner lives or later |
//! | of [`effect`] | `effect/performer.rs`: receive, perform, report until it is stored, acknowledge |
//!
//! A step that only its own process can see is part of the one before it, because no order of it with others makes a
//! difference. So a batch is gathered and decided at once, and what is sent waits on a connection for as long as it likes: a
//! process that stops before it sends looks the same to everybody else.
//!
//! The faults: a process dies; Postgres ends a session whose process does not notice (a stop longer than the session timeout, a
//! broken network and a restart of Postgres look the same from here: what is committed stays); a commit succeeds and its answer
//! is lost; a transaction is rolled back for a reason of its own; the ack of a publish is lost; the broker starts anew and
//! loses what is under way; a client sends a command twice. Connections are first in, first out, so that what arrives late is a
//! beginning of what was sent: which the lane's own NATS connection, one for each time it is taken, sees to.
//!
//! Each event of the lane says what its user's counter became, so that a stale row shows in it for ever. That a thing
//! happens *eventually* is checked as: where nothing is left to do without a client or a fault, everything is done. That is
//! enough, because without faults there is no way round in a circle: whoever takes the lane adds a mark to `EVENTS`, and nobody
//! drops it without a fault or a mark that came late.
//!
//! # What is not a bug
//!
//! The next batch commits only once the last one is confirmed. Not for safety: a model in which batches
//! overtake their confirmation ([`lane::Lane::overtakes`]) has no counterexample, since one connection keeps the order, a
//! refused publish is followed by refused ones, and the outbox keeps whatever is not confirmed. What would
//! break is to *forget* it there ([`lane::Bug::ForgetUnconfirmed`]). The wait keeps the outbox at one row that is read by nobody,
//! and what is sent at once within bounds.
//!
//! # What is not in the model
//!
//! Timers and dead letters (sent again by whoever takes the lane, and harmless twice), commands that a reaction sends (their
//! receiver knows them when they come again, as the model's copies show), several lanes (they share no row, no mark and no lock)
//! and a change of their number, atomic batches (all of one arrives or nothing: fewer orders than plain publishes have), a
//! database or a stream that is restored from a backup.
//!
//! # Why `stateright`
//!
//! It checks a model that is plain Rust, with few and small dependencies and no asynchronous runtime. Its `eventually` is not
//! used: it overlooks counterexamples where ways meet again.

pub mod effect;
pub mod lane;
pub mod trace;

//! The loops' tables: handled commands, pending outbox rows, positions of lanes.

use anyhow::{Context, Result};
use futures_util::TryStreamExt;
use jiff::Timestamp;
use rustc_hash::{FxHashMap, FxHashSet};
use sqlx::{Connection, PgConnection};
use uuid::Uuid;

use super::findings::Findings;
use crate::{
    broker::{
        Nats,
        streams::{self, State},
        wire,
    },
    lane::outbox::{self, Outgoing, Target},
    sql::database,
};

/// The tables of every loop, each as one snapshot.
#[derive(Default)]
pub(super) struct Tables {
    services: Vec<Loop>,
    commands: FxHashMap<Uuid, Handled>,
}

struct Loop {
    service: &'static str,
    connection: PgConnection,
    lanes: Vec<Stands>,
}

/// A handled command.
struct Handled {
    service: &'static str,
    /// In seconds since 1970.
    at: i64,
    /// It created something, and no event of it was seen yet.
    awaits_events: bool,
}

#[derive(sqlx::FromRow)]
struct Stands {
    lane: i16,
    applied: i64,
    commands: i64,
    confirmed: i64,
    events_created: String,
    commands_created: String,
    events_ahead: Option<Vec<i64>>,
    commands_ahead: Option<Vec<i64>>,
}

/// A done command need not have emitted anything: there may have been nothing to change. But what it created has its id,
/// and exists only through an event.
const HANDLED: &str = "
    SELECT command_id, extract(epoch FROM handled_at)::bigint,
           outcome->>'status' = 'done' AND (outcome->'result')::text LIKE '%\"' || command_id || '\"%'
    FROM (SELECT command_id, handled_at, convert_from(outcome, 'UTF8')::jsonb AS outcome FROM handled) AS handled";

impl Tables {
    pub(super) async fn read(services: &[(&'static str, String)], findings: &mut Findings) -> Result<Self> {
        let mut tables = Self::default();
        for (service, dsn) in services {
            let connected = tables.read_loop(service, dsn, findings).await;
            connected
                .with_context(|| format!("read the tables of the {service} service; `plyo migrate` creates them"))?;
        }
        Ok(tables)
    }

    async fn read_loop(&mut self, service: &'static str, dsn: &str, findings: &mut Findings) -> Result<()> {
        let mut connection = database::connect(&database::options(dsn, &database::search_path(service))?).await?;
        let mut snapshot = connection.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await?;
        let lanes: Vec<Stands> = sqlx::query_as("SELECT * FROM lane ORDER BY lane").fetch_all(&mut *snapshot).await?;
        let mut handled = sqlx::query_as::<_, (Uuid, i64, Option<bool>)>(HANDLED).fetch(&mut *snapshot);
        while let Some((command, at, made)) = handled.try_next().await? {
            let awaits_events = made.unwrap_or(false);
            self.commands.insert(command, Handled { service, at, awaits_events });
        }
        drop(handled);
        let waiting: Vec<(i64, Vec<u8>)> =
            sqlx::query_as("SELECT id, messages FROM outbox ORDER BY lane, id").fetch_all(&mut *snapshot).await?;
        snapshot.rollback().await?;
        for (id, row) in waiting {
            match outbox::unpack(&row) {
                Ok(messages) => messages.iter().for_each(|message| self.will_come(message)),
                Err(error) => {
                    findings.wrong("unreadable outboxes", || format!("row {id} of the outbox of {service}: {error:#}"))
                }
            }
        }
        self.services.push(Loop { service, connection, lanes });
        Ok(())
    }

    /// Decided events that are not yet published count as present.
    fn will_come(&mut self, message: &Outgoing) {
        if message.target == Target::Events
            && let Some(cause) = wire::text(&message.headers, wire::CAUSATION).and_then(|cause| cause.parse().ok())
        {
            self.caused(cause);
        }
    }

    pub(super) fn knows(&self, command: Uuid) -> bool {
        self.commands.contains_key(&command)
    }

    /// Records that an event of this command exists; `false` if no such command is handled.
    pub(super) fn caused(&mut self, command: Uuid) -> bool {
        self.commands.get_mut(&command).map(|handled| handled.awaits_events = false).is_some()
    }

    /// Which of these commands are handled by now.
    pub(super) async fn handled_since(&mut self, commands: &[Uuid]) -> Result<FxHashSet<Uuid>> {
        let mut handled = FxHashSet::default();
        for Loop { connection, .. } in &mut self.services {
            for some in commands.chunks(10_000) {
                let query = sqlx::query_scalar("SELECT command_id FROM handled WHERE command_id = ANY($1)").bind(some);
                let found: Vec<Uuid> = query.fetch_all(&mut *connection).await.context("look up handled commands")?;
                handled.extend(found);
            }
        }
        Ok(handled)
    }

    /// The commands handled since then that created something without an event, oldest first, with their services.
    pub(super) fn without_events(&self, since: Timestamp) -> Vec<(Uuid, &'static str)> {
        let awaiting = self.commands.iter().filter(|(_, handled)| handled.awaits_events);
        let mut lost: Vec<_> = awaiting.filter(|(_, handled)| handled.at > since.as_second()).collect();
        lost.sort_by_key(|(command, handled)| (handled.at, **command));
        lost.into_iter().map(|(command, handled)| (*command, handled.service)).collect()
    }

    /// No lane can be ahead of the streams, or belong to other streams.
    pub(super) async fn check_positions(&self, nats: &Nats, events: &State, findings: &mut Findings) -> Result<()> {
        for Loop { service, lanes, .. } in &self.services {
            let name = streams::commands(service);
            let commands = streams::state(nats, &name).await?;
            for stands in lanes {
                let mut beyond = |what: &str, sequence: i64, stream: &str, last: u64| {
                    if sequence.cast_unsigned() > last {
                        findings.wrong("positions", || {
                            format!(
                                "lane {} of {service} has {what} {sequence} of {stream}, but {stream} ends at {last}",
                                stands.lane
                            )
                        });
                    }
                };
                let ahead = |by_partition: &Option<Vec<i64>>| by_partition.iter().flatten().max().copied().unwrap_or(0);
                let applied = stands.applied.max(ahead(&stands.events_ahead));
                if stands.events_created == events.created {
                    beyond("applied", applied, "EVENTS", events.last);
                    beyond("published", stands.confirmed, "EVENTS", events.last);
                }
                // One that was recreated is read from its start.
                if stands.commands_created == commands.created {
                    beyond("handled", stands.commands.max(ahead(&stands.commands_ahead)), &name, commands.last);
                }
                if !["", &events.created].contains(&stands.events_created.as_str()) {
                    findings.wrong("positions", || {
                        format!(
                            "lane {} of {service} belongs to an EVENTS created {}; this one was created {}",
                            stands.lane, stands.events_created, events.created
                        )
                    });
                }
            }
        }
        Ok(())
    }
}

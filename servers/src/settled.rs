//! Whether a platform is idle, for any revision: its streams and consumers are those on the server, its services those that
//! have a lane.

use anyhow::{Context, Result};
use jiff::Timestamp;
use plyo_nats::{Nats, raw};
use serde_json::{Value, json};
use sqlx::{AssertSqlSafe, PgConnection};

/// How services read commands.
enum Commands {
    /// From one work queue: handled commands are removed.
    WorkQueue,
    /// From their own streams, like events: a lane's position is in its row.
    Positions,
}

/// A stream's number of messages and last sequence.
pub struct Stream {
    pub name: String,
    pub messages: u64,
    pub last: u64,
    /// When the last one was stored.
    pub last_at: Timestamp,
}

/// The streams of commands: one work queue, or one for each service.
///
/// # Errors
/// When NATS does not answer.
pub async fn command_streams(nats: &Nats) -> Result<Vec<Stream>> {
    let all = streams(nats).await?;
    Ok(all.into_iter().filter(|stream| stream.name.starts_with("COMMANDS")).collect())
}

/// `EVENTS`.
///
/// # Errors
/// When NATS does not answer, or it is not there.
pub async fn events(nats: &Nats) -> Result<Stream> {
    streams(nats).await?.into_iter().find(|stream| stream.name == "EVENTS").context("there is no stream EVENTS")
}

/// `None` when no command waits, every event is applied, and every outbox is empty, of these services or of whoever has tables.
/// Events published after a service was checked show in the last event: it must be the same twice.
///
/// Gives what is under way otherwise.
///
/// # Errors
/// When a server does not answer.
pub async fn under_way(nats: &Nats, db: &mut PgConnection, services: Option<&[&str]>) -> Result<Option<String>> {
    let services = match services {
        Some(services) => services.iter().map(|service| (*service).to_owned()).collect(),
        None => with_tables(db).await?,
    };
    let last = match look(nats, db, &services).await? {
        Look::Idle { last } => last,
        Look::UnderWay(what) => return Ok(Some(what)),
    };
    Ok(match look(nats, db, &services).await? {
        Look::Idle { last: now } if now == last => None,
        Look::Idle { .. } => Some("events come".to_owned()),
        Look::UnderWay(what) => Some(what),
    })
}

enum Look {
    /// With the last event.
    Idle {
        last: u64,
    },
    UnderWay(String),
}

async fn look(nats: &Nats, db: &mut PgConnection, services: &[String]) -> Result<Look> {
    let streams = streams(nats).await?;
    let stream = |name: &str| streams.iter().find(|stream| stream.name == name);
    let queue = stream("COMMANDS");
    if queue.is_some_and(|queue| queue.messages > 0) {
        return Ok(Look::UnderWay("commands wait".to_owned()));
    }
    let commands = if queue.is_some() { Commands::WorkQueue } else { Commands::Positions };
    // While many commands are pending, nothing else needs to be checked.
    let of_these = |stream: &&Stream| {
        stream.last > 0 && stream.name.strip_prefix("COMMANDS_").is_some_and(|of| services.iter().any(|one| one == of))
    };
    for stream in streams.iter().filter(of_these) {
        if consumers(nats, stream).await?.iter().any(|consumer| consumer["num_pending"] != 0) {
            return Ok(Look::UnderWay(format!("{} is not read to its end", stream.name)));
        }
    }
    let events = stream("EVENTS").context("there is no stream EVENTS")?;
    for service in services {
        let lanes = lanes(db, service).await?;
        let own = format!("COMMANDS_{service}");
        let own = stream(&own).filter(|own| matches!(commands, Commands::Positions) && own.last > 0);
        for (stream, position) in own.map(|own| (own, "commands")).into_iter().chain([(events, "applied")]) {
            if !has_applied(nats, stream, position, service, &lanes).await? {
                return Ok(Look::UnderWay(format!("{service} is not at the end of {}", stream.name)));
            }
        }
        if lanes.iter().any(|lane| lane["outbox"] != 0) {
            return Ok(Look::UnderWay(format!("the outbox of {service} is not empty")));
        }
    }
    Ok(Look::Idle { last: events.last })
}

/// Whether each lane's row is at the last message that its consumer lets through. A lane that nobody owns yet has none.
async fn has_applied(nats: &Nats, stream: &Stream, position: &str, service: &str, lanes: &[Value]) -> Result<bool> {
    let mut consumers = consumers(nats, stream).await?;
    consumers.retain(|consumer| lane_of(consumer).is_some_and(|(of, _)| of == service));
    if consumers.is_empty() {
        return Ok(false);
    }
    for consumer in &consumers {
        if consumer["num_pending"] != 0 {
            return Ok(false);
        }
        let lane = lane_of(consumer).and_then(|(_, lane)| row_of(lanes, lane)).context("a lane without a row")?;
        let position = lane[position].as_u64().with_context(|| format!("a lane has no `{position}`"))?;
        // Without a filter it reads everything, and counts all but epoch markers.
        let everything = [json!(if stream.name == "EVENTS" { "evt.>" } else { ">" })];
        let filters = consumer["config"]["filter_subjects"].as_array().into_iter().flatten();
        let mut filters: Vec<&Value> = filters.chain(consumer["config"].get("filter_subject")).collect();
        if filters.is_empty() {
            filters.extend(&everything);
        }
        for filter in filters {
            if position < last_of(nats, stream, filter).await? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

/// The service and lane in a consumer's name: `workout_all`, `workout_0`.
fn lane_of(consumer: &Value) -> Option<(&str, &str)> {
    consumer["name"].as_str()?.rsplit_once('_')
}

/// The row of a lane; the only one belongs to the only lane, whatever that is called.
fn row_of<'a>(lanes: &'a [Value], lane: &str) -> Option<&'a Value> {
    match lanes {
        [only] => Some(only),
        several => several.iter().find(|row| row["lane"].as_u64() == lane.parse().ok()),
    }
}

async fn last_of(nats: &Nats, stream: &Stream, filter: &Value) -> Result<u64> {
    let last = raw::api(nats, &format!("STREAM.MSG.GET.{}", stream.name), &json!({ "last_by_subj": filter })).await?;
    last.map_or(Ok(0), |last| last["message"]["seq"].as_u64().context("a sequence"))
}

async fn streams(nats: &Nats) -> Result<Vec<Stream>> {
    let found = ask(nats, "STREAM.LIST", &json!({})).await?;
    let stream = |found: &Value| {
        let state = |name: &str| found["state"][name].as_u64().with_context(|| format!("{name} of a stream"));
        let name = found["config"]["name"].as_str().context("a stream's name")?.to_owned();
        let last_at = found["state"]["last_ts"].as_str().context("a time")?.parse()?;
        Ok(Stream { name, messages: state("messages")?, last: state("last_seq")?, last_at })
    };
    found["streams"].as_array().context("a list of streams")?.iter().map(stream).collect()
}

async fn consumers(nats: &Nats, stream: &Stream) -> Result<Vec<Value>> {
    let found = ask(nats, &format!("CONSUMER.LIST.{}", stream.name), &json!({})).await?;
    found["consumers"].as_array().cloned().context("a list of consumers")
}

async fn ask(nats: &Nats, what: &str, request: &Value) -> Result<Value> {
    raw::api(nats, what, request).await?.with_context(|| format!("{what} is answered"))
}

/// Whoever has tables of the loop.
async fn with_tables(db: &mut PgConnection) -> Result<Vec<String>> {
    let sql = r"SELECT left(nspname::text, -5) FROM pg_namespace WHERE nspname LIKE '%\_loop' ORDER BY nspname";
    Ok(sqlx::query_scalar(sql).fetch_all(db).await?)
}

/// The services whose outboxes are not empty.
///
/// # Errors
/// When Postgres does not answer.
pub async fn unpublished(db: &mut PgConnection) -> Result<Vec<String>> {
    let mut waiting = Vec::new();
    for service in with_tables(db).await? {
        let sql = format!("SELECT EXISTS (SELECT FROM \"{service}_loop\".outbox)");
        if sqlx::query_scalar(AssertSqlSafe(sql)).fetch_one(&mut *db).await? {
            waiting.push(service);
        }
    }
    Ok(waiting)
}

/// The rows of a service's lanes with whatever columns they have, and how much waits in the outbox.
async fn lanes(db: &mut PgConnection, service: &str) -> Result<Vec<Value>> {
    let loops = format!("\"{service}_loop\"");
    let sql = format!(
        "SELECT to_jsonb(l) || jsonb_build_object('outbox', (SELECT count(*) FROM {loops}.outbox)) FROM {loops}.lane AS l"
    );
    Ok(sqlx::query_scalar(AssertSqlSafe(sql)).fetch_all(db).await?)
}

#[cfg(test)]
mod tests {
    use sqlx::{Connection, Executor};

    use super::*;
    use crate::{Access, Durability, Servers, Setup};

    #[test]
    fn a_lane_is_found_by_its_consumer_in_every_revision() {
        let only = [json!({ "name": "all", "applied": 7 })];
        let (service, lane) =
            lane_of(&json!({ "name": "workout_all" })).map(|(s, l)| (s.to_owned(), l.to_owned())).unwrap();
        assert_eq!((service.as_str(), row_of(&only, &lane)), ("workout", Some(&only[0])));
        let several = [json!({ "lane": 0, "applied": 7 }), json!({ "lane": 3, "applied": 9 })];
        assert_eq!(row_of(&several, "3"), Some(&several[1]));
        assert_eq!(row_of(&several, "2"), None);
        assert_eq!(lane_of(&json!({ "name": "edge-tail-4f" })), None);
    }

    #[tokio::test]
    async fn a_lane_that_reads_commands_by_position_is_settled_when_its_row_says_so() {
        let setup =
            Setup { access: Access::committed(), durability: Durability::Relaxed, nats_servers: 1, tables: None };
        let servers = Servers::start(setup).await.unwrap();
        let nats = servers.nats().await.unwrap();
        let mut db = PgConnection::connect(&servers.dsn()).await.unwrap();

        for (stream, subjects) in [("EVENTS", ["evt.>", "mark.>"]), ("COMMANDS_workout", ["cmd.>", "unused"])] {
            let config = json!({ "name": stream, "subjects": subjects });
            ask(&nats, &format!("STREAM.CREATE.{stream}"), &config).await.unwrap();
        }
        let say = async |subject: &str| {
            let message = (subject.to_owned(), Vec::new(), Vec::new());
            raw::publish_pipelined(&nats, vec![message], 1).await.unwrap();
        };
        for subject in ["cmd.1.workout.log.a", "evt.1.workout.completed.a", "mark.workout.0"] {
            say(subject).await;
        }
        db.execute(
            "CREATE SCHEMA workout_loop;
             CREATE TABLE workout_loop.lane (lane smallint PRIMARY KEY, applied bigint, commands bigint);
             CREATE TABLE workout_loop.outbox (id bigint);
             INSERT INTO workout_loop.lane VALUES (0, 0, 0)",
        )
        .await
        .unwrap();
        let waits = under_way(&nats, &mut db, None).await.unwrap();
        assert_eq!(waits.unwrap(), "workout is not at the end of COMMANDS_workout", "nobody owns the lane");

        // Behind what is there: as if that had been delivered.
        for (stream, filter, start) in [("EVENTS", "evt.*.workout.>", 3), ("COMMANDS_workout", "cmd.*.workout.>", 2)] {
            let start = json!({ "deliver_policy": "by_start_sequence", "opt_start_seq": start });
            let mut config = json!({ "durable_name": "workout_0", "ack_policy": "none", "filter_subject": filter });
            config.as_object_mut().unwrap().extend(start.as_object().unwrap().clone());
            let create = json!({ "stream_name": stream, "config": config });
            ask(&nats, &format!("CONSUMER.DURABLE.CREATE.{stream}.workout_0"), &create).await.unwrap();
        }
        for (change, settles) in [
            ("UPDATE workout_loop.lane SET applied = 1", false),
            ("UPDATE workout_loop.lane SET commands = 1", true),
            ("INSERT INTO workout_loop.outbox VALUES (7)", false),
            ("DELETE FROM workout_loop.outbox", true),
            ("UPDATE workout_loop.lane SET applied = 0", false),
            ("UPDATE workout_loop.lane SET applied = 2", true),
        ] {
            db.execute(change).await.unwrap();
            assert_eq!(under_way(&nats, &mut db, None).await.unwrap().is_none(), settles, "{change}");
        }
        say("cmd.1.workout.log.b").await;
        assert!(under_way(&nats, &mut db, None).await.unwrap().is_some(), "a command waits");
    }
}

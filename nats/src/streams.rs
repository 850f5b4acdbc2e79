//! The streams and consumers as configured in `nats/streams/`: applied by `plyo migrate`, compared by everyone else.

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use plyo_events::EventKind;
use serde_json::{Value, json};

use crate::{Nats, nats::ApiError};

/// The streams in the order in which they are made: `EVENTS` sources `SCHEDULE`.
const STREAMS: [(&str, &str); 4] = [
    ("SCHEDULE", include_str!("../streams/SCHEDULE.json")),
    ("EVENTS", include_str!("../streams/EVENTS.json")),
    ("COMMANDS", include_str!("../streams/COMMANDS.json")),
    ("DEAD", include_str!("../streams/DEAD.json")),
];
const EVENTS_CONSUMER: &str = include_str!("../streams/consumers/events.json");
const COMMANDS_CONSUMER: &str = include_str!("../streams/consumers/commands.json");

/// What is known of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// RFC 3339; another value is another history.
    pub created: String,
    pub first: u64,
    /// The last sequence; 0 while it is empty.
    pub last: u64,
    pub messages: u64,
}

/// Creates or updates every stream; says what it did, a line each.
///
/// # Errors
/// When the server refuses, for example a change that a stream cannot make.
pub async fn apply(nats: &Nats) -> Result<Vec<String>> {
    let mut done = Vec::new();
    for (name, file) in STREAMS {
        let wanted = config(file)?;
        let verb = match nats.api(&format!("STREAM.INFO.{name}"), &Value::Null).await {
            Ok(info) if drift(&wanted, &info["config"]).is_empty() => "unchanged",
            Ok(_) => "UPDATE",
            Err(error) if error.code == ApiError::STREAM_NOT_FOUND => "CREATE",
            Err(error) => return Err(error).context(format!("look at stream {name}")),
        };
        if verb != "unchanged" {
            nats.api(&format!("STREAM.{verb}.{name}"), &wanted)
                .await
                .with_context(|| format!("{verb} stream {name}"))?;
        }
        done.push(format!("stream {name}: {}", verb.to_lowercase()));
    }
    Ok(done)
}

/// Compares every stream with its file.
///
/// # Errors
/// When one is missing or differs; says which settings, and what to do.
pub async fn check(nats: &Nats) -> Result<()> {
    for (name, file) in STREAMS {
        let info = nats.api(&format!("STREAM.INFO.{name}"), &Value::Null).await;
        let info = info.with_context(|| format!("stream {name} cannot be read; run `plyo migrate`"))?;
        let drift = drift(&config(file)?, &info["config"]);
        if !drift.is_empty() {
            bail!("stream {name} differs from nats/streams/{name}.json in {}; run `plyo migrate`", drift.join(", "));
        }
    }
    Ok(())
}

/// How far a stream is.
///
/// # Errors
/// When the server does not answer or has no such stream.
pub async fn state(nats: &Nats, stream: &str) -> Result<State> {
    let info =
        nats.api(&format!("STREAM.INFO.{stream}"), &Value::Null).await.with_context(|| format!("look at {stream}"))?;
    let number = |name: &str| info["state"][name].as_u64().with_context(|| format!("{name} of {stream}"));
    Ok(State {
        created: info["created"].as_str().with_context(|| format!("creation time of {stream}"))?.to_owned(),
        first: number("first_seq")?,
        last: number("last_seq")?,
        messages: number("messages")?,
    })
}

/// Removes every message of a stream.
///
/// # Errors
/// When the server does not answer or refuses.
pub async fn purge(nats: &Nats, stream: &str) -> Result<()> {
    nats.api(&format!("STREAM.PURGE.{stream}"), &Value::Null).await.with_context(|| format!("purge {stream}"))?;
    Ok(())
}

/// Deletes a stream with everything in it; [`apply`] makes it anew.
///
/// # Errors
/// When the server does not answer or refuses.
pub async fn delete(nats: &Nats, stream: &str) -> Result<()> {
    nats.api(&format!("STREAM.DELETE.{stream}"), &Value::Null).await.with_context(|| format!("delete {stream}"))?;
    Ok(())
}

/// The last event that a service's lane has to apply, 0 for none.
///
/// # Errors
/// When nobody owns the lane.
pub async fn last_to_apply(nats: &Nats, service: &str) -> Result<u64> {
    let name = lane_consumer(service);
    let info = nats.api(&format!("CONSUMER.INFO.EVENTS.{name}"), &Value::Null).await;
    let info = info.with_context(|| format!("look at consumer {name}"))?;
    let last = json!({ "last_by_subj": info["config"]["filter_subject"] });
    match nats.api("STREAM.MSG.GET.EVENTS", &last).await {
        Ok(found) => found["message"]["seq"].as_u64().context("a sequence"),
        Err(error) if error.code == ApiError::MESSAGE_NOT_FOUND => Ok(0),
        Err(error) => Err(error).context("look at the last event"),
    }
}

/// The name of both consumers of a service's one lane.
pub(crate) fn lane_consumer(service: &str) -> String {
    format!("{service}_all")
}

/// A lane's consumer of the events from `start` on that its service reads.
pub(crate) fn events_consumer(service: &str, reads: &[EventKind], start: u64) -> Value {
    let name = lane_consumer(service);
    let filter = events_filter(service, reads);
    let own = json!({ "name": name, "durable_name": name, "filter_subject": filter, "opt_start_seq": start });
    merged(EVENTS_CONSUMER, own)
}

/// One filter, since several make a catch-up slow. Who reads one service needs to hear no other; who reads none hears
/// of itself.
fn events_filter(service: &str, reads: &[EventKind]) -> String {
    let mut of = reads.iter().map(|kind| kind.service());
    let first = of.next().unwrap_or(service);
    if of.all(|service| service == first) { format!("evt.*.{first}.>") } else { "evt.>".to_owned() }
}

/// A lane's consumer of its service's commands.
pub(crate) fn commands_consumer(service: &str) -> Value {
    let name = lane_consumer(service);
    let filter = format!("cmd.*.{service}.>");
    merged(COMMANDS_CONSUMER, json!({ "name": name, "durable_name": name, "filter_subject": filter }))
}

/// A short-lived reader of `EVENTS`, from `start` on.
pub(crate) fn tail_consumer(reader: &str, filter: &str, start: u64) -> Value {
    let name = format!("{reader}-tail-{}", uuid::Uuid::new_v4().simple());
    let life = json!({ "name": name, "filter_subject": filter, "opt_start_seq": start, "inactive_threshold": 30_000_000_000_u64 });
    merged(EVENTS_CONSUMER, life)
}

/// A short-lived reader of what `EVENTS` took since then.
pub(crate) fn since_consumer(reader: &str, filter: &str, since: Timestamp) -> Value {
    let mut config = tail_consumer(reader, filter, 1);
    if let Some(config) = config.as_object_mut() {
        // The server takes one kind of start only.
        config.remove("opt_start_seq");
        config.insert("deliver_policy".to_owned(), json!("by_start_time"));
        config.insert("opt_start_time".to_owned(), json!(since.to_string()));
    }
    config
}

pub(crate) async fn delete_consumer(nats: &Nats, stream: &str, name: &str) -> Result<()> {
    match nats.api(&format!("CONSUMER.DELETE.{stream}.{name}"), &Value::Null).await {
        Ok(_) => Ok(()),
        Err(error) if error.code == ApiError::CONSUMER_NOT_FOUND => Ok(()),
        Err(error) => Err(error).with_context(|| format!("delete consumer {name} on {stream}")),
    }
}

fn config(file: &str) -> Result<Value> {
    serde_json::from_str(file).context("a stream configuration is JSON")
}

fn merged(template: &str, with: Value) -> Value {
    let mut config: Value = serde_json::from_str(template).unwrap_or(Value::Null);
    if let (Some(config), Value::Object(with)) = (config.as_object_mut(), with) {
        config.extend(with);
    }
    config
}

/// The settings of the file that the server has otherwise. What the file leaves out is the server's to choose.
fn drift(wanted: &Value, actual: &Value) -> Vec<String> {
    let Some(wanted) = wanted.as_object() else { return vec!["everything".to_owned()] };
    wanted.iter().filter(|(name, value)| !covers(value, &actual[name.as_str()])).map(|(name, _)| name.clone()).collect()
}

/// Whether `actual` has all that `wanted` has; an empty value and an absent one are the same.
fn covers(wanted: &Value, actual: &Value) -> bool {
    match (wanted, actual) {
        (Value::Object(wanted), actual) => wanted.iter().all(|(name, value)| covers(value, &actual[name.as_str()])),
        (Value::Array(wanted), Value::Array(actual)) => {
            wanted.len() == actual.len() && wanted.iter().zip(actual).all(|(wanted, actual)| covers(wanted, actual))
        }
        (Value::Bool(false) | Value::Null, Value::Null) => true,
        (Value::Number(number), Value::Null) => number.as_i64() == Some(0),
        (Value::String(text), Value::Null) => text.is_empty(),
        (wanted, actual) => wanted == actual,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_is_json_and_drift_is_named() {
        for (name, file) in STREAMS {
            let file = config(file).unwrap();
            assert_eq!(file["name"], name);
            assert!(drift(&file, &file).is_empty());
            let mut other = file.clone();
            other["retention"] = json!("interest");
            assert_eq!(drift(&file, &other), ["retention"]);
        }
        assert_eq!(commands_consumer("workout")["filter_subject"], "cmd.*.workout.>");
    }

    #[test]
    fn a_reader_that_starts_at_a_time_starts_at_nothing_else() {
        let consumer = since_consumer("me", "evt.>", Timestamp::UNIX_EPOCH);
        assert_eq!((&consumer["deliver_policy"], &consumer["opt_start_seq"]), (&json!("by_start_time"), &Value::Null));
        assert_eq!(consumer["opt_start_time"], "1970-01-01T00:00:00Z");
    }

    #[test]
    fn a_lane_hears_no_more_than_one_filter_can_say() {
        let filter = |reads: &[EventKind]| events_consumer("me", reads, 7)["filter_subject"].clone();
        assert_eq!(filter(&[]), "evt.*.me.>");
        assert_eq!(filter(&[EventKind::WorkoutCompleted, EventKind::RecordSet]), "evt.*.workout.>");
        assert_eq!(filter(&[EventKind::WorkoutCompleted, EventKind::AchievementUnlocked]), "evt.>");
        assert_eq!(events_consumer("me", &[], 7)["opt_start_seq"], 7);
    }
}

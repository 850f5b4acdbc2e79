//! The streams and consumers as configured in `nats/streams/`: applied by `plyo migrate`, compared by everyone else.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use jiff::Timestamp;
use plyo_events::EventKind;
use serde_json::{Value, json};

use crate::broker::{Nats, connection::ApiError};

mod work_queue;

/// The streams in the order of creation: `EVENTS` sources `SCHEDULE`.
const STREAMS: [&str; 5] = [
    include_str!("../../streams/SCHEDULE.json"),
    include_str!("../../streams/EVENTS.json"),
    include_str!("../../streams/DEAD.json"),
    include_str!("../../streams/OBJ_exports.json"),
    include_str!("../../streams/OBJ_avatars.json"),
];
/// The stream of one service's commands; `SERVICE` stands for its name.
const COMMANDS: &str = include_str!("../../streams/COMMANDS.json");
/// Timeout of creating or changing a stream.
const MAKING: Duration = Duration::from_secs(30);
const READER: &str = include_str!("../../streams/consumers/reader.json");
const PERFORMER: &str = include_str!("../../streams/consumers/performer.json");

/// What differs between deployments.
#[derive(Clone, Debug)]
pub struct StreamConfig {
    /// The services that have commands.
    pub services: Vec<&'static str>,
    /// Replicas of each stream: 1, 3 or 5.
    pub replicas: u8,
}

/// The stream of a service's commands.
pub fn commands(service: &str) -> String {
    format!("COMMANDS_{service}")
}

/// The state of a stream.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct State {
    /// RFC 3339; another value is another history.
    pub created: String,
    pub first: u64,
    /// The last sequence; 0 while it is empty.
    pub last: u64,
    pub messages: u64,
    /// The number of replicas.
    pub replicas: u64,
}

impl State {
    /// How many messages are missing between the first and the last: nobody deletes any.
    pub const fn missing(&self) -> u64 {
        // An empty stream starts at 0.
        if self.last == 0 { 0 } else { (self.last + 1).saturating_sub(self.first).saturating_sub(self.messages) }
    }
}

/// Creates or updates every stream; returns what it did, one line each.
///
/// # Errors
/// When the server refuses, for example a change that a stream cannot make.
pub async fn apply(nats: &Nats, settings: &StreamConfig) -> Result<Vec<String>> {
    let mut done = Vec::new();
    let queue = work_queue::step_aside(nats).await?;
    for mut wanted in configs(settings)? {
        let name = wanted["name"].as_str().context("a stream has a name")?.to_owned();
        let (verb, what) = match nats.api(&format!("STREAM.INFO.{name}"), &Value::Null).await {
            Ok(info) if drift(&wanted, &info["config"]).is_empty() => {
                done.push(format!("stream {name}: unchanged"));
                continue;
            }
            Ok(info) => {
                let what = format!("update ({})", changes(&wanted, &info["config"]));
                // It says what the stream was restored from.
                wanted["metadata"] = info["config"]["metadata"].clone();
                ("UPDATE", what)
            }
            Err(error) if error.code == ApiError::STREAM_NOT_FOUND => ("CREATE", "create".to_owned()),
            Err(error) => return Err(error).context(format!("inspect stream {name}")),
        };
        let applied = nats.api_within(MAKING, &format!("STREAM.{verb}.{name}"), &wanted).await;
        applied.with_context(|| format!("stream {name}: {what}"))?;
        done.push(format!("stream {name}: {what}"));
    }
    if queue {
        let moved = work_queue::move_over(nats).await?;
        done.push(format!("stream COMMANDS: moved {moved} pending commands to the streams of their services"));
    }
    Ok(done)
}

/// Compares every stream with its file.
///
/// # Errors
/// When one is missing or differs; says which settings, and what to do.
pub async fn check(nats: &Nats, settings: &StreamConfig) -> Result<()> {
    for wanted in configs(settings)? {
        let name = wanted["name"].as_str().context("a stream has a name")?;
        let info = nats.api(&format!("STREAM.INFO.{name}"), &Value::Null).await;
        let info = info.with_context(|| format!("cannot read stream {name}; run `plyo migrate`"))?;
        let drift = drift(&wanted, &info["config"]);
        if !drift.is_empty() {
            bail!("stream {name} differs from what this binary needs in {}; run `plyo migrate`", drift.join(", "));
        }
    }
    Ok(())
}

/// The desired config of every stream.
fn configs(settings: &StreamConfig) -> Result<Vec<Value>> {
    let of_services = settings.services.iter().map(|service| COMMANDS.replace("SERVICE", service));
    let files = STREAMS.into_iter().map(str::to_owned).chain(of_services);
    let config = |file: String| -> Result<Value> {
        let mut config: Value = serde_json::from_str(&file).context("a stream configuration is JSON")?;
        config["num_replicas"] = json!(settings.replicas);
        Ok(config)
    };
    files.map(config).collect()
}

/// How far a stream is.
///
/// # Errors
/// When the server does not answer or has no such stream.
pub async fn state(nats: &Nats, stream: &str) -> Result<State> {
    let info =
        nats.api(&format!("STREAM.INFO.{stream}"), &Value::Null).await.with_context(|| format!("inspect {stream}"))?;
    let number = |name: &str| info["state"][name].as_u64().with_context(|| format!("{name} of {stream}"));
    Ok(State {
        created: info["created"].as_str().with_context(|| format!("creation time of {stream}"))?.to_owned(),
        first: number("first_seq")?,
        last: number("last_seq")?,
        messages: number("messages")?,
        replicas: info["config"]["num_replicas"].as_u64().unwrap_or(1),
    })
}

/// Whether there is no stream of this name. A stream that is currently without a leader exists, and is an error.
///
/// # Errors
/// When the server does not answer.
pub async fn is_missing(nats: &Nats, stream: &str) -> Result<bool> {
    match nats.api(&format!("STREAM.INFO.{stream}"), &Value::Null).await {
        Ok(_) => Ok(false),
        Err(error) if error.code == ApiError::STREAM_NOT_FOUND => Ok(true),
        Err(error) => Err(error).with_context(|| format!("inspect {stream}")),
    }
}

/// Subjects that nats-server tells at a time.
const SUBJECTS: usize = 100_000;

/// The subjects of a stream that a filter matches, with how many messages each has.
///
/// # Errors
/// When the server does not answer.
pub async fn subjects(nats: &Nats, stream: &str, filter: &str) -> Result<Vec<(String, u64)>> {
    let mut found = Vec::new();
    loop {
        let page = json!({ "subjects_filter": filter, "offset": found.len() });
        let info = nats.api(&format!("STREAM.INFO.{stream}"), &page).await;
        let mut info = info.with_context(|| format!("list {filter} of {stream}"))?;
        let before = found.len();
        if let Value::Object(subjects) = info["state"]["subjects"].take() {
            found.extend(subjects.into_iter().map(|(subject, messages)| (subject, messages.as_u64().unwrap_or(0))));
        }
        if found.len() - before < SUBJECTS {
            return Ok(found);
        }
    }
}

/// Removes every message of a stream.
///
/// # Errors
/// When the server does not answer or refuses.
pub async fn purge(nats: &Nats, stream: &str) -> Result<()> {
    nats.api(&format!("STREAM.PURGE.{stream}"), &Value::Null).await.with_context(|| format!("purge {stream}"))?;
    Ok(())
}

/// Deletes a stream and its messages, if it exists; [`apply`] recreates it.
///
/// # Errors
/// When the server does not answer or refuses.
pub async fn delete(nats: &Nats, stream: &str) -> Result<()> {
    match nats.api(&format!("STREAM.DELETE.{stream}"), &Value::Null).await {
        Err(error) if error.code != ApiError::STREAM_NOT_FOUND => {
            Err(error).with_context(|| format!("delete {stream}"))
        }
        _ => Ok(()),
    }
}

/// Removes the messages of a stream up to a sequence.
pub(crate) async fn purge_through(nats: &Nats, stream: &str, sequence: u64) -> Result<()> {
    let purge = json!({ "seq": sequence + 1 });
    nats.api(&format!("STREAM.PURGE.{stream}"), &purge).await.with_context(|| format!("purge {stream}"))?;
    Ok(())
}

/// The last message of a stream that a filter matches, 0 for none.
///
/// # Errors
/// When the server does not answer.
pub async fn last_matching(nats: &Nats, stream: &str, filter: &str) -> Result<u64> {
    match nats.api(&format!("STREAM.MSG.GET.{stream}"), &json!({ "last_by_subj": filter })).await {
        Ok(found) => found["message"]["seq"].as_u64().context("a sequence"),
        Err(error) if error.code == ApiError::MESSAGE_NOT_FOUND => Ok(0),
        Err(error) => Err(error).with_context(|| format!("read the last message of {stream}")),
    }
}

/// A lane's consumer of a stream, from the lane's position. It is on disk, so that it survives a restart of the server even
/// without a running lane: an autoscaler can wake a service by its pending count.
pub(crate) fn lane_consumer(name: &str, filter: &str, start: u64) -> Value {
    let lane = json!({ "name": name, "durable_name": name, "filter_subject": filter, "opt_start_seq": start, "mem_storage": false });
    merged(READER, lane)
}

/// The name of an effect's consumer.
pub(crate) fn effect_consumer_name(service: &str, effect: &str) -> String {
    format!("{service}-effect-{effect}")
}

/// An effect's consumer of its requests.
pub(crate) fn effect_consumer(name: &str, performs: &[EventKind]) -> Value {
    let mut config = merged(PERFORMER, json!({ "name": name, "durable_name": name }));
    let filter = |kind: &EventKind| format!("evt.*.{}.{}.>", kind.service(), kind.fact());
    let filters: Vec<_> = performs.iter().map(filter).collect();
    match &filters[..] {
        [filter] => config["filter_subject"] = json!(filter),
        filters => {
            // The server accepts either one or several.
            config["filter_subject"] = Value::Null;
            config["filter_subjects"] = json!(filters);
        }
    }
    config
}

/// The filter for reading most of a stream. With one that excludes almost nothing, such as `evt.>` on `EVENTS`, nats-server
/// scans all subjects of a block to find each message (`findings/nats-filter-of-nearly-all.sh`); unwanted messages are
/// skipped here instead.
pub(crate) const EVERYTHING: &str = ">";

/// A short-lived reader of `EVENTS`, from `start` on.
pub(crate) fn tail_consumer(reader: &str, filter: &str, start: u64) -> Value {
    let name = format!("{reader}-tail-{}", uuid::Uuid::new_v4().simple());
    let life = json!({ "name": name, "filter_subject": filter, "opt_start_seq": start, "inactive_threshold": 30_000_000_000_u64 });
    merged(READER, life)
}

/// A short-lived reader of what `EVENTS` stored since then.
pub(crate) fn since_consumer(reader: &str, filter: &str, since: Timestamp) -> Value {
    let mut config = tail_consumer(reader, filter, 1);
    if let Some(config) = config.as_object_mut() {
        // The server accepts only one kind of start.
        config.remove("opt_start_seq");
        config.insert("deliver_policy".to_owned(), json!("by_start_time"));
        config.insert("opt_start_time".to_owned(), json!(since.to_string()));
    }
    config
}

/// The sequence of the first message stored then or later, or the one after the last: where a consumer would start.
pub(crate) async fn first_since(nats: &Nats, reader: &str, since: Timestamp) -> Result<u64> {
    let config = since_consumer(reader, "evt.>", since);
    let name = config["name"].as_str().context("a consumer has a name")?;
    let request = json!({ "stream_name": "EVENTS", "config": config });
    let created = nats.api(&format!("CONSUMER.CREATE.EVENTS.{name}.evt.>"), &request).await;
    let created = created.with_context(|| format!("create consumer {name} on EVENTS"))?;
    let before = created["delivered"]["stream_seq"].as_u64().context("where a consumer begins")?;
    delete_consumer(nats, "EVENTS", name).await?;
    Ok(before + 1)
}

pub(crate) async fn delete_consumer(nats: &Nats, stream: &str, name: &str) -> Result<()> {
    match nats.api(&format!("CONSUMER.DELETE.{stream}.{name}"), &Value::Null).await {
        Ok(_) => Ok(()),
        Err(error) if error.code == ApiError::CONSUMER_NOT_FOUND => Ok(()),
        Err(error) => Err(error).with_context(|| format!("delete consumer {name} on {stream}")),
    }
}

fn merged(template: &str, with: Value) -> Value {
    let mut config: Value = serde_json::from_str(template).unwrap_or(Value::Null);
    if let (Some(config), Value::Object(with)) = (config.as_object_mut(), with) {
        config.extend(with);
    }
    config
}

/// The settings in which the server differs from the file. What the file omits is up to the server.
fn drift(wanted: &Value, actual: &Value) -> Vec<String> {
    let Some(wanted) = wanted.as_object() else { return vec!["everything".to_owned()] };
    wanted.iter().filter(|(name, value)| !covers(value, &actual[name.as_str()])).map(|(name, _)| name.clone()).collect()
}

/// What an update changes, with short values: `num_replicas 1 -> 3`.
fn changes(wanted: &Value, actual: &Value) -> String {
    let change = |name: String| match (&actual[&name], &wanted[&name]) {
        (Value::Object(_) | Value::Array(_), _) | (_, Value::Object(_) | Value::Array(_)) => name,
        (Value::Null, new) => format!("{name} {new}"),
        (old, new) => format!("{name} {old} -> {new}"),
    };
    drift(wanted, actual).into_iter().map(change).collect::<Vec<_>>().join(", ")
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
        let settings = StreamConfig { services: vec!["workout", "user"], replicas: 3 };
        let configs = configs(&settings).unwrap();
        let names: Vec<&str> = configs.iter().filter_map(|config| config["name"].as_str()).collect();
        assert_eq!(names[..5], ["SCHEDULE", "EVENTS", "DEAD", "OBJ_exports", "OBJ_avatars"]);
        assert_eq!(names[5..], ["COMMANDS_workout", "COMMANDS_user"]);
        for config in configs {
            assert!(drift(&config, &config).is_empty());
            assert_eq!(config["num_replicas"], 3);
            let mut other = config.clone();
            other["retention"] = json!("interest");
            assert_eq!(drift(&config, &other), ["retention"]);
        }
    }

    #[test]
    fn an_update_says_what_it_changes() {
        let wanted = json!({ "num_replicas": 1, "allow_direct": true, "subjects": ["a"], "discard": "new" });
        let actual = json!({ "num_replicas": 3, "subjects": ["b"], "discard": "new" });
        assert_eq!(changes(&wanted, &actual), "allow_direct true, num_replicas 3 -> 1, subjects");
        assert_eq!(changes(&wanted, &wanted), "");
    }

    #[test]
    fn messages_are_missing_only_between_the_first_and_the_last() {
        let state = |first, last, messages| State { created: String::new(), first, last, messages, replicas: 1 };
        assert_eq!(
            [state(0, 0, 0), state(1, 7, 7), state(8, 7, 0), state(3, 7, 4)].map(|state| state.missing()),
            [0, 0, 0, 1]
        );
    }

    #[test]
    fn a_lane_has_one_filter() {
        let one = lane_consumer("me_0", "evt.*.me.>", 7);
        assert_eq!((&one["filter_subject"], &one["filter_subjects"]), (&json!("evt.*.me.>"), &Value::Null));
        assert_eq!((&one["opt_start_seq"], &one["ack_policy"]), (&json!(7), &json!("none")));
        assert_eq!(one["mem_storage"], false);
    }

    #[test]
    fn an_effect_hears_its_requests_alone() {
        let config = effect_consumer("workout-effect-mail", &[EventKind::ReminderDue]);
        assert_eq!(config["filter_subject"], "evt.*.workout.reminder_due.>");
        let several = effect_consumer("workout-effect-mail", &[EventKind::ReminderDue, EventKind::ReminderSet]);
        let filters = (&several["filter_subject"], &several["filter_subjects"][1]);
        assert_eq!(filters, (&Value::Null, &json!("evt.*.workout.reminder_set.>")));
        assert_eq!((&config["ack_policy"], &config["mem_storage"]), (&json!("explicit"), &Value::Null));
    }

    #[test]
    fn a_reader_that_starts_at_a_time_starts_at_nothing_else() {
        let consumer = since_consumer("me", "evt.>", Timestamp::UNIX_EPOCH);
        assert_eq!((&consumer["deliver_policy"], &consumer["opt_start_seq"]), (&json!("by_start_time"), &Value::Null));
        assert_eq!(consumer["opt_start_time"], "1970-01-01T00:00:00Z");
    }
}

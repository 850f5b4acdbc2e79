//! Migration from the single work queue `COMMANDS` that all services once shared: a work queue cannot be turned into a
//! stream that is read by position.

use anyhow::{Context, Result};
use async_nats::HeaderMap;
use serde_json::{Value, json};

use crate::broker::{Nats, connection::ApiError, wire};

const QUEUE: &str = "COMMANDS";

/// Takes the subjects away from the queue, but not its messages, so that the services' streams can have them. Returns
/// whether there is a queue.
pub(super) async fn step_aside(nats: &Nats) -> Result<bool> {
    let info = match nats.api(&format!("STREAM.INFO.{QUEUE}"), &Value::Null).await {
        Ok(info) => info,
        Err(error) if error.code == ApiError::STREAM_NOT_FOUND => return Ok(false),
        Err(error) => return Err(error).context("inspect stream COMMANDS"),
    };
    let mut config = info["config"].clone();
    config["subjects"] = json!(["cmd_before_lanes"]);
    config.as_object_mut().context("a configuration")?.remove("subject_transform");
    nats.api(&format!("STREAM.UPDATE.{QUEUE}"), &config).await.context("remove the subjects of stream COMMANDS")?;
    Ok(true)
}

/// Publishes pending commands to the services' streams, in order, then removes the queue. After an interruption it starts
/// over: a repeated command is recognised by its id.
pub(super) async fn move_over(nats: &Nats) -> Result<u64> {
    let (mut next, mut moved) = (1_u64, 0);
    loop {
        let asked = json!({ "seq": next, "next_by_subj": ">" });
        let found = match nats.api(&format!("STREAM.MSG.GET.{QUEUE}"), &asked).await {
            Ok(found) => found,
            Err(error) if error.code == ApiError::MESSAGE_NOT_FOUND => break,
            Err(error) => return Err(error).context("read stream COMMANDS"),
        };
        let message = &found["message"];
        next = message["seq"].as_u64().context("a sequence")? + 1;
        let stored = message["subject"].as_str().context("a subject")?;
        let tokens: Vec<&str> = stored.split('.').collect();
        // It was stored as `cmd.<partition>.<service>.<verb>.<subject>`.
        let [cmd, _, rest @ ..] = &tokens[..] else { continue };
        let subject = format!("{cmd}.{}", rest.join("."));
        let body = wire::stored_body(message)?;
        nats.publish(subject, own(&wire::stored_headers(message)?), body.into()).await?.await?;
        moved += 1;
    }
    nats.api(&format!("STREAM.DELETE.{QUEUE}"), &Value::Null).await.context("remove stream COMMANDS")?;
    Ok(moved)
}

/// The sender's headers, without the server's.
fn own(stored: &HeaderMap) -> HeaderMap {
    let mut headers = HeaderMap::new();
    for (name, values) in stored.iter() {
        let text = name.to_string();
        let is_own = text == "Nats-Msg-Id" || !text.starts_with("Nats-");
        if let Some(value) = values.first().filter(|_| is_own) {
            headers.insert(text, value.clone());
        }
    }
    headers
}

//! Dead letters: messages that could not be processed, kept with their reason in the stream `DEAD`.

use std::borrow::Cow;

use anyhow::{Context, Result, bail, ensure};
use async_nats::HeaderMap;
use bytes::Bytes;
use serde::Serialize;
use serde_json::json;

use crate::broker::{
    Nats,
    attributes::attribute,
    reader::{Reader, Received},
    streams, wire,
};

/// A dead letter.
#[derive(Clone, Debug, Serialize)]
pub struct DeadLetter {
    /// Its sequence in `DEAD`, which identifies it.
    pub sequence: u64,
    pub service: String,
    /// `EVENTS`, `COMMANDS_<service>`, or `outbox` where no stream took it
    pub stream: String,
    /// As stored in that stream.
    pub subject: String,
    /// `workout.log.v1`, if it had one.
    pub message_type: Option<String>,
    pub message_id: Option<String>,
    /// The effect that was to perform it, if it was a request.
    pub effect: Option<String>,
    pub reason: String,
    pub attempts: u32,
    /// The body as it came.
    #[serde(skip)]
    pub body: Vec<u8>,
}

/// Every dead letter, oldest first.
///
/// # Errors
/// When `DEAD` cannot be read.
pub async fn list(nats: &Nats) -> Result<Vec<DeadLetter>> {
    Ok(read(nats, 1, None).await?.iter().map(letter).collect())
}

/// One dead letter.
///
/// # Errors
/// When there is none with this sequence.
pub async fn show(nats: &Nats, sequence: u64) -> Result<DeadLetter> {
    Ok(letter(&get(nats, sequence).await?))
}

/// Sends a dead-lettered command to its service again, then removes it here.
///
/// # Errors
/// When it is an event: fix the code and run `plyo rebuild --mended`, which folds it in.
pub async fn replay(nats: &Nats, sequence: u64) -> Result<()> {
    let received = get(nats, sequence).await?;
    let dead = letter(&received);
    if let Some(effect) = &dead.effect {
        bail!("{sequence} asks {} for the effect {effect}: trigger it again, then drop this", dead.service);
    }
    if dead.stream == "EVENTS" {
        bail!("{sequence} is an event: once the code is fixed, `plyo rebuild {} --mended` folds it in", dead.service);
    }
    let tokens: Vec<&str> = dead.subject.split('.').collect();
    // As it was stored, or, if no stream had its subject, as it was published.
    let (["cmd", _, service, verb, about] | ["cmd", service, verb, about]) = tokens[..] else {
        bail!("{sequence} is not a command: {}", dead.subject)
    };
    let mut headers = HeaderMap::new();
    for (name, values) in received.headers.iter() {
        let name = name.to_string();
        if let Some(value) = values.first().filter(|_| !name.starts_with("Nats-") && !name.starts_with("plyo-dead-")) {
            headers.insert(name, value.clone());
        }
    }
    headers.insert(wire::REPLAY, sequence.to_string());
    headers.insert("Nats-Msg-Id", format!("replay/{sequence}/{}", dead.message_id.as_deref().unwrap_or("none")));
    nats.publish(format!("cmd.{service}.{verb}.{about}"), headers, received.body.clone()).await?.await?;
    drop_letter(nats, sequence).await
}

/// Removes a dead letter for good.
///
/// # Errors
/// When there is none with this sequence.
pub async fn drop_letter(nats: &Nats, sequence: u64) -> Result<()> {
    nats.api("STREAM.MSG.DELETE.DEAD", &json!({ "seq": sequence })).await.with_context(|| no_letter(sequence))?;
    Ok(())
}

async fn get(nats: &Nats, sequence: u64) -> Result<Received> {
    let found = read(nats, sequence, Some(1)).await?.into_iter().next();
    let received = found.filter(|received| received.sequence == sequence);
    received.with_context(|| no_letter(sequence))
}

fn no_letter(sequence: u64) -> String {
    format!("there is no dead letter {sequence}; `plyo dead list` lists them")
}

async fn read(nats: &Nats, start: u64, most: Option<usize>) -> Result<Vec<Received>> {
    ensure!(start > 0, no_letter(start));
    let mut reader = Reader::create(nats, "DEAD", streams::tail_consumer("dead", "dead.>", start)).await?;
    let mut found = Vec::new();
    while most.is_none_or(|most| found.len() < most) {
        let Some(received) = reader.counted(u64::MAX).await? else { break };
        found.push(received);
    }
    Ok(found)
}

fn letter(received: &Received) -> DeadLetter {
    let header = |name| wire::text(&received.headers, name).map(str::to_owned);
    let said = |name| attribute(&received.headers, name).ok().flatten().map(Cow::into_owned);
    DeadLetter {
        sequence: received.sequence,
        service: header("plyo-dead-service").unwrap_or_default(),
        stream: header("plyo-dead-stream").unwrap_or_default(),
        subject: header("plyo-dead-subject").unwrap_or_default(),
        message_type: said(wire::CE_TYPE),
        message_id: said(wire::CE_ID),
        effect: header("plyo-dead-effect"),
        reason: header("plyo-dead-reason").unwrap_or_default(),
        attempts: header("plyo-dead-attempts").and_then(|attempts| attempts.parse().ok()).unwrap_or(0),
        body: Bytes::clone(&received.body).to_vec(),
    }
}

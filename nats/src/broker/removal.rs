//! Messages that are removed so that nothing of them stays on the disk. A purge forgets where they are, and leaves their bytes.

use anyhow::{Context, Result, anyhow};
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;

use crate::{
    broker::{Nats, connection::ApiError, streams},
    failpoint::failpoint,
};

/// Messages that are removed at a time.
const AT_ONCE: usize = 16;
/// Rounds of removing: whatever was under way is there by the second.
const ROUNDS: usize = 5;

/// Removes what a filter matches before a sequence, but for the subjects that stay.
///
/// # Errors
/// When nats-server does not answer: what is left is removed the next time.
pub(crate) async fn remove(
    nats: &Nats,
    stream: &str,
    filter: &str,
    before: u64,
    stays: impl Fn(&str) -> bool,
) -> Result<()> {
    for _ in 0..ROUNDS {
        let mut sequences = Vec::new();
        for (subject, _) in streams::subjects(nats, stream, filter).await? {
            if !stays(&subject) {
                sequences.extend(sequences_of(nats, stream, &subject, before).await?);
            }
        }
        if sequences.is_empty() {
            return Ok(());
        }
        let deletions = sequences.into_iter().map(|sequence| delete(nats, stream, sequence));
        stream::iter(deletions).buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    }
    Err(anyhow!("{filter} of {stream} still grows"))
}

async fn sequences_of(nats: &Nats, stream: &str, subject: &str, before: u64) -> Result<Vec<u64>> {
    let (mut sequences, mut next) = (Vec::new(), 1);
    loop {
        let get = json!({ "next_by_subj": subject, "seq": next });
        let sequence = match nats.api(&format!("STREAM.MSG.GET.{stream}"), &get).await {
            Ok(found) => found["message"]["seq"].as_u64().context("a sequence")?,
            Err(error) if error.code == ApiError::MESSAGE_NOT_FOUND => return Ok(sequences),
            Err(error) => return Err(error).with_context(|| format!("read {subject} of {stream}")),
        };
        if sequence >= before {
            return Ok(sequences);
        }
        sequences.push(sequence);
        next = sequence + 1;
    }
}

async fn delete(nats: &Nats, stream: &str, sequence: u64) -> Result<()> {
    match nats.api(&format!("STREAM.MSG.DELETE.{stream}"), &json!({ "seq": sequence })).await {
        Err(error) if ![ApiError::MESSAGE_NOT_FOUND, ApiError::MESSAGE_NOT_DELETED].contains(&error.code) => {
            Err(error).with_context(|| format!("remove {sequence} of {stream}"))
        }
        // Or it is gone already.
        _ => {
            failpoint!("erase-removed");
            Ok(())
        }
    }
}

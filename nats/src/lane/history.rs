//! Whether `EVENTS` is the history that a lane's tables are a fold of.

use anyhow::Context;
use jiff::Timestamp;
use serde_json::{Value, json};
use uuid::Uuid;

use super::position::Position;
use crate::{
    broker::{Nats, connection::ApiError, streams, wire},
    failure::Failure,
};

const START_OVER: &str = "or start over with `plyo rebuild SERVICE --new-history`";

/// A lane never runs against another `EVENTS` than the one its tables are a fold of: one that was recreated, that ends
/// earlier, or that has grown again from an earlier end, so that other messages are at the lane's positions. A message that is
/// gone may have been about somebody who was erased, if anybody was.
pub(crate) async fn refuse_another(
    nats: &Nats,
    position: &Position,
    stream: &streams::State,
    has_erased: bool,
) -> Result<(), Failure> {
    if position.events_created != stream.created {
        return Err(Failure::lost(format!(
            "EVENTS was recreated ({}; the tables belong to the one of {}): restore its backup, {START_OVER}",
            stream.created, position.events_created
        )));
    }
    let known = position.applied.max(position.confirmed);
    if stream.last < known {
        return Err(Failure::lost(format!(
            "EVENTS ends at {}, but the tables have applied {known}: restore a newer backup of EVENTS, {START_OVER}",
            stream.last
        )));
    }
    let refused = |sequence: u64, stands: &str| {
        Err(Failure::lost(format!(
            "at {sequence} of EVENTS {stands}, so the tables are not a fold of it: restore the backup of EVENTS \
             that belongs to them, {START_OVER}"
        )))
    };
    if let Some(id) = position.confirmed_id {
        match Standing::at(nats, position.confirmed).await? {
            Some(standing) if standing.id == Some(id) => {}
            None if has_erased => {}
            Some(_) => return refused(position.confirmed, &format!("there is another message than {id}")),
            None => return refused(position.confirmed, &format!("{id} is missing")),
        }
    }
    if let Some(stored_at) = position.applied_at {
        match Standing::at(nats, position.applied).await? {
            Some(standing) if standing.stored_at == stored_at => {}
            None if has_erased => {}
            Some(_) => {
                return refused(
                    position.applied,
                    &format!("there is another message than the one stored at {stored_at}"),
                );
            }
            None => return refused(position.applied, &format!("the message stored at {stored_at} is missing")),
        }
    }
    Ok(())
}

/// A note if messages are missing: a damaged block loses the messages after the damage.
pub(super) fn missing(stream: &streams::State) -> Option<String> {
    let missing = stream.missing();
    if missing == 0 {
        return None;
    }
    let (first, last) = (stream.first, stream.last);
    let told =
        format!("EVENTS lacks {missing} of its messages between {first} and {last}: `plyo verify --deep` lists them");
    tracing::error!("{told}");
    Some(told)
}

/// What stands at a place.
struct Standing {
    id: Option<Uuid>,
    stored_at: Timestamp,
}

impl Standing {
    async fn at(nats: &Nats, sequence: u64) -> Result<Option<Self>, Failure> {
        let found = match nats.api("STREAM.MSG.GET.EVENTS", &json!({ "seq": sequence })).await {
            Ok(found) => found,
            Err(error) if error.code == ApiError::MESSAGE_NOT_FOUND => return Ok(None),
            Err(error) => {
                return Err(Failure::Unavailable(
                    anyhow::Error::new(error).context(format!("read {sequence} of EVENTS")),
                ));
            }
        };
        Self::read(&found["message"]).context("a stored message").map(Some).map_err(Failure::Unavailable)
    }

    fn read(message: &Value) -> Option<Self> {
        let headers = wire::stored_headers(message).ok()?;
        let id = wire::text(&headers, wire::CE_ID).and_then(|id| Uuid::try_parse(id).ok());
        Some(Self { id, stored_at: message["time"].as_str()?.parse().ok()? })
    }
}

//! Events of another instance. The command of the loop that brings them has some of one person's events of its service, as they
//! were: the lane folds them and publishes them with a mark. Nobody reacts to them or performs what they ask for, since that was
//! done where they come from; what came of it is among them.

use plyo_events::{Event, Message, Subject};
use serde_json::value::RawValue;
use uuid::Uuid;

use super::outbox::Outgoing;
use crate::{
    broker::{
        attributes::required,
        cloud_event,
        reader::Received,
        wire::{self, WireError},
    },
    reactor::Reactor,
};

/// The type of the loop's command, which is in no catalogue: it is no service's.
pub(crate) const IMPORT: &str = "loop.import.v1";

/// The loop's command: take over these events, in this order.
#[derive(Clone, Debug)]
pub(crate) struct Import {
    pub id: Uuid,
    pub subject: Subject,
    pub events: Vec<Message<Event>>,
}

impl Import {
    /// `None` for any other command.
    pub(super) fn read<R: Reactor>(received: &Received) -> Result<Option<Self>, WireError> {
        let Received { subject, headers, body, .. } = received;
        if wire::text(headers, wire::CE_TYPE) != Some(IMPORT) {
            return Ok(None);
        }
        let subject = wire::about(subject, headers)?;
        let wrong = |reason: String| WireError::Import(reason);
        let batch: Vec<&RawValue> = serde_json::from_slice(body).map_err(|error| wrong(error.to_string()))?;
        let mut events = Vec::with_capacity(batch.len());
        for event in batch {
            let event = cloud_event::read(event.get()).map_err(|error| wrong(format!("{error:#}")))?;
            if event.subject != subject || event.body.kind().service() != R::NAME {
                return Err(wrong(format!("event {} is another person's or service's", event.id)));
            }
            events.push(event);
        }
        Ok(Some(Self { id: required(headers, wire::CE_ID)?, subject, events }))
    }

    pub(super) fn outgoing(&self, event: &Message<Event>) -> Outgoing {
        let mut outgoing = Outgoing::event(event);
        wire::set(&mut outgoing.headers, wire::IMPORTED, self.id.to_string());
        outgoing
    }
}

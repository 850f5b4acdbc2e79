//! Events as CloudEvents 1.0 in JSON, in structured mode: for files that leave the platform, and for those that come back.

use std::{borrow::Cow, io::Write as _};

use anyhow::{Context, Result, bail, ensure};
use jiff::Timestamp;
use plyo_events::{Body, DecodeError, Event, EventKind, Message, UserId, Versioned};
use serde::Deserialize;
use serde_json::value::RawValue;
use uuid::Uuid;

use super::{
    content::Encoded,
    reader::Received,
    subject,
    wire::{self, WireError},
};

/// Adds an event as one line, with its type and its content as published.
pub(crate) fn write(line: &mut Vec<u8>, received: &Received) -> Result<(), WireError> {
    let Received { subject: nats_subject, headers, body, .. } = received;
    let (type_name, event) = wire::encoded_event(nats_subject, headers, body, received.stored_at())?;
    let service = subject::service(nats_subject).unwrap_or_default();
    let Message { id, subject, time, correlation, causation, .. } = event;
    // Nothing of these can need to be escaped, and a vector takes everything.
    let _ = write!(
        line,
        r#"{{"specversion":"1.0","id":"{id}","source":"plyo/{service}","type":"{type_name}","subject":"{subject}","time":"{time}""#
    );
    if causation != id {
        let _ = write!(line, r#","causationid":"{causation}""#);
    }
    if correlation != causation {
        let _ = write!(line, r#","correlationid":"{correlation}""#);
    }
    line.extend_from_slice(br#","datacontenttype":"application/json","data":"#);
    write_data(line, &event.body);
    line.extend_from_slice(b"}\n");
    Ok(())
}

fn write_data(line: &mut Vec<u8>, body: &Encoded) {
    let start = line.len();
    if !body.write_json(line) {
        line.truncate(start);
        line.extend_from_slice(b"null");
    }
}

/// The attributes that an event of a person has.
#[derive(Deserialize)]
struct Attributes<'a> {
    #[serde(borrow)]
    specversion: Cow<'a, str>,
    id: Uuid,
    #[serde(borrow)]
    source: Cow<'a, str>,
    #[serde(borrow, rename = "type")]
    type_name: Cow<'a, str>,
    subject: UserId,
    time: Timestamp,
    causationid: Option<Uuid>,
    correlationid: Option<Uuid>,
    #[serde(borrow)]
    datacontenttype: Option<Cow<'a, str>>,
    #[serde(borrow)]
    data: &'a RawValue,
}

/// Reads an event of a person, in its newest version.
///
/// # Errors
/// Says what is wrong with it.
pub fn read(json: &str) -> Result<Message<Event>> {
    let event: Attributes<'_> = serde_json::from_str(json).context("it is no event")?;
    ensure!(event.specversion == "1.0", "it is of another version of CloudEvents: {}", event.specversion);
    let is_json = event.datacontenttype.is_none_or(|data| data == "application/json");
    ensure!(is_json, "its content is not JSON");
    let Versioned { kind, version } = EventKind::parse(&event.type_name).map_err(|error| match error {
        DecodeError::UnknownType(_) => anyhow::anyhow!("its type, {}, is unknown here", event.type_name),
        error => anyhow::anyhow!("{error}: it was written by a newer Plyo; import it with that"),
    })?;
    if event.source != format!("plyo/{}", kind.service()) {
        bail!("{} is an event of {}, not of {}", kind.name(), kind.service(), event.source);
    }
    wire::check_about(event.subject.into(), kind.name(), kind.about())?;
    let body = kind.decode(version, Body::Json(event.data.get().as_bytes())).context("its content cannot be read")?;
    let causation = event.causationid.unwrap_or(event.id);
    Ok(Message {
        id: event.id,
        subject: event.subject.into(),
        time: event.time,
        correlation: event.correlationid.unwrap_or(causation),
        causation,
        traceparent: None,
        body,
    })
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use plyo_events::workout::ReminderCancelled;
    use plyo_events::{ReminderId, Subject};

    use super::*;
    use crate::probe::{id, person};

    fn message() -> Message<Event> {
        let body = Event::from(ReminderCancelled { reminder_id: ReminderId::new(id(7)), revision: 2 });
        let time = "2026-10-07T09:30:00.123456789Z".parse().unwrap();
        Message { causation: id(2), correlation: id(3), ..Message::first(id(1), person(4), time, body) }
    }

    fn line(event: &Message<Event>) -> String {
        let about: Subject = event.subject;
        let received = Received {
            subject: format!("evt.3.workout.reminder_cancelled.{about}"),
            headers: wire::event_headers(event),
            body: Bytes::from(event.body.encode()),
            sequence: 9,
            time: event.time,
            pending: 0,
        };
        let mut line = Vec::new();
        write(&mut line, &received).unwrap();
        String::from_utf8(line).unwrap()
    }

    #[test]
    fn an_event_is_the_same_after_it_was_written_and_read() {
        for event in [message(), Message { causation: id(1), correlation: id(1), ..message() }] {
            assert_eq!(read(&line(&event)).unwrap(), event);
        }
    }

    #[test]
    fn what_is_no_event_of_a_person_is_refused_with_the_reason() {
        let line = line(&message());
        let wrong = |from: &str, to: &str| {
            assert!(line.contains(from), "{line}");
            format!("{:#}", read(&line.replacen(from, to, 1)).unwrap_err())
        };
        for (from, to, reason) in [
            ("\"1.0\"", "\"0.3\"", "another version of CloudEvents"),
            ("reminder.cancelled.v1", "reminder.forgotten.v1", "is unknown here"),
            ("reminder.cancelled.v1", "reminder.cancelled.v9", "a newer Plyo"),
            ("plyo/workout", "plyo/coach", "is an event of workout"),
            ("application/json", "application/xml", "not JSON"),
            ("\"revision\":2", "\"revision\":\"two\"", "cannot be read"),
            ("}}\n", "}", "no event"),
        ] {
            let told = wrong(from, to);
            assert!(told.contains(reason), "{told}");
        }
    }
}

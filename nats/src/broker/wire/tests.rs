//! What goes out as headers comes back as the same message, and what cannot be read says why.

use jiff::Timestamp;
use plyo_events::{
    UserId,
    clock::WorkoutReminderDue,
    probe::{Gather, Gathered, Instrument, Measure, Measured},
};

use super::*;
use crate::broker::subject as subjects;

const JSON: &str = "application/json";
const TRACE: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

fn id(number: u128) -> Uuid {
    Uuid::from_u128(number)
}

fn person() -> Subject {
    UserId::new(id(1)).into()
}

fn group() -> Subject {
    Subject::Aggregate(Aggregate::Group, id(2))
}

fn first<T>(about: Subject, body: T) -> Message<T> {
    Message::first(id(3), about, Timestamp::from_microsecond(1_790_000_000_123_456).unwrap(), body)
}

/// As an event comes out of `EVENTS`, where the server has put the partition in.
fn read_event(event: &Message<Event>, headers: &HeaderMap, body: &[u8]) -> Result<Message<Event>, WireError> {
    let stored = subjects::event(event.body.kind(), event.subject).replacen("evt.", "evt.7.", 1);
    self::event(event_kind(&stored, headers)?, &stored, headers, body, at(42))
}

/// The 42nd message, say.
fn at(sequence: u64) -> StoredAt {
    StoredAt { sequence, time: Timestamp::from_second(1_790_000_007).unwrap() }
}

fn names(headers: &HeaderMap) -> Vec<String> {
    let mut names: Vec<_> = headers.iter().map(|(name, _)| name.to_string()).collect();
    names.sort_unstable();
    names
}

#[test]
fn an_event_comes_back_as_it_was_sent() {
    let measured = first(person(), Event::from(Measured { grams: 7, by: Instrument::Scale }));
    let caused =
        Message { causation: id(8), correlation: id(9), traceparent: Some(TRACE.parse().unwrap()), ..measured.clone() };
    let answer_to_the_first = Message { causation: id(8), correlation: id(8), ..measured.clone() };
    let of_its_own_chain = Message { causation: id(8), ..measured.clone() };
    let gathered = first(group(), Event::from(Gathered { members: 3 }));
    for event in [measured, caused, answer_to_the_first, of_its_own_chain, gathered] {
        let read = read_event(&event, &event_headers(&event), &event.body.encode());
        assert_eq!(read.unwrap(), event);
    }
}

#[test]
fn a_command_comes_back_as_it_was_sent_whether_or_not_somebody_waits() {
    for command in [
        first(person(), Command::from(Measure { grams: 7 })),
        first(group(), Command::from(Gather { members: 3 })),
        Message { causation: id(8), ..first(person(), Command::from(Measure { grams: 7 })) },
    ] {
        for reply in [None, Some("out.edge")] {
            let headers = command_headers(&command, "f", reply);
            let stored = subjects::command(command.body.kind(), command.subject).replacen("cmd.", "cmd.7.", 1);
            assert_eq!(self::command(&stored, &headers, &command.body.encode()).unwrap(), command);
            assert_eq!((text(&headers, REPLY), text(&headers, FINGERPRINT)), (reply, Some("f")));
        }
    }
}

#[test]
fn a_header_says_nothing_that_is_said_already_but_what_others_look_for() {
    let mut event = first(person(), Event::from(Measured { grams: 7, by: Instrument::Scale }));
    let always = ["ce-datacontenttype", "ce-id", "ce-source", "ce-specversion", "ce-time", "ce-type", "content-type"];
    assert_eq!(names(&event_headers(&event)), always);
    event.causation = id(8);
    event.correlation = id(8);
    let headers = event_headers(&event);
    assert_eq!((text(&headers, CAUSATION), text(&headers, CORRELATION)), (Some(&*id(8).to_string()), None));
    event.correlation = id(9);
    assert_eq!(text(&event_headers(&event), CORRELATION), Some(&*id(9).to_string()));
}

#[test]
fn an_event_of_an_earlier_version_is_read_as_the_newest() {
    let event = first(person(), Event::from(Measured { grams: 1_500, by: Instrument::Unknown }));
    let mut headers = event_headers(&event);
    for (version, body) in [(1, r#"{"weight":"1.5 kg"}"#), (2, r#"{"grams":1500}"#)] {
        set(&mut headers, CE_TYPE, format!("probe.measured.v{version}"));
        [DATA_CONTENT_TYPE, CONTENT_TYPE].into_iter().for_each(|name| set(&mut headers, name, JSON));
        assert_eq!(read_event(&event, &headers, body.as_bytes()).unwrap(), event);
        let bytes = rmp_serde::to_vec_named(&serde_json::from_str::<serde_json::Value>(body).unwrap()).unwrap();
        [DATA_CONTENT_TYPE, CONTENT_TYPE].into_iter().for_each(|name| set(&mut headers, name, MESSAGE_PACK));
        assert_eq!(read_event(&event, &headers, &bytes).unwrap(), event);
    }
    set(&mut headers, CE_TYPE, "probe.measured.v9");
    let newer = read_event(&event, &headers, b"");
    assert!(
        matches!(newer, Err(WireError::Decode(DecodeError::NewerVersion { version: 9, known: 3, .. }))),
        "{newer:?}"
    );
    set(&mut headers, CE_TYPE, "probe.measured.v1");
    let heavy = rmp_serde::to_vec_named(&serde_json::json!({ "weight": "heavy" })).unwrap();
    let error = read_event(&event, &headers, &heavy).unwrap_err().to_string();
    assert!(error.contains("`probe.measured.v1`") && error.contains("v2"), "{error}");
}

#[test]
fn a_message_about_something_else_than_the_catalogue_says_cannot_be_read() {
    let measured = first(group(), Event::from(Measured { grams: 7, by: Instrument::Scale }));
    let error = read_event(&measured, &event_headers(&measured), &measured.body.encode()).unwrap_err();
    assert_eq!(error.to_string(), format!("`probe.measured` must be about a person, not {}", group()));
    let gather = first(person(), Command::from(Gather { members: 3 }));
    let headers = command_headers(&gather, "f", None);
    for (wrong, what) in [
        (format!("cmd.7.probe.gather.{}", person()), format!("must be about a group, not {}", person())),
        ("cmd.7.probe.gather.nobody".to_owned(), "does not end in a user or an aggregate".to_owned()),
    ] {
        let error = command(&wrong, &headers, &gather.body.encode()).unwrap_err().to_string();
        assert!(error.ends_with(&what), "{error}");
    }
}

#[test]
fn a_message_is_about_whom_its_subject_says_and_no_header_says_otherwise() {
    let (measure, measured) = (first(person(), Command::from(Measure { grams: 7 })), {
        first(person(), Event::from(Measured { grams: 7, by: Instrument::Scale }))
    });
    let on_subject = format!("cmd.7.probe.measure.{}", person());
    let read = |said: &str| {
        let mut headers = command_headers(&measure, "f", None);
        headers.insert("Ce-Subject", said);
        command(&on_subject, &headers, &measure.body.encode()).map_err(|error| error.to_string())
    };
    for same in [person().to_string(), person().to_string().to_uppercase(), format!("\"{}\"", person())] {
        assert_eq!(read(&same), Ok(measure.clone()));
    }
    let other = UserId::new(id(9)).to_string();
    for another in [other.as_str(), "ada@example.org", "", &group().to_string(), "%FF"] {
        let error = read(another).unwrap_err();
        assert!(error.contains("ce-subject") && (another.is_empty() || !error.contains(another)), "{error}");
    }
    let mut headers = event_headers(&measured);
    headers.insert(CE_SUBJECT, other);
    let (body, on_subject) = (measured.body.encode(), format!("evt.7.probe.measured.{}", person()));
    for refused in [
        read_event(&measured, &headers, &body).map(drop),
        encoded_event(&on_subject, &headers, &body, at(42)).map(drop),
        origin(&on_subject, &headers, 42, false).map(drop),
    ] {
        assert!(matches!(refused, Err(WireError::OfAnother { found }) if found == person()), "{refused:?}");
    }
}

#[test]
fn a_message_is_of_the_type_that_its_subject_says() {
    let measure = first(person(), Command::from(Measure { grams: 7 }));
    let headers = command_headers(&measure, "f", None);
    for elsewhere in ["cmd.7.probe.gather", "cmd.7.workout.measure", "cmd.7.workout.probe_measure"] {
        let refused = command(&format!("{elsewhere}.{}", person()), &headers, &measure.body.encode());
        assert!(matches!(refused, Err(WireError::OfAnotherType { .. })), "{elsewhere}: {refused:?}");
    }
    for kind in EventKind::ALL {
        let type_name = kind.to_string();
        let mut headers = HeaderMap::new();
        headers.insert(CE_TYPE, type_name.as_str());
        let on_subject = subjects::event(*kind, person()).replacen("evt.", "evt.7.", 1);
        assert_eq!(event_kind(&on_subject, &headers).unwrap().kind, *kind);
        assert_eq!(encoded_event(&on_subject, &headers, b"", at(42)).unwrap().0, type_name);
        let elsewhere = format!("evt.7.{}.elsewhere.{}", kind.service(), person());
        assert!(matches!(event_kind(&elsewhere, &headers), Err(WireError::OfAnotherType { .. })));
        assert!(matches!(encoded_event(&elsewhere, &headers, b"", at(42)), Err(WireError::OfAnotherType { .. })));
    }
}

#[test]
fn a_message_without_its_id_time_or_type_cannot_be_read() {
    let event = first(person(), Event::from(Measured { grams: 7, by: Instrument::Scale }));
    for name in [CE_ID, CE_TIME, CE_TYPE] {
        let mut headers = HeaderMap::new();
        for (found, values) in event_headers(&event).iter().filter(|(found, _)| found.to_string() != name) {
            headers.insert(found.clone(), values[0].clone());
        }
        let error = read_event(&event, &headers, &event.body.encode()).unwrap_err();
        assert_eq!(error.to_string(), format!("header `{name}` is missing or malformed"));
    }
}

#[test]
fn what_a_job_outside_scheduled_needs_no_headers_but_its_content_type() {
    let due = WorkoutReminderDue {
        reminder_id: plyo_events::ReminderId::new(id(5)),
        revision: 0,
        due_at: Timestamp::UNIX_EPOCH,
    };
    let subject = format!("evt.7.clock.workout_reminder_due.{}", person());
    let json = serde_json::to_vec(&due).unwrap();
    let read = |headers: &HeaderMap, body: &[u8], sequence| {
        event(event_kind(&subject, headers).unwrap(), &subject, headers, body, at(sequence)).unwrap()
    };
    let mut headers = HeaderMap::new();
    for name in [None, Some(CONTENT_TYPE), Some(DATA_CONTENT_TYPE)] {
        headers = HeaderMap::new();
        if let Some(name) = name {
            headers.insert(name, JSON);
        }
        let found = read(&headers, &json, 42);
        assert_eq!((found.subject, found.body), (person(), due.clone().into()), "{name:?}");
        assert_eq!((found.correlation, found.causation), (found.id, found.id));
        assert_eq!(found.time, at(42).time, "it comes due when it comes");
    }
    let bytes = rmp_serde::to_vec_named(&due).unwrap();
    for name in ["ce-datacontenttype", "content-type", "Content-Type"] {
        let mut headers = HeaderMap::new();
        headers.insert(name, "Application/MsgPack; v=5");
        assert_eq!(read(&headers, &bytes, 42).body, due.clone().into(), "{name}");
    }
    assert_ne!(read(&headers, &json, 42).id, read(&headers, &json, 43).id);
    headers.insert(CE_TIME, "2026-12-01T07:00:00+01:00");
    assert_eq!(read(&headers, &json, 42).time, "2026-12-01T06:00:00Z".parse().unwrap());
    headers.insert(CE_ID, id(3).to_string());
    assert_eq!(read(&headers, &json, 42).id, id(3));
    headers.insert("Nats-Schedule-Next", "purge");
    assert_eq!(read(&headers, &json, 42).id, id(3));
    headers.insert("Nats-Schedule-Next", "2026-12-02T06:00:00Z");
    assert_ne!(read(&headers, &json, 42).id, id(3), "a recurring schedule has the same id each time");
}

#[test]
fn a_trace_goes_on_and_garbage_does_not() {
    let event = first(person(), Event::from(Measured { grams: 7, by: Instrument::Scale }));
    let mut headers = event_headers(&event);
    for (given, expected) in [(TRACE, Some(TRACE)), ("garbage", None)] {
        headers.insert(TRACEPARENT, given);
        let read = read_event(&event, &headers, &event.body.encode()).unwrap();
        assert_eq!(text(&event_headers(&read), TRACEPARENT), expected);
    }
}

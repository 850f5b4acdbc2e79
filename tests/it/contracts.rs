//! The contracts as documents: made from the types, committed, valid by their official schemas, and true of what was
//! ever sent.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use jsonschema::Validator;
use plyo::{
    cli::settings_of_serve,
    services::{self, SERVICES},
};
use plyo_client::{Client, Live};
use plyo_docs::Kinds;
use plyo_events::{Aggregate, Body, Command, CommandKind, DecodeError, Event, EventKind, Versioned};
use serde_json::{Value, json};

use crate::{people::trained_at, platform::Fixture};

#[test]
fn what_is_generated_is_what_is_committed() {
    plyo_docs::check(&schemas(), &services::made(SERVICES), &settings_of_serve()).unwrap();
}

#[test]
fn no_two_messages_share_a_name() {
    let names: BTreeSet<&str> =
        CommandKind::ALL.iter().map(|kind| kind.name()).chain(EventKind::ALL.iter().map(|kind| kind.name())).collect();
    assert_eq!(names.len(), CommandKind::ALL.len() + EventKind::ALL.len());
}

#[test]
fn the_asyncapi_document_is_valid_by_its_official_schema() {
    let schema = jsonschema::draft7::new(&parse(include_str!("asyncapi/3.0.0.json"))).unwrap();
    let document = read(&schemas().join("asyncapi.json"));
    assert_valid(&schema, &document);
    for (place, wrong) in [
        ("/info", json!({ "title": "no version" })),
        ("/operations/edge.send.workout.log/action", json!("dance")),
        ("/channels/workout.log/messages", json!(["workout.log.v1"])),
        ("/servers/nats/protocol", json!(4)),
    ] {
        let mut document = document.clone();
        *document.pointer_mut(place).unwrap() = wrong;
        assert!(!schema.is_valid(&document), "{place} may be anything");
    }
}

#[test]
fn the_openapi_document_is_valid_by_its_official_schema() {
    let schema = jsonschema::draft202012::new(&parse(include_str!("openapi/schema.json"))).unwrap();
    let document = read(&schemas().join("openapi.json"));
    assert_valid(&schema, &document);
    for (place, wrong) in [
        ("/info", json!({ "title": "no version" })),
        ("/paths/~1api~1v1~1workouts/post/responses", json!([])),
        ("/paths/~1api~1v1~1workouts/get/parameters/0/in", json!("pocket")),
    ] {
        let mut document = document.clone();
        *document.pointer_mut(place).unwrap() = wrong;
        assert!(!schema.is_valid(&document), "{place} may be anything");
    }
}

#[test]
fn every_reference_of_the_asyncapi_document_leads_somewhere() {
    let document = read(&schemas().join("asyncapi.json"));
    let mut references = Vec::new();
    visit(&document, &mut |key, value| {
        if key == "$ref" {
            references.extend(value.as_str().map(str::to_owned));
        }
    });
    assert!(references.len() > 100);
    for reference in references {
        let leads = match reference.strip_prefix('#') {
            Some(pointer) => document.pointer(pointer).is_some(),
            None => schemas().join(&reference).exists(),
        };
        assert!(leads, "{reference}");
    }
}

#[test]
fn every_message_is_on_a_subject_of_the_asyncapi_document() {
    let document = read(&schemas().join("asyncapi.json"));
    for kind in Kinds::released().commands {
        let about = kind.about().map_or("user", Aggregate::name);
        let address = format!("cmd.{}.{}.{{{about}}}", kind.service(), kind.verb());
        assert_eq!(document["channels"][kind.name()]["address"], address);
    }
    for kind in Kinds::released().events {
        let about = kind.about().map_or("user", Aggregate::name);
        let address = format!("evt.{{partition}}.{}.{}.{{{about}}}", kind.service(), kind.fact());
        assert_eq!(document["channels"][kind.name()]["address"], address);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_socket_says_is_what_the_documents_say() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut client = Client::new(&url).unwrap();
    let credentials = json!({ "email": "ada@example.org", "password": "long enough" });
    client.post("/api/v1/auth/register", &credentials).await.unwrap().success().unwrap();
    let tokens = client.post("/api/v1/auth/login", &credentials).await.unwrap().success().unwrap();
    let mut live =
        Live::connect(client.authority(), tokens["access_token"].as_str().unwrap(), None, &["me"]).await.unwrap();
    assert_valid(&frame("send", "welcome"), &live.welcome);
    assert!(!frame("send", "evt").is_valid(&json!({ "t": "evt" })), "the check cannot fail");
    let mut today = read(&schemas().join("examples/workout.log.v1/squat-day-in-kilograms.json"));
    // What is written down late is not celebrated.
    (today["started_at"], today["ended_at"]) = (json!(trained_at(0)), json!(trained_at(60)));
    let log = json!({ "t": "cmd", "n": 1, "type": "workout.log.v1", "data": today });
    let wrong = json!({ "t": "cmd", "n": 2, "type": "workout.log.v1", "data": {} });
    for say in [log, wrong, json!({ "t": "sub", "n": 3, "topic": "nothing" })] {
        assert_valid(&frame("receive", say["t"].as_str().unwrap()), &say);
        live.say(&say).await.unwrap();
    }
    let mut awaited = BTreeSet::from(["ready", "ok", "err", "workout.completed.v1", "notification.created.v1"]);
    while !awaited.is_empty() {
        let said = tokio::time::timeout(Duration::from_secs(10), live.frame()).await;
        let said = said.unwrap_or_else(|_| panic!("{awaited:?} did not come")).unwrap();
        let word = said["t"].as_str().unwrap();
        assert_valid(&frame("send", word), &said);
        awaited.remove(word);
        if word == "evt" {
            assert_valid(&schema(said["type"].as_str().unwrap()), &said["data"]);
            awaited.remove(said["type"].as_str().unwrap());
        }
    }
}

#[test]
fn every_message_that_was_ever_sent_can_be_read() {
    for Example { type_name, path, json, message_pack } in examples() {
        let from_json = Payload::read(&type_name, Body::Json(json.to_string().as_bytes()));
        let from_json = from_json.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let from_bytes = Payload::read(&type_name, Body::MessagePack(&message_pack));
        let from_bytes = from_bytes.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        assert_eq!(from_json, from_bytes, "{}", path.display());
        let newest = from_json.newest();
        if newest == type_name {
            assert_eq!(from_json.to_json(), json, "{}", path.display());
        }
        let again = Payload::read(&newest, Body::MessagePack(&from_json.to_message_pack())).unwrap();
        assert_eq!(again, from_json, "{}", path.display());
    }
}

#[test]
fn every_message_has_an_example() {
    let examples = examples();
    for type_name in type_names() {
        assert!(
            examples.iter().any(|example| example.type_name == type_name),
            "put one into schemas/examples/{type_name}/ and run `make schemas`"
        );
    }
}

#[test]
fn every_example_is_valid_by_its_schema_and_a_damaged_one_is_not() {
    for Example { type_name, path, json, .. } in examples() {
        let schema = schema(&type_name);
        assert_valid(&schema, &json);
        assert!(!schema.is_valid(&json!([json])), "{} may be a list", path.display());
        let document = read(&schemas().join(format!("{type_name}.json")));
        let named =
            document["$ref"].as_str().map(|reference| document.pointer(reference.trim_start_matches('#')).unwrap());
        let required = named.unwrap_or(&document)["required"].clone();
        for field in required.as_array().into_iter().flatten().filter_map(Value::as_str) {
            let mut without = json.clone();
            without.as_object_mut().unwrap().remove(field);
            assert!(!schema.is_valid(&without), "{} may lack {field}", path.display());
        }
    }
}

#[test]
fn a_schema_knows_the_ranges_of_a_training_log() {
    let schema = schema("workout.log.v1");
    let log = |set: Value| json!({ "started_at": "2026-03-02T18:05:00+01:00", "exercises": [{ "exercise": "plank", "sets": [set] }] });
    assert_valid(&schema, &log(json!({ "reps": 5, "load": { "kg": 102.5 }, "rpe": 8.5 })));
    for wrong in [
        json!({ "reps": -1 }),
        json!({ "reps": 1001 }),
        json!({ "reps": 5.5 }),
        json!({ "reps": 5, "rpe": 7.3 }),
        json!({ "reps": 5, "rpe": 11 }),
        json!({ "reps": 5, "load": { "kg": -1 } }),
        json!({ "reps": 5, "load": { "stone": 10 } }),
        json!({ "duration_s": 86_401 }),
        json!({ "distance": { "m": 0 } }),
        json!({ "distance": { "km": 1_001 } }),
        json!({ "distance": { "km": 1, "m": 5 } }),
        json!({ "reps": 5, "rir": 0.3 }),
        json!({ "reps": 5, "tempo": "31X0" }),
        json!({ "reps": 5, "kind": "warmup" }),
    ] {
        assert!(!schema.is_valid(&log(wrong.clone())), "{wrong}");
    }
}

#[test]
fn no_message_carries_personal_data() {
    const PERSONAL: [&str; 10] =
        ["email", "mail", "name", "note", "notes", "phone", "address", "password", "token", "birthday"];
    for type_name in type_names() {
        visit(&read(&schemas().join(format!("{type_name}.json"))), &mut |key, value| {
            let fields = value.as_object().filter(|_| key == "properties");
            // The id of a text that is kept elsewhere says nothing, and what is sealed says nothing either.
            let says = |schema: &Value| schema["format"] != "uuid" && schema["x-sealed"] != true;
            for (field, _) in fields.into_iter().flatten().filter(|(_, schema)| says(schema)) {
                assert!(!field.split('_').any(|word| PERSONAL.contains(&word)), "{type_name} has the field {field}");
            }
        });
    }
}

/// Whatever somebody writes comes by a command, and from there into events: so each text of a command is one of known words, or
/// sealed.
#[test]
fn a_text_that_a_command_brings_is_sealed() {
    fn free_texts(place: &str, schema: &Value, found: &mut Vec<String>) {
        const BOUNDED: [&str; 5] = ["format", "pattern", "enum", "const", "contentEncoding"];
        match schema {
            Value::Object(members) if members.contains_key("x-sealed") => {}
            Value::Object(members) => {
                let is_text = members.get("type").is_some_and(|of| of.to_string().contains("\"string\""));
                if is_text && !BOUNDED.iter().any(|bound| members.contains_key(*bound)) {
                    found.push(place.to_owned());
                }
                members.iter().for_each(|(name, member)| free_texts(&format!("{place}/{name}"), member, found));
            }
            Value::Array(items) => items.iter().for_each(|item| free_texts(place, item, found)),
            _ => {}
        }
    }
    let mut found = Vec::new();
    for type_name in type_names().filter(|name| CommandKind::parse(name).is_ok()) {
        free_texts(&type_name, &read(&schemas().join(format!("{type_name}.json"))), &mut found);
    }
    assert_eq!(found, Vec::<String>::new(), "give the field the type Sealed, and seal it in edge/src/sealing.rs");
    let named = schema("workout.create_exercise.v1");
    assert_valid(&named, &json!({ "name": "Sandbag hug", "measure": "reps" }));
    assert!(!named.is_valid(&json!({ "name": { "text": "Sandbag hug" }, "measure": "reps" })));
}

#[test]
fn an_unknown_type_is_skipped_and_a_newer_version_is_not() {
    assert!(matches!(EventKind::parse("workout.danced.v1"), Err(DecodeError::UnknownType(_))));
    assert!(matches!(EventKind::parse("workout.completed"), Err(DecodeError::UnknownType(_))));
    let newer = EventKind::parse("workout.completed.v9");
    assert!(matches!(newer, Err(DecodeError::NewerVersion { version: 9, known: 1, .. })));
}

/// A payload of the catalogue, command or event.
#[derive(Debug, PartialEq)]
enum Payload {
    Command(Command),
    Event(Event),
}

impl Payload {
    /// Read as the version that its name says, in its newest form.
    fn read(type_name: &str, body: Body<'_>) -> Result<Self, DecodeError> {
        match CommandKind::parse(type_name) {
            Ok(Versioned { kind, version }) => kind.decode(version, body).map(Self::Command),
            Err(_) => {
                let Versioned { kind, version } = EventKind::parse(type_name)?;
                kind.decode(version, body).map(Self::Event)
            }
        }
    }

    /// `workout.completed.v1`, in its newest version.
    fn newest(&self) -> String {
        match self {
            Self::Command(command) => command.kind().to_string(),
            Self::Event(event) => event.kind().to_string(),
        }
    }

    fn to_message_pack(&self) -> Vec<u8> {
        match self {
            Self::Command(command) => command.encode(),
            Self::Event(event) => event.encode(),
        }
    }

    fn to_json(&self) -> Value {
        match self {
            Self::Command(command) => serde_json::to_value(command),
            Self::Event(event) => serde_json::to_value(event),
        }
        .unwrap()
    }
}

/// A case of `schemas/examples/<type>/`.
struct Example {
    type_name: String,
    path: PathBuf,
    json: Value,
    message_pack: Vec<u8>,
}

fn examples() -> Vec<Example> {
    let mut examples = Vec::new();
    for directory in fs::read_dir(schemas().join("examples")).unwrap().map(Result::unwrap) {
        let type_name = directory.file_name().into_string().unwrap();
        for path in fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path()) {
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("json") => {
                    let message_pack =
                        fs::read(path.with_extension("msgpack")).expect("`make schemas` writes its bytes");
                    examples.push(Example { type_name: type_name.clone(), json: read(&path), message_pack, path });
                }
                Some("msgpack") => assert!(path.with_extension("json").exists(), "{} has no JSON", path.display()),
                _ => panic!("{} is no example", path.display()),
            }
        }
    }
    examples
}

/// Every version of every released message.
fn type_names() -> impl Iterator<Item = String> {
    let released = Kinds::released();
    let commands = released
        .commands
        .into_iter()
        .flat_map(|kind| kind.versions().iter().map(move |version| Versioned { kind, version: *version }.to_string()));
    let events = released
        .events
        .into_iter()
        .flat_map(|kind| kind.versions().iter().map(move |version| Versioned { kind, version: *version }.to_string()));
    commands.chain(events)
}

fn schemas() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).with_file_name("schemas")
}

fn schema(type_name: &str) -> Validator {
    let schema = read(&schemas().join(format!("{type_name}.json")));
    jsonschema::options().should_validate_formats(true).build(&schema).unwrap()
}

/// A frame of the socket, as the edge sends or receives it.
fn frame(action: &str, word: &str) -> Validator {
    let document = read(&schemas().join("asyncapi.json"));
    let payload = json!({ "$ref": format!("#/components/messages/live.{action}.{word}/payload") });
    jsonschema::draft7::new(&json!({ "allOf": [payload], "components": document["components"] })).unwrap()
}

fn read(path: &Path) -> Value {
    parse(&fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())))
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

fn assert_valid(schema: &Validator, document: &Value) {
    let errors: Vec<String> =
        schema.iter_errors(document).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

fn visit(value: &Value, see: &mut impl FnMut(&str, &Value)) {
    match value {
        Value::Object(members) => {
            for (key, member) in members {
                see(key, member);
                visit(member, see);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit(item, see)),
        _ => {}
    }
}

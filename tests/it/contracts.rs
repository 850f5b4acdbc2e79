//! The contracts: what is committed is what the types say, and what was ever released is still read.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use plyo::schemas;
use plyo_events::{Command, CommandKind, Event, EventKind};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn json(path: &Path) -> Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The golden payloads with the names of their files, without `.json`.
fn examples() -> Vec<(String, Value)> {
    let directory = root().join("schemas/examples");
    let files = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|e| e == "json"));
    let mut examples: Vec<_> =
        files.map(|path| (path.file_stem().unwrap().to_str().unwrap().to_owned(), json(&path))).collect();
    examples.sort_by(|a, b| a.0.cmp(&b.0));
    examples
}

#[test]
fn the_committed_documents_are_those_of_the_types() {
    for (name, document) in schemas::documents() {
        let committed = fs::read_to_string(root().join("schemas").join(&name)).unwrap_or_default();
        assert!(committed == schemas::render(&document), "schemas/{name} is stale; run `make schemas`");
    }
}

#[test]
fn every_golden_example_is_read_and_written_as_it_is() {
    for (name, example) in examples() {
        // What a client of MessagePack sends, and what the stream has kept since.
        let body = rmp_serde::to_vec_named(&example).unwrap();
        let read = match CommandKind::parse(&name) {
            Ok(kind) => {
                let command: Command = kind.decode(&body).unwrap();
                assert_eq!(kind.decode(&command.encode()).unwrap(), command, "{name}");
                serde_json::to_value(command).unwrap()
            }
            Err(_) => {
                let kind = EventKind::parse(&name).unwrap();
                let event: Event = kind.decode(&body).unwrap();
                assert_eq!(kind.decode(&event.encode()).unwrap(), event, "{name}");
                assert_eq!(kind.decode_json(example.to_string().as_bytes()).unwrap(), event, "{name}");
                serde_json::to_value(event).unwrap()
            }
        };
        assert_eq!(read, example, "{name}");
    }
}

#[test]
fn every_message_has_an_example_that_fits_its_schema_and_a_broken_one_does_not() {
    let names: BTreeSet<String> = examples().into_iter().map(|(name, _)| name).collect();
    let kinds = EventKind::ALL.iter().map(ToString::to_string).chain(CommandKind::ALL.iter().map(ToString::to_string));
    for kind in kinds {
        assert!(names.contains(&kind), "schemas/examples/{kind}.json is missing");
    }
    for (name, mut example) in examples() {
        let schema = json(&root().join(format!("schemas/{name}.json")));
        let validator = jsonschema::validator_for(&schema).unwrap();
        assert!(
            validator.is_valid(&example),
            "{name}: {:?}",
            validator.iter_errors(&example).map(|e| e.to_string()).collect::<Vec<_>>()
        );
        if let Some(first) = schema["required"].as_array().and_then(|required| required.first()) {
            example.as_object_mut().unwrap().remove(first.as_str().unwrap());
            assert!(!validator.is_valid(&example), "{name} without {first} must not fit");
        }
    }
}

#[test]
fn the_asyncapi_document_fits_its_official_schema() {
    let validator = jsonschema::validator_for(&json(&root().join("tests/it/asyncapi/3.0.0.json"))).unwrap();
    let mut document = json(&root().join("schemas/asyncapi.json"));
    let errors: Vec<_> =
        validator.iter_errors(&document).take(5).map(|error| format!("{error} at {}", error.instance_path())).collect();
    assert_eq!(errors, Vec::<String>::new());
    document["channels"]["workout_completed"]["adress"] = "a typing error".into();
    assert!(!validator.is_valid(&document), "the check cannot fail");
}

#[test]
fn no_message_carries_personal_data_or_a_credential() {
    for (name, document) in schemas::documents() {
        if name == "openapi.json" || name == "asyncapi.json" {
            continue;
        }
        let text = document["properties"].to_string();
        for word in ["\"email\"", "\"name\"", "\"note\"", "\"notes\"", "\"password\"", "\"token\"", "\"endpoint\""] {
            assert!(!text.contains(word), "{name} has a field {word}");
        }
    }
}

#[test]
fn an_unknown_type_is_skipped_and_a_newer_version_is_not() {
    use plyo_events::DecodeError;
    assert!(matches!(EventKind::parse("workout.danced.v1"), Err(DecodeError::UnknownType(_))));
    assert!(matches!(
        EventKind::parse("workout.completed.v9"),
        Err(DecodeError::NewerVersion { version: 9, known: 1, .. })
    ));
    assert!(matches!(EventKind::parse("workout.completed"), Err(DecodeError::UnknownType(_))));
}

//! A self-contained JSON Schema (2020-12) for the payload of every event and command.

use plyo_events::{CommandKind, EventKind};
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};

/// A payload of the catalogue, described.
pub(super) struct Payload {
    /// `workout.completed.v1`
    pub type_name: String,
    pub schema: Value,
}

impl Payload {
    pub(super) fn event(kind: EventKind) -> Self {
        Self::new(kind.to_string(), |generator| kind.schema(generator))
    }

    pub(super) fn command(kind: CommandKind) -> Self {
        Self::new(kind.to_string(), |generator| kind.schema(generator))
    }

    /// `WorkoutCompleted`
    pub(super) fn title(&self) -> &str {
        self.schema["title"].as_str().unwrap_or_default()
    }

    /// What its documentation says, in one line.
    pub(super) fn description(&self) -> String {
        self.schema["description"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn new(type_name: String, describe: impl Fn(&mut SchemaGenerator) -> Schema) -> Self {
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        let reference = describe(&mut generator).to_value();
        let mut definitions = generator.take_definitions(true);
        let title = reference["$ref"].as_str().and_then(|path| path.strip_prefix("#/$defs/")).unwrap_or_default();
        let described = definitions.remove(title).unwrap_or_default();
        let mut schema = Map::from_iter([
            ("$schema".to_owned(), Value::from("https://json-schema.org/draft/2020-12/schema")),
            ("$id".to_owned(), Value::from(format!("urn:plyo:{type_name}"))),
            ("title".to_owned(), Value::from(title)),
        ]);
        if let Value::Object(described) = described {
            schema.extend(described);
        }
        if !definitions.is_empty() {
            schema.insert("$defs".to_owned(), Value::Object(definitions));
        }
        Self { type_name, schema: Value::Object(schema) }
    }
}

/// Every command, then every event, in the order of the catalogue.
pub(super) fn all() -> impl Iterator<Item = Payload> {
    let commands = CommandKind::ALL.iter().map(|kind| Payload::command(*kind));
    commands.chain(EventKind::ALL.iter().map(|kind| Payload::event(*kind)))
}

//! A self-contained JSON Schema (2020-12) for the payload of every event and command.

use plyo_events::{CommandKind, EventKind, Versioned};
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};

/// A payload of the catalogue, described.
pub(super) struct Payload {
    /// `workout.completed.v1`
    pub type_name: String,
    pub schema: Value,
}

impl Payload {
    pub(super) fn event(Versioned { kind, version }: Versioned<EventKind>) -> Self {
        Self::new(Versioned { kind, version }.to_string(), |generator| kind.schema(version, generator))
    }

    pub(super) fn command(Versioned { kind, version }: Versioned<CommandKind>) -> Self {
        Self::new(Versioned { kind, version }.to_string(), |generator| kind.schema(version, generator))
    }

    /// `WorkoutCompleted`
    pub(super) fn title(&self) -> &str {
        self.schema["title"].as_str().unwrap_or_default()
    }

    /// What its documentation says, in one line.
    pub(super) fn description(&self) -> String {
        self.schema["description"].as_str().unwrap_or_default().split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn new(type_name: String, describe: impl Fn(&mut SchemaGenerator) -> Option<Schema>) -> Self {
        let mut generator = SchemaSettings::draft2020_12().into_generator();
        let reference = describe(&mut generator).unwrap_or_default().to_value();
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

/// Every version of every command, then of every event, in the order of the catalogue.
pub(super) fn all(kinds: &Kinds) -> Vec<Payload> {
    let commands = kinds.commands.iter().flat_map(|kind| every_version(*kind, kind.versions())).map(Payload::command);
    let events = kinds.events.iter().flat_map(|kind| every_version(*kind, kind.versions())).map(Payload::event);
    commands.chain(events).collect()
}

/// A kind in each of these versions.
pub(super) fn every_version<K: Copy>(kind: K, versions: &'static [u32]) -> impl Iterator<Item = Versioned<K>> {
    versions.iter().map(move |version| Versioned { kind, version: *version })
}

/// The messages that documents are made of.
pub struct Kinds {
    pub commands: Vec<CommandKind>,
    pub events: Vec<EventKind>,
}

impl Kinds {
    /// Those that clients, operators and jobs outside may rely on.
    pub fn released() -> Self {
        let Self { mut commands, mut events } = Self::of_this_build();
        commands.retain(|kind| kind.is_released());
        events.retain(|kind| kind.is_released());
        Self { commands, events }
    }

    /// With those that only tests have, where they are built in.
    pub fn of_this_build() -> Self {
        Self { commands: CommandKind::ALL.to_vec(), events: EventKind::ALL.to_vec() }
    }
}

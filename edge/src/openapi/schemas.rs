//! The schemas of the document. What is sent and what is read may differ in one type: a field that is always sent may be left out
//! by a client, and one that is left out where it is empty is never required of an answer.

use std::collections::BTreeSet;

use schemars::{SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value};

const SENT: &str = "/components/schemas";
/// Where those of bodies stand until it is known which of them are the same.
const READ: &str = "/components/read";

/// Collects the schemas of answers and of bodies.
pub(super) struct Schemas {
    pub sent: SchemaGenerator,
    pub read: SchemaGenerator,
}

impl Schemas {
    pub(super) fn new() -> Self {
        let settings = |path: &'static str| {
            let mut settings = SchemaSettings::draft2020_12();
            settings.definitions_path = path.into();
            settings.meta_schema = None;
            settings
        };
        Self {
            sent: settings(SENT).for_serialize().into_generator(),
            read: settings(READ).for_deserialize().into_generator(),
        }
    }

    /// All of them under the names by which `document` then refers to them: of a type that is read otherwise than it is sent there
    /// are two, `Goals` and `GoalsInput`.
    pub(super) fn finish(mut self, document: &mut Value) -> Map<String, Value> {
        let mut sent = self.sent.take_definitions(true);
        let mut read = self.read.take_definitions(true);
        read.values_mut().for_each(close);
        let apart = read_otherwise(&sent, &read);
        let name = |name: &str| if apart.contains(name) { format!("{name}Input") } else { name.to_owned() };
        for (known_as, mut schema) in read {
            refer(&mut schema, &name);
            sent.entry(name(&known_as)).or_insert(schema);
        }
        refer(document, &name);
        sent
    }
}

/// The types that are read otherwise than they are sent, themselves or in what they consist of.
fn read_otherwise(sent: &Map<String, Value>, read: &Map<String, Value>) -> BTreeSet<String> {
    let as_sent = |schema: &Value| {
        let mut schema = schema.clone();
        refer(&mut schema, &|name| name.to_owned());
        schema
    };
    let both = || read.iter().filter(|(name, _)| sent.contains_key(*name));
    let mut apart: BTreeSet<String> =
        both().filter(|(name, schema)| sent[*name] != as_sent(schema)).map(|(name, _)| name.clone()).collect();
    loop {
        let refers = |schema: &Value| {
            let text = schema.to_string();
            apart.iter().any(|name| text.contains(&format!("\"#{READ}/{name}\"")))
        };
        let more: Vec<String> = both()
            .filter(|(name, schema)| !apart.contains(*name) && refers(schema))
            .map(|(name, _)| name.clone())
            .collect();
        if more.is_empty() {
            return apart;
        }
        apart.extend(more);
    }
}

/// Nothing but its properties is taken: what is not used up is refused.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(object) => {
            object.values_mut().for_each(close);
            let has_properties = object.get("properties").is_some_and(Value::is_object);
            if !has_properties || object.contains_key("additionalProperties") {
                return;
            }
            // Alternatives stand beside the properties that they share, and know nothing of each other.
            let is_combined = ["allOf", "anyOf", "oneOf"].iter().any(|key| object.contains_key(*key));
            let rest = if is_combined { "unevaluatedProperties" } else { "additionalProperties" };
            object.insert(rest.to_owned(), false.into());
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

/// Gives references to schemas of bodies their final names.
fn refer(value: &mut Value, name: &dyn Fn(&str) -> String) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                match value.as_str().and_then(|text| text.strip_prefix('#')?.strip_prefix(READ)?.strip_prefix('/')) {
                    Some(known_as) if key == "$ref" => *value = format!("#{SENT}/{}", name(known_as)).into(),
                    _ => refer(value, name),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(|item| refer(item, name)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use schemars::JsonSchema;
    use serde::{Deserialize, Serialize};
    use serde_json::json;

    use super::*;

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Outer {
        inner: Inner,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Inner {
        #[serde(default)]
        left_out: bool,
        same: Same,
    }

    #[derive(Serialize, Deserialize, JsonSchema)]
    struct Same {
        number: u32,
    }

    #[test]
    fn a_type_that_is_read_otherwise_than_it_is_sent_has_two_schemas() {
        let mut schemas = Schemas::new();
        let mut document = json!({
            "answer": schemas.sent.subschema_for::<Outer>(),
            "body": schemas.read.subschema_for::<Outer>(),
        });
        let schemas = schemas.finish(&mut document);
        assert_eq!(document["answer"]["$ref"], "#/components/schemas/Outer");
        assert_eq!(document["body"]["$ref"], "#/components/schemas/OuterInput");
        assert_eq!(
            schemas.keys().collect::<Vec<_>>(),
            ["Inner", "InnerInput", "Outer", "OuterInput", "Same", "SameInput"]
        );
        assert_eq!(schemas["Inner"]["required"], json!(["left_out", "same"]));
        assert_eq!(schemas["InnerInput"]["required"], json!(["same"]));
        assert_eq!(schemas["OuterInput"]["properties"]["inner"]["$ref"], "#/components/schemas/InnerInput");
        assert_eq!(schemas["InnerInput"]["properties"]["same"]["$ref"], "#/components/schemas/SameInput");
        assert_eq!(schemas["SameInput"]["additionalProperties"], false);
    }
}

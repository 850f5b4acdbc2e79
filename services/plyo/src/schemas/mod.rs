//! The contracts as documents, made from the types: a JSON Schema per message, AsyncAPI, OpenAPI.

mod asyncapi;

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result};
use plyo_events::{CommandKind, EventKind};
use schemars::generate::SchemaSettings;
use serde_json::Value;

/// Every document by its file name.
pub fn documents() -> BTreeMap<String, Value> {
    let mut documents = BTreeMap::new();
    for kind in EventKind::ALL {
        documents.insert(format!("{kind}.json"), schema(&kind.to_string(), |generator| kind.schema(generator)));
    }
    for kind in CommandKind::ALL {
        documents.insert(format!("{kind}.json"), schema(&kind.to_string(), |generator| kind.schema(generator)));
    }
    documents.insert("asyncapi.json".to_owned(), asyncapi::document());
    documents.insert("openapi.json".to_owned(), plyo_edge::openapi());
    documents
}

/// Writes every document into `directory`; one that is not made any more is left there: what was released stays.
///
/// # Errors
/// When a file cannot be written.
pub fn write(directory: &Path) -> Result<()> {
    fs::create_dir_all(directory)?;
    for (name, document) in documents() {
        let path = directory.join(&name);
        fs::write(&path, render(&document)).with_context(|| format!("write {}", path.display()))?;
    }
    println!("{} documents are in {}", documents().len(), directory.display());
    Ok(())
}

/// A document as it is committed.
pub fn render(document: &Value) -> String {
    format!("{document:#}\n")
}

fn schema(title: &str, of: impl Fn(&mut schemars::SchemaGenerator) -> schemars::Schema) -> Value {
    let mut generator =
        SchemaSettings::draft2020_12().with(|settings| settings.inline_subschemas = true).into_generator();
    let mut schema = of(&mut generator).to_value();
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["$id"] = format!("urn:plyo:{title}").into();
    schema["title"] = title.into();
    schema
}

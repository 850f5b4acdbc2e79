//! The API as a document: OpenAPI 3.1, made from the table of operations and the types that its rows name.

mod schemas;

use std::collections::BTreeMap;

use axum::http::{Method, StatusCode};
use plyo_events::{
    CommandKind,
    administration::{Role, Standing},
};
use serde_json::{Map, Value, json};

use self::schemas::Schemas;
use crate::{
    limits,
    operations::{Operation, operations},
    problem::{Code, Problem},
    submit::Pending,
};

/// The OpenAPI 3.1 document.
pub fn document() -> Value {
    let mut schemas = Schemas::new();
    schemas.sent.subschema_for::<Problem>();
    let mut paths = Map::new();
    for operation in operations() {
        let path = paths.entry(format!("/api/v1{}", operation.path)).or_insert_with(|| json!({}));
        path[operation.method.as_str().to_ascii_lowercase()] = describe(&operation, &mut schemas);
    }
    let mut document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Plyo",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A fitness platform. A POST, PUT or DELETE becomes a command, stored durably before the response; the same Idempotency-Key always gets the same response.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" }
        },
        "servers": [{ "url": "/" }],
        "tags": tags(),
        "paths": paths,
        "components": {
            "securitySchemes": { "bearer": {
                "type": "http",
                "scheme": "bearer",
                "description": "The access token of a log-in, a JWT, which may do everything; or a personal access token (`POST /auth/tokens`), which may do what its scopes say."
            } },
        }
    });
    let schemas = schemas.finish(&mut document);
    document["components"]["schemas"] = schemas.into();
    document
}

fn describe(operation: &Operation, schemas: &mut Schemas) -> Value {
    let in_path = names_in(operation.path)
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": path_schema(name) }));
    let parameters: Vec<Value> = in_path.chain(operation.parameters.iter().cloned()).collect();
    let mut described = json!({
        "tags": [tag(operation.path)],
        "summary": operation.summary,
        "operationId": name(operation),
        "parameters": parameters,
        "responses": responses(operation, schemas),
    });
    if let Some(schema) = operation.body {
        let schema = schema(&mut schemas.read);
        described["requestBody"] = json!({ "required": true, "content": { "application/json": { "schema": schema } } });
    }
    if !operation.media_types.is_empty() {
        let of_bytes = |media_type: &&str| ((*media_type).to_owned(), json!({}));
        let content: Map<String, Value> = operation.media_types.iter().map(of_bytes).collect();
        described["requestBody"] = json!({ "required": true, "content": content });
    }
    // What an access token needs; a session needs nothing else.
    let scopes: Vec<&str> = operation.scope.iter().map(|scope| scope.name()).collect();
    described["security"] = if operation.needs_token { json!([{ "bearer": scopes }]) } else { json!([]) };
    let said = [
        operation.command.map(|command| sent_over_a_socket(command.kind)),
        operation.scope.map(|scope| format!("An access token needs the scope `{}`.", scope.name())),
        (operation.needs_token && operation.scope.is_none()).then(|| "Not with an access token.".to_owned()),
        operation.role.map(needs_role),
    ];
    let sentences: Vec<String> = said.into_iter().flatten().chain(limits_of(operation)).collect();
    if !sentences.is_empty() {
        described["description"] = sentences.join("\n\n").into();
    }
    described
}

fn needs_role(role: Role) -> String {
    let (name, minutes) = (role.name(), Standing::RECENT_MINUTES);
    format!("For the role `{name}`, in a session where a second factor was shown within {minutes} minutes.")
}

fn limits_of(operation: &Operation) -> Option<String> {
    let limits: Vec<String> = operation.limits.iter().map(|limit| format!("`{limit}`")).collect();
    (!limits.is_empty()).then(|| format!("Limited by {}.", limits.join(", ")))
}

fn sent_over_a_socket(kind: CommandKind) -> String {
    format!("Over a socket: `cmd` with the type `{kind}`.")
}

/// Every id is a UUID; what stands for a service is its name.
fn path_schema(name: &str) -> Value {
    if name == "id" { json!({ "type": "string", "format": "uuid" }) } else { json!({ "type": "string" }) }
}

fn responses(operation: &Operation, schemas: &mut Schemas) -> BTreeMap<String, Value> {
    let mut responses = BTreeMap::new();
    let mut right = json!({ "description": operation.summary });
    if let Some(schema) = operation.answer.schema {
        right["content"] = json!({ "application/json": { "schema": schema(&mut schemas.sent) } });
    }
    if let Some(media_type) = operation.answer.media_type {
        right["content"] = json!({ media_type: { "schema": { "type": "string" } } });
    }
    let headers = headers(operation.answer_headers());
    if !headers.is_empty() {
        right["headers"] = headers.clone().into();
    }
    responses.insert(operation.answer.status.as_str().to_owned(), right);
    if let Some((status, description)) = operation.also {
        let mut also = json!({ "description": description });
        if !headers.is_empty() {
            also["headers"] = headers.into();
        }
        if status == StatusCode::ACCEPTED {
            let schema = match operation.answer.schema {
                // What was asked for is how far a command is, and this one is pending.
                Some(schema) if operation.method == Method::GET => schema(&mut schemas.sent),
                _ => schemas.sent.subschema_for::<Pending>(),
            };
            also["content"] = json!({ "application/json": { "schema": schema } });
        }
        responses.insert(status.as_str().to_owned(), also);
    }
    let mut by_status: BTreeMap<&str, Vec<&Code>> = BTreeMap::new();
    for code in &operation.codes {
        by_status.entry(code.status.as_str()).or_default().push(code);
    }
    for (status, codes) in by_status {
        responses.insert(status.to_owned(), problem(&codes));
    }
    if let Some(headers) = responses.get_mut("429").and_then(|response| response["headers"].as_object_mut()) {
        headers.extend(self::headers(limits::HEADERS.into_iter()));
    }
    responses
}

fn headers<'a>(headers: impl Iterator<Item = (&'a str, &'a str)>) -> Map<String, Value> {
    let described = |description: &str| json!({ "description": description, "schema": { "type": "string" } });
    headers.map(|(name, description)| (name.to_owned(), described(description))).collect()
}

/// A problem with one of these codes.
fn problem(codes: &[&Code]) -> Value {
    let lines: Vec<String> = codes.iter().map(|code| format!("`{}`: {}", code.name, code.detail)).collect();
    let names: Vec<&str> = codes.iter().map(|code| code.name).collect();
    let one_of_them = json!({ "properties": { "code": { "enum": names } } });
    let schema = json!({ "allOf": [{ "$ref": "#/components/schemas/Problem" }, one_of_them] });
    let mut response =
        json!({ "description": lines.join("\n\n"), "content": { "application/problem+json": { "schema": schema } } });
    if codes.iter().any(|code| Problem::from(**code).is_temporary()) {
        let seconds = json!({ "description": "Seconds to wait, exactly where it was too many requests", "schema": { "type": "integer", "minimum": 1 } });
        response["headers"] = json!({ "Retry-After": seconds });
    }
    if codes.iter().any(|code| code.status == StatusCode::UNAUTHORIZED) {
        let challenge = json!({ "description": "`Bearer`, and why", "schema": { "type": "string" } });
        response["headers"]["WWW-Authenticate"] = challenge;
    }
    response
}

/// The names between braces.
fn names_in(path: &str) -> impl Iterator<Item = &str> {
    path.split('/').filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
}

/// The first segment: `workouts`.
fn tag(path: &str) -> &str {
    path.trim_start_matches('/').split('/').next().unwrap_or_default()
}

/// Every tag, in the order of the table.
fn tags() -> Vec<Value> {
    let mut tags: Vec<&str> = Vec::new();
    for operation in operations() {
        let tag = tag(operation.path);
        if !tags.contains(&tag) {
            tags.push(tag);
        }
    }
    tags.into_iter().map(|tag| json!({ "name": tag, "description": about(tag) })).collect()
}

fn about(tag: &str) -> &'static str {
    match tag {
        "auth" => "Accounts, sessions and tokens",
        "admin" => "Everybody's accounts, roles and suspensions, and who did what about them",
        "workouts" => "The training log, its records, and reminders to train",
        "exercises" => "The catalogue of exercises, and my own",
        "achievements" => "What was reached, and how far the rest is",
        "notifications" => "What a person was told, and what they want to be told",
        "coach" => "What is next, and why",
        "commands" => "What became of a command",
        "events" | "live" => "Everything as it happens",
        _ => "More",
    }
}

/// `post_workouts`, `get_workouts_id`
fn name(operation: &Operation) -> String {
    let path = operation.path.replace(['{', '}'], "").replace(['/', '-'], "_");
    format!("{}{path}", operation.method.as_str().to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reference_of_the_document_leads_somewhere() {
        let document = document();
        let text = document.to_string();
        let references: Vec<&str> =
            text.split("\"$ref\":\"#").skip(1).filter_map(|rest| rest.split('"').next()).collect();
        assert!(references.len() > 20);
        for reference in references {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }

    #[test]
    fn every_limit_of_an_operation_is_in_its_entry() {
        let document = document();
        for operation in operations() {
            let entry = &document["paths"][&format!("/api/v1{}", operation.path)];
            let entry = &entry[operation.method.as_str().to_ascii_lowercase()];
            let is_limited = !operation.limits.is_empty();
            for status in [operation.answer.status.as_str(), "429"] {
                let headers = &entry["responses"][status]["headers"];
                assert_eq!(headers["RateLimit"].is_object(), is_limited, "{} {status}", operation.name());
            }
            let described = entry["description"].as_str().unwrap_or_default();
            assert!(operation.limits.iter().all(|limit| described.contains(&limit.to_string())), "{described}");
        }
    }

    #[test]
    fn every_problem_of_an_operation_is_in_its_entry() {
        let document = document();
        for operation in operations() {
            let path = format!("/api/v1{}", operation.path);
            let entry = &document["paths"][&path][operation.method.as_str().to_ascii_lowercase()];
            for code in &operation.codes {
                let schema = &entry["responses"][code.status.as_str()]["content"]["application/problem+json"]["schema"];
                let names = schema["allOf"][1]["properties"]["code"]["enum"].as_array().unwrap();
                assert!(names.contains(&json!(code.name)), "{} lacks {}", operation.name(), code.name);
            }
        }
    }
}

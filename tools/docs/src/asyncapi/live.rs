//! The WebSocket: one channel, a message per frame.

use schemars::SchemaGenerator;
use serde_json::{Map, Value, json};

use super::Parts;

/// Adds the channel with its frames.
pub(super) fn describe(parts: &mut Parts, generator: &mut SchemaGenerator) {
    let (client, server) = plyo_edge::live::frame_schemas(generator);
    let definitions = generator.definitions();
    let frames = |reference: Value| variants(&reference, definitions);
    let received = frames(client.to_value());
    let mut sent = frames(server.to_value());
    sent.extend(rendered());
    let mut messages = Map::new();
    let mut operation = |action: &str, frames: Vec<(String, Value)>| {
        let names: Vec<String> = frames.iter().map(|(name, _)| format!("live.{action}.{name}")).collect();
        for ((frame, schema), name) in frames.into_iter().zip(&names) {
            messages.insert(name.clone(), json!({ "$ref": format!("#/components/messages/{name}") }));
            parts.messages.insert(
                name.clone(),
                json!({ "name": frame, "title": format!("Frame `{frame}`"), "contentType": "application/json", "payload": schema }),
            );
        }
        let references: Vec<Value> =
            names.iter().map(|name| json!({ "$ref": format!("#/channels/live/messages/{name}") })).collect();
        parts.operations.insert(
            format!("edge.{action}.live"),
            json!({
                "action": action,
                "channel": { "$ref": "#/channels/live" },
                "messages": references,
                "tags": [{ "name": "edge" }]
            }),
        );
    };
    operation("receive", received);
    operation("send", sent);
    parts.channels.insert(
        "live".to_owned(),
        json!({
            "address": "/api/v1/live",
            "title": "Live delivery",
            "description": "Every event about a user and their other topics, in order, once, resumable from a cursor. JSON text frames, or MessagePack maps in binary frames if the client's `hello` is one; `t` names the frame.",
            "servers": [{ "$ref": "#/servers/edge" }],
            "messages": messages,
            "bindings": { "ws": { "method": "GET" } }
        }),
    );
}

/// The frames of a `oneOf` by the word in their `t`.
fn variants(reference: &Value, definitions: &Map<String, Value>) -> Vec<(String, Value)> {
    let name = reference["$ref"].as_str().and_then(|path| path.rsplit('/').next()).unwrap_or_default();
    let frames = definitions.get(name).and_then(|schema| schema["oneOf"].as_array());
    let word = |frame: &Value| frame["properties"]["t"]["const"].as_str().map(str::to_owned);
    frames.into_iter().flatten().filter_map(|frame| Some((word(frame)?, frame.clone()))).collect()
}

/// The two frames that the edge renders once for all, which therefore have no type.
fn rendered() -> [(String, Value); 2] {
    let cursor = json!({ "type": "string", "description": "`<epoch>.<sequence>`, opaque to clients" });
    let evt = json!({
        "type": "object",
        "required": ["t", "c", "p", "topic", "id", "type", "at", "data", "cid"],
        "properties": {
            "t": { "const": "evt" },
            "c": cursor,
            "p": { "type": "string", "description": "The cursor sent before this one, to detect gaps" },
            "topic": { "type": "string", "description": "`me`, or the subject that it is about: `group-<uuid>`" },
            "id": { "type": "string", "format": "uuid" },
            "type": { "type": "string", "description": "`workout.completed.v1`: as published, whether or not the edge knows it" },
            "at": { "type": "string", "format": "date-time", "description": "`ce-time`" },
            "data": { "description": "The event's payload, by the JSON Schema of its type; `null` if it cannot be decoded" },
            "cid": { "type": "string", "format": "uuid", "description": "`ce-correlationid`: the command that started the chain" }
        }
    });
    let eph = json!({
        "type": "object",
        "required": ["t", "topic", "data"],
        "properties": {
            "t": { "const": "eph" },
            "topic": { "enum": ["announcements", "me"] },
            "data": { "description": "With the topic `me`: what its `type` says, such as `export.progress` with `export_id`, `events` and `of`" }
        }
    });
    [("evt".to_owned(), evt), ("eph".to_owned(), eph)]
}

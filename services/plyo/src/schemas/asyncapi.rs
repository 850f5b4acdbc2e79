//! The stream as an AsyncAPI 3.0 document: a channel per subject, an operation per service and message.

use plyo_events::{CommandKind, EventKind};
use schemars::{Schema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

/// One message, whether command or event.
struct Described {
    id: String,
    title: String,
    address: String,
    schema: Schema,
    sender: String,
}

pub(super) fn document() -> Value {
    let mut settings = SchemaSettings::draft07();
    settings.inline_subschemas = true;
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut described: Vec<Described> = EventKind::ALL.iter().map(|kind| event(*kind, &mut generator)).collect();
    described.extend(CommandKind::ALL.iter().map(|kind| command(*kind, &mut generator)));
    let (mut channels, mut operations, mut messages) = (Map::new(), Map::new(), Map::new());
    for Described { id, title, address, schema, sender } in described {
        let parameters: Map<String, Value> =
            [("p", "Partition, 0 to 15, computed by the server"), ("user", "The person's id")]
                .into_iter()
                .filter(|(name, _)| address.contains(&format!("{{{name}}}")))
                .map(|(name, description)| (name.to_owned(), json!({ "description": description })))
                .collect();
        channels.insert(
            id.clone(),
            json!({ "address": address, "parameters": parameters, "messages": { id.as_str(): { "$ref": format!("#/components/messages/{id}") } } }),
        );
        operations.insert(
            format!("{sender}_sends_{id}"),
            json!({ "action": "send", "channel": { "$ref": format!("#/channels/{id}") }, "summary": format!("{sender} publishes {title}") }),
        );
        messages.insert(
            id,
            json!({
                "name": title, "title": title, "contentType": "application/msgpack",
                "headers": { "$ref": "#/components/schemas/headers" },
                "payload": schema.to_value()
            }),
        );
    }
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Plyo",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Commands and events on NATS JetStream. Bodies are MessagePack maps with field names; the envelope is CloudEvents 1.0 in headers (NATS binding, binary mode).",
            "license": { "name": "MIT OR Apache-2.0" }
        },
        "servers": { "nats": { "host": "127.0.0.1:4222", "protocol": "nats", "description": "nats-server 2.14.3 or newer with JetStream" } },
        "defaultContentType": "application/msgpack",
        "channels": channels,
        "operations": operations,
        "components": { "messages": messages, "schemas": { "headers": headers() } }
    })
}

fn event(kind: EventKind, generator: &mut SchemaGenerator) -> Described {
    Described {
        id: kind.name().replace('.', "_"),
        title: kind.to_string(),
        address: format!("evt.{{p}}.{}.{}.{{user}}", kind.service(), kind.fact()),
        schema: kind.schema(generator),
        sender: kind.service().to_owned(),
    }
}

fn command(kind: CommandKind, generator: &mut SchemaGenerator) -> Described {
    Described {
        id: format!("command_{}", kind.name().replace('.', "_")),
        title: kind.to_string(),
        address: format!("cmd.{}.{}.{{user}}", kind.service(), kind.verb()),
        schema: kind.schema(generator),
        sender: if kind == CommandKind::RevokeSession { "user" } else { "edge" }.to_owned(),
    }
}

fn headers() -> Value {
    let text = |description: &str| json!({ "type": "string", "description": description });
    json!({
        "type": "object",
        "required": ["ce-specversion", "ce-id", "ce-type", "ce-source", "ce-subject", "ce-time", "content-type"],
        "properties": {
            "ce-specversion": { "type": "string", "const": "1.0" },
            "ce-id": text("UUID; deterministic where a retry must collapse"),
            "ce-type": text("Name and version: workout.completed.v1"),
            "ce-source": text("plyo/<service>"),
            "ce-subject": text("The person's id"),
            "ce-time": text("RFC 3339"),
            "content-type": { "type": "string", "const": "application/msgpack" },
            "ce-correlationid": text("Id of the first message of the chain"),
            "ce-causationid": text("Id of the message that caused this one"),
            "traceparent": text("W3C Trace Context")
        }
    })
}

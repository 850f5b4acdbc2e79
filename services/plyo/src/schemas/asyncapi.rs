//! The AsyncAPI 3.0 document: every subject of the stream with what travels on it, who sends it and who receives it, and
//! the WebSocket.

mod live;

use plyo_events::{CommandKind, EventKind};
use plyo_nats::Service;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::payloads::Payload;

/// The document.
pub(super) fn document() -> Value {
    let mut settings = SchemaSettings::draft07();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut parts = Parts::default();
    for kind in CommandKind::ALL {
        parts.command(*kind);
    }
    for kind in EventKind::ALL {
        parts.event(*kind);
    }
    live::describe(&mut parts, &mut generator);
    let mut schemas = generator.take_definitions(true);
    schemas.extend([("EventHeaders".to_owned(), event_headers()), ("CommandHeaders".to_owned(), command_headers())]);
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Plyo",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Commands and events on NATS JetStream, and their delivery to clients. A message is a CloudEvent 1.0 in binary mode: its attributes are headers, its body is the payload as a MessagePack map with field names.",
            "license": { "name": "MIT OR Apache-2.0" }
        },
        "defaultContentType": "application/msgpack",
        "servers": {
            "nats": {
                "host": "127.0.0.1:4222",
                "protocol": "nats",
                "description": "JetStream: streams COMMANDS, EVENTS and SCHEDULE of nats/streams/. `plyo up` chooses a free port and prints it."
            },
            "edge": { "host": "127.0.0.1:3000", "protocol": "ws", "description": "The edge, for clients" }
        },
        "channels": parts.channels,
        "operations": parts.operations,
        "components": { "messages": parts.messages, "parameters": parameters(), "schemas": schemas }
    })
}

/// The services that fold or react to this event of another service. The edge delivers every event to clients besides.
pub(super) fn readers(kind: EventKind) -> Vec<&'static str> {
    // The user service, which cannot be made without its credential store, reads no foreign event.
    let services = [plyo_workout::service(), plyo_achievement::service(), plyo_notification::service()];
    services.iter().filter(|service| service.reads().contains(&kind)).map(Service::name).collect()
}

/// What the document is put together from.
#[derive(Default)]
struct Parts {
    channels: Map<String, Value>,
    operations: Map<String, Value>,
    messages: Map<String, Value>,
}

impl Parts {
    fn command(&mut self, kind: CommandKind) {
        let (name, service) = (kind.name(), kind.service());
        let payload = Payload::command(kind);
        self.payload(&payload, "CommandHeaders");
        self.channel(
            name,
            &format!("cmd.{service}.{}.{{user}}", kind.verb()),
            &payload,
            &["user"],
            "Stored in COMMANDS as `cmd.<partition>.…`, a work queue: its service takes it from there.",
        );
        // An ended session is told by the service that ended it, and by nobody else.
        let sender = if kind == CommandKind::RevokeSession { "user" } else { "edge" };
        self.operation(sender, "send", name, &payload);
        self.operation(service, "receive", name, &payload);
        if sender == "edge" {
            self.operations[&format!("edge.send.{name}")]["reply"] = json!({ "address": {
                "description": "The outcome comes on `out.<edge>.<command id>` (core NATS); it is stored with the command's id as well",
                "location": "$message.header#/plyo-reply"
            } });
        }
    }

    fn event(&mut self, kind: EventKind) {
        let (name, service) = (kind.name(), kind.service());
        let payload = Payload::event(kind);
        self.payload(&payload, "EventHeaders");
        let origin = if service == "clock" {
            "A schedule of SCHEDULE that came due: EVENTS takes it over by configuration alone."
        } else {
            "Published without the partition; EVENTS puts it in, and keeps the event for ever."
        };
        let address = format!("evt.{{partition}}.{service}.{}.{{user}}", kind.fact());
        self.channel(name, &address, &payload, &["partition", "user"], origin);
        self.operation(service, "send", name, &payload);
        for reader in readers(kind).into_iter().chain(["edge"]) {
            self.operation(reader, "receive", name, &payload);
        }
        if service == "clock" {
            let scheduled = format!("schedule.{}", kind.fact());
            let address = format!("at.{}.{{user}}.{{key}}", kind.fact());
            let how = "A native message schedule (`Nats-Schedule`, `Nats-Schedule-Target: due.<fact>.<user>`); jobs outside Plyo may send one, also as JSON (`content-type: application/json`) and without `ce-` headers. Sent again it moves; an empty one with `Nats-Rollup: sub` cancels.";
            self.channel(&scheduled, &address, &payload, &["user", "key"], how);
            self.operation("workout", "send", &scheduled, &payload);
        }
    }

    fn payload(&mut self, payload: &Payload, headers: &str) {
        let type_name = &payload.type_name;
        self.messages.insert(
            type_name.clone(),
            json!({
                "name": type_name,
                "title": payload.title(),
                "summary": payload.description(),
                "contentType": "application/msgpack",
                "headers": { "allOf": [
                    { "$ref": format!("#/components/schemas/{headers}") },
                    { "type": "object", "properties": { "ce-type": { "const": type_name } } }
                ] },
                "payload": {
                    "schemaFormat": "application/schema+json;version=2020-12",
                    "schema": { "$ref": format!("./{type_name}.json") }
                }
            }),
        );
    }

    fn channel(&mut self, name: &str, address: &str, payload: &Payload, parameters: &[&str], description: &str) {
        let type_name = &payload.type_name;
        let parameters: Map<String, Value> = parameters
            .iter()
            .map(|name| ((*name).to_owned(), json!({ "$ref": format!("#/components/parameters/{name}") })))
            .collect();
        self.channels.insert(
            name.to_owned(),
            json!({
                "address": address,
                "title": payload.title(),
                "description": description,
                "servers": [{ "$ref": "#/servers/nats" }],
                "parameters": parameters,
                "messages": { type_name: { "$ref": format!("#/components/messages/{type_name}") } }
            }),
        );
    }

    /// `action` is `send` or `receive`, as `service` sees it.
    fn operation(&mut self, service: &str, action: &str, channel: &str, payload: &Payload) {
        self.operations.insert(
            format!("{service}.{action}.{channel}"),
            json!({
                "action": action,
                "channel": { "$ref": format!("#/channels/{channel}") },
                "messages": [{ "$ref": format!("#/channels/{channel}/messages/{}", payload.type_name) }],
                "tags": [{ "name": service }]
            }),
        );
    }
}

fn parameters() -> Value {
    let partitions: Vec<String> = (0..16).map(|partition| partition.to_string()).collect();
    json!({
        "user": { "description": "The person it is about: a UUID. The last token, so that a person can be followed, replayed and erased by subject." },
        "partition": { "description": "Computed by the server from the user.", "enum": partitions },
        "key": { "description": "The schedule's key: the reminder's id." }
    })
}

/// CloudEvents 1.0, NATS binding, binary mode.
fn event_headers() -> Value {
    json!({
        "type": "object",
        "required": [
            "ce-specversion", "ce-id", "ce-type", "ce-source", "ce-subject", "ce-time", "content-type",
            "ce-correlationid", "ce-causationid"
        ],
        "properties": {
            "ce-specversion": { "const": "1.0" },
            "ce-id": { "type": "string", "format": "uuid" },
            "ce-type": { "type": "string", "description": "`workout.completed.v1`" },
            "ce-source": { "type": "string", "description": "`plyo/<service>`" },
            "ce-subject": { "type": "string", "format": "uuid", "description": "The person it is about" },
            "ce-time": { "type": "string", "format": "date-time", "description": "When it happened; an event has the time of the command that caused it" },
            "content-type": { "const": "application/msgpack" },
            "ce-correlationid": { "type": "string", "format": "uuid", "description": "The first message of the chain" },
            "ce-causationid": { "type": "string", "format": "uuid", "description": "The message that caused this one" },
            "traceparent": { "type": "string", "description": "W3C Trace Context" }
        }
    })
}

fn command_headers() -> Value {
    json!({ "allOf": [
        { "$ref": "#/components/schemas/EventHeaders" },
        {
            "type": "object",
            "required": ["Nats-Msg-Id", "plyo-reply", "plyo-fingerprint"],
            "properties": {
                "Nats-Msg-Id": { "type": "string", "format": "uuid", "description": "The same as ce-id: the server drops a second copy within 60 s" },
                "plyo-reply": { "type": "string", "description": "`out.<edge>`" },
                "plyo-fingerprint": { "type": "string", "description": "A hash of the body: the same id with another body is refused" }
            }
        }
    ] })
}

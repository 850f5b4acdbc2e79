//! The AsyncAPI 3.0 document: every subject of the stream with what travels on it, who sends it and who receives it, and
//! the WebSocket.

mod live;

use plyo_events::{Aggregate, CommandKind, EventKind};
use plyo_nats::Service;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

use super::payloads::{Kinds, Payload, every_version};

/// The document.
pub(super) fn document(kinds: &Kinds, services: &[Service]) -> Value {
    let mut settings = SchemaSettings::draft07();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut parts = Parts::default();
    for kind in &kinds.commands {
        parts.command(*kind, services);
    }
    for kind in &kinds.events {
        parts.event(*kind, services);
    }
    live::describe(&mut parts, &mut generator);
    let mut schemas = generator.take_definitions(true);
    schemas.extend([("EventHeaders".to_owned(), event_headers()), ("CommandHeaders".to_owned(), command_headers())]);
    json!({
        "asyncapi": "3.0.0",
        "info": {
            "title": "Plyo",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "Commands and events on NATS JetStream, and their delivery to clients. A message is a CloudEvent 1.0 in binary mode: its attributes are headers (except `subject`, which is the last token of the NATS subject), and its body is the payload as a MessagePack map with field names.",
            "license": { "name": "MIT OR Apache-2.0" }
        },
        "defaultContentType": "application/msgpack",
        "servers": {
            "nats": {
                "host": "127.0.0.1:4222",
                "protocol": "nats",
                "description": "JetStream: streams EVENTS and SCHEDULE of nats/streams/, and COMMANDS_<service> for each service. `plyo up` chooses a free port and prints it."
            },
            "edge": { "host": "127.0.0.1:3000", "protocol": "ws", "description": "The edge, for clients" }
        },
        "channels": parts.channels,
        "operations": parts.operations,
        "components": { "messages": parts.messages, "parameters": parameters(kinds), "schemas": schemas }
    })
}

/// The services that fold or react to this event of another service. The edge delivers every event to clients besides.
pub(super) fn readers(services: &[Service], kind: EventKind) -> Vec<&'static str> {
    those(services, |service| service.reads().contains(&kind))
}

/// Who sends this command: a service that says so, and otherwise the edge, for a client.
fn senders(services: &[Service], kind: CommandKind) -> Vec<&'static str> {
    let senders = those(services, |service| service.sends().contains(&kind));
    if senders.is_empty() { vec!["edge"] } else { senders }
}

fn those(services: &[Service], is_one: impl Fn(&Service) -> bool) -> Vec<&'static str> {
    services.iter().filter(|service| is_one(service)).map(Service::name).collect()
}

/// What the document is put together from.
#[derive(Default)]
struct Parts {
    channels: Map<String, Value>,
    operations: Map<String, Value>,
    messages: Map<String, Value>,
}

impl Parts {
    fn command(&mut self, kind: CommandKind, services: &[Service]) {
        let (name, service) = (kind.name(), kind.service());
        let payloads: Vec<_> = every_version(kind, kind.versions()).map(Payload::command).collect();
        self.payloads(&payloads, "CommandHeaders");
        let about = parameter(kind.about());
        self.channel(
            name,
            &format!("cmd.{service}.{}.{{{about}}}", kind.verb()),
            &payloads,
            &[about],
            &format!(
                "Stored in COMMANDS_{service} as `cmd.<partition>.…`: its service reads it from there and purges it."
            ),
        );
        let senders = senders(services, kind);
        for sender in &senders {
            self.operation(sender, "send", name, newest(&payloads));
        }
        self.operation(service, "receive", name, &payloads);
        if senders.contains(&"edge") {
            self.operations[&format!("edge.send.{name}")]["reply"] = json!({ "address": {
                "description": "The outcome is sent to `out.<edge>.<command id>` (core NATS), and also stored with the command's id",
                "location": "$message.header#/plyo-reply"
            } });
        }
    }

    fn event(&mut self, kind: EventKind, services: &[Service]) {
        let (name, service) = (kind.name(), kind.service());
        let payloads: Vec<_> = every_version(kind, kind.versions()).map(Payload::event).collect();
        self.payloads(&payloads, "EventHeaders");
        let about = parameter(kind.about());
        let origin = if service == "clock" {
            "A schedule of SCHEDULE that is due: EVENTS sources it, by configuration alone."
        } else {
            "Published without the partition; EVENTS inserts it, and keeps the event for ever."
        };
        let address = format!("evt.{{partition}}.{service}.{}.{{{about}}}", kind.fact());
        self.channel(name, &address, &payloads, &["partition", about], origin);
        self.operation(service, "send", name, newest(&payloads));
        for reader in readers(services, kind).into_iter().chain(["edge"]) {
            self.operation(reader, "receive", name, &payloads);
        }
        if service == "clock" {
            let scheduled = format!("schedule.{}", kind.fact());
            let address = format!("at.{}.{{{about}}}.{{key}}", kind.fact());
            let how = format!(
                "A native message schedule (`Nats-Schedule`, `Nats-Schedule-Target: due.<fact>.<{about}>`); jobs outside Plyo may send one, also as JSON (`ce-datacontenttype` or `content-type`: `application/json`) and without other `ce-` headers. Sending it again moves it; an empty one with `Nats-Rollup: sub` cancels it."
            );
            self.channel(&scheduled, &address, &payloads, &[about, "key"], &how);
            for service in those(services, |service| service.timers().contains(&kind)) {
                self.operation(service, "send", &scheduled, newest(&payloads));
            }
        }
    }

    fn payloads(&mut self, payloads: &[Payload], headers: &str) {
        for payload in payloads {
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
    }

    /// A subject, with a message per version of what travels on it.
    fn channel(&mut self, name: &str, address: &str, payloads: &[Payload], parameters: &[&str], description: &str) {
        let message = |Payload { type_name, .. }: &Payload| {
            (type_name.clone(), json!({ "$ref": format!("#/components/messages/{type_name}") }))
        };
        let messages: Map<String, Value> = payloads.iter().map(message).collect();
        let parameters: Map<String, Value> = parameters
            .iter()
            .map(|name| ((*name).to_owned(), json!({ "$ref": format!("#/components/parameters/{name}") })))
            .collect();
        self.channels.insert(
            name.to_owned(),
            json!({
                "address": address,
                "title": payloads.last().map(Payload::title),
                "description": description,
                "servers": [{ "$ref": "#/servers/nats" }],
                "parameters": parameters,
                "messages": messages
            }),
        );
    }

    /// `action` is `send` or `receive`, as `service` sees it.
    fn operation(&mut self, service: &str, action: &str, channel: &str, payloads: &[Payload]) {
        let message = |Payload { type_name, .. }: &Payload| json!({ "$ref": format!("#/channels/{channel}/messages/{type_name}") });
        let messages: Vec<Value> = payloads.iter().map(message).collect();
        self.operations.insert(
            format!("{service}.{action}.{channel}"),
            json!({
                "action": action,
                "channel": { "$ref": format!("#/channels/{channel}") },
                "messages": messages,
                "tags": [{ "name": service }]
            }),
        );
    }
}

/// What is sent: the newest version.
fn newest(payloads: &[Payload]) -> &[Payload] {
    &payloads[payloads.len().saturating_sub(1)..]
}

/// The parameter that stands for what a message is about.
fn parameter(about: Option<Aggregate>) -> &'static str {
    about.map_or("user", Aggregate::name)
}

fn parameters(kinds: &Kinds) -> Value {
    let partitions: Vec<String> = (0..16).map(|partition| partition.to_string()).collect();
    let mut parameters = json!({
        "user": { "description": "The user it is about: a UUID. The last token, so that a user can be followed, replayed and erased by subject." },
        "partition": { "description": "Computed by the server from the last token.", "enum": partitions },
        "key": { "description": "The schedule's key: the reminder's id." }
    });
    let about = kinds.commands.iter().map(|kind| kind.about()).chain(kinds.events.iter().map(|kind| kind.about()));
    for name in about.flatten().map(Aggregate::name) {
        parameters[name] =
            json!({ "description": format!("What it is about: `{name}-<UUID>`. The last token, like a user.") });
    }
    parameters
}

/// CloudEvents 1.0, NATS binding, binary mode.
fn event_headers() -> Value {
    json!({
        "type": "object",
        "required": [
            "ce-specversion", "ce-id", "ce-type", "ce-source", "ce-time", "ce-datacontenttype"
        ],
        "properties": {
            "ce-specversion": { "const": "1.0" },
            "ce-id": { "type": "string", "format": "uuid" },
            "ce-type": { "type": "string", "description": "`workout.completed.v1`" },
            "ce-source": { "type": "string", "description": "`plyo/<service>`" },
            "ce-time": { "type": "string", "format": "date-time", "description": "When it happened; an event has the time of the command that caused it" },
            "ce-datacontenttype": { "const": "application/msgpack" },
            "content-type": { "const": "application/msgpack", "description": "The same, for tools that do not know CloudEvents; missing in the history of earlier versions" },
            "ce-subject": { "type": "string", "description": "Not written by Plyo. Where somebody else does, it must say what the last token of the subject says" },
            "ce-correlationid": { "type": "string", "format": "uuid", "description": "The first message of the chain; omitted if that is the cause" },
            "ce-causationid": { "type": "string", "format": "uuid", "description": "The message that caused this one; omitted if that is itself" },
            "traceparent": { "type": "string", "description": "W3C Trace Context" }
        }
    })
}

fn command_headers() -> Value {
    json!({ "allOf": [
        { "$ref": "#/components/schemas/EventHeaders" },
        {
            "type": "object",
            "required": ["Nats-Msg-Id", "plyo-fingerprint"],
            "properties": {
                "Nats-Msg-Id": { "type": "string", "format": "uuid", "description": "The same as ce-id: the server drops a second copy within 60 s" },
                "plyo-reply": { "type": "string", "description": "`out.<edge>`, if somebody waits for the outcome" },
                "plyo-fingerprint": { "type": "string", "description": "A hash of the body: the same id with another body is rejected" }
            }
        }
    ] })
}

//! The API as a document: OpenAPI 3.1, made from the types and one table of operations, and a page to browse it.

use axum::{
    Json, Router,
    http::header,
    response::{IntoResponse, Response},
    routing::get,
};
use plyo_events::{
    achievement::AchievementView,
    notification::{NotificationCounts, NotificationView, Preferences, SetPreferences},
    query::Page,
    user::{MeView, Registered, Tokens},
    workout::{ExerciseView, Record, ReminderSaved, ReminderView, Workout, WorkoutSaved, WorkoutView},
};
use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Map, Value, json};

use crate::{
    EdgeState,
    problem::Problem,
    routes::{Credentials, DueAt, RefreshToken, SignUp},
};

/// What an operation is like.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// Answered at once, without a token.
    Open,
    /// Answered from a service's tables.
    Query,
    /// A query with `limit` and `cursor`.
    List,
    /// Becomes a command.
    Command,
}

struct Operation {
    method: &'static str,
    path: &'static str,
    kind: Kind,
    summary: &'static str,
    body: Option<fn(&mut SchemaGenerator) -> Value>,
    status: &'static str,
    answer: Option<fn(&mut SchemaGenerator) -> Value>,
}

pub(crate) fn router() -> Router<EdgeState> {
    Router::new().route("/api/openapi.json", get(async || Json(document()))).route("/docs", get(page))
}

async fn page() -> Response {
    ([(header::CONTENT_TYPE, "text/html; charset=utf-8")], include_str!("docs.html")).into_response()
}

fn of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Value {
    generator.subschema_for::<T>().to_value()
}

const fn operation(method: &'static str, path: &'static str, kind: Kind, summary: &'static str) -> Operation {
    Operation { method, path, kind, summary, body: None, status: "200", answer: None }
}

impl Operation {
    const fn takes<T: JsonSchema>(mut self) -> Self {
        self.body = Some(of::<T>);
        self
    }

    const fn gives<T: JsonSchema>(mut self) -> Self {
        self.answer = Some(of::<T>);
        self
    }

    const fn with(mut self, status: &'static str) -> Self {
        self.status = status;
        self
    }
}

/// Every operation of the API.
const fn operations() -> [Operation; 27] {
    use Kind::{Command, List, Open, Query};
    [
        operation("post", "/api/v1/auth/register", Open, "Sign up").takes::<SignUp>().with("201").gives::<Registered>(),
        operation("post", "/api/v1/auth/login", Open, "Log in").takes::<Credentials>().gives::<Tokens>(),
        operation("post", "/api/v1/auth/refresh", Open, "Exchange a refresh token for new tokens")
            .takes::<RefreshToken>()
            .gives::<Tokens>(),
        operation("post", "/api/v1/auth/logout", Open, "End a session").takes::<RefreshToken>().with("204"),
        operation("get", "/api/v1/auth/me", Query, "Who am I?").gives::<MeView>(),
        operation("get", "/api/v1/auth/jwks", Open, "Public keys of access tokens (RFC 7517)").gives::<Value>(),
        operation("post", "/api/v1/workouts", Command, "Log a workout")
            .takes::<Workout>()
            .with("201")
            .gives::<WorkoutSaved>(),
        operation("get", "/api/v1/workouts", List, "My workouts, latest first").gives::<Page<WorkoutView>>(),
        operation("get", "/api/v1/workouts/{id}", Query, "One workout").gives::<WorkoutView>(),
        operation("put", "/api/v1/workouts/{id}", Command, "Correct a workout")
            .takes::<Workout>()
            .gives::<WorkoutSaved>(),
        operation("delete", "/api/v1/workouts/{id}", Command, "Take a workout back").gives::<WorkoutSaved>(),
        operation("get", "/api/v1/workouts/records", Query, "My standing records").gives::<Vec<Record>>(),
        operation("get", "/api/v1/workouts/exercises", Query, "The exercises that a workout can name")
            .gives::<Vec<ExerciseView>>(),
        operation("post", "/api/v1/workouts/reminders", Command, "Remind me to train")
            .takes::<DueAt>()
            .with("201")
            .gives::<ReminderSaved>(),
        operation("get", "/api/v1/workouts/reminders", Query, "My reminders to come").gives::<Vec<ReminderView>>(),
        operation("put", "/api/v1/workouts/reminders/{id}", Command, "Move a reminder")
            .takes::<DueAt>()
            .gives::<ReminderSaved>(),
        operation("delete", "/api/v1/workouts/reminders/{id}", Command, "Cancel a reminder").gives::<ReminderSaved>(),
        operation("get", "/api/v1/achievements", Query, "Every achievement, and how far I am")
            .gives::<Vec<AchievementView>>(),
        operation("get", "/api/v1/notifications", List, "My notifications, newest first")
            .gives::<Page<NotificationView>>(),
        operation("get", "/api/v1/notifications/counts", Query, "How many notifications I have")
            .gives::<NotificationCounts>(),
        operation("post", "/api/v1/notifications/{id}/read", Command, "Mark one as read").gives::<NotificationCounts>(),
        operation("post", "/api/v1/notifications/read-all", Command, "Mark all as read").gives::<NotificationCounts>(),
        operation("get", "/api/v1/notifications/preferences", Query, "What I am told about").gives::<Preferences>(),
        operation("put", "/api/v1/notifications/preferences", Command, "Choose what I am told about")
            .takes::<SetPreferences>()
            .gives::<Preferences>(),
        operation("get", "/api/v1/commands/{service}/{id}", Query, "How a command ended").gives::<Value>(),
        operation(
            "get",
            "/api/v1/events",
            Query,
            "Everything about me, as server-sent events; resumes by Last-Event-ID",
        ),
        operation("get", "/api/v1/live", Open, "Everything about me, over a WebSocket; see the AsyncAPI document"),
    ]
}

/// The OpenAPI 3.1 document.
pub fn document() -> Value {
    let mut settings = SchemaSettings::draft2020_12();
    settings.definitions_path = "/components/schemas".into();
    settings.meta_schema = None;
    let mut generator = settings.into_generator();
    let mut paths = Map::new();
    for operation in operations() {
        let described = describe(&operation, &mut generator);
        let path = paths.entry(operation.path).or_insert_with(|| json!({}));
        path[operation.method] = described;
    }
    let problem = of::<Problem>(&mut generator);
    json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Plyo",
            "version": env!("CARGO_PKG_VERSION"),
            "description": "A fitness platform. A POST, PUT or DELETE becomes a command: it is stored durably before it is answered, and the same Idempotency-Key always has the same answer.",
            "license": { "name": "MIT OR Apache-2.0", "identifier": "MIT OR Apache-2.0" }
        },
        "servers": [{ "url": "/" }],
        "paths": paths,
        "components": {
            "schemas": generator.take_definitions(true),
            "securitySchemes": { "bearer": { "type": "http", "scheme": "bearer", "bearerFormat": "JWT" } },
            "responses": { "Problem": {
                "description": "Something is wrong (RFC 9457); `code` says what",
                "content": { "application/problem+json": { "schema": problem } }
            } }
        }
    })
}

fn describe(operation: &Operation, generator: &mut SchemaGenerator) -> Value {
    let mut parameters: Vec<Value> = operation
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .map(|name| json!({ "name": name, "in": "path", "required": true, "schema": { "type": "string" } }))
        .collect();
    let mut parameter = |name: &str, place: &str, description: &str, schema: Value| {
        parameters.push(json!({ "name": name, "in": place, "description": description, "schema": schema }));
    };
    if operation.kind == Kind::List {
        parameter(
            "limit",
            "query",
            "How many",
            json!({ "type": "integer", "minimum": 1, "maximum": 100, "default": 20 }),
        );
        parameter("cursor", "query", "`next_cursor` of the page before", json!({ "type": "string" }));
    }
    if operation.path == "/api/v1/notifications" {
        parameter("unread", "query", "Only unread ones", json!({ "type": "boolean", "default": false }));
    }
    if operation.path == "/api/v1/events" {
        let description = "What to follow, separated by commas: `me`, or a subject such as `group-<uuid>`";
        parameter("topics", "query", description, json!({ "type": "string", "default": "me" }));
    }
    if operation.kind == Kind::Command {
        parameter(
            "Idempotency-Key",
            "header",
            "1 to 255 visible ASCII characters; the same key always has the same answer, for 7 days at least",
            json!({ "type": "string", "maxLength": 255 }),
        );
        parameter(
            "Prefer",
            "header",
            "`wait=N` (0 to 30 s, default 2) or `respond-async` (RFC 7240)",
            json!({ "type": "string" }),
        );
    }
    let mut answer = json!({ "description": operation.summary });
    if let Some(schema) = operation.answer {
        answer["content"] = json!({ "application/json": { "schema": schema(generator) } });
    }
    let mut responses = json!({ operation.status: answer, "default": { "$ref": "#/components/responses/Problem" } });
    if operation.kind == Kind::Command {
        responses["202"] = json!({ "description": "Stored; ask at Location how it ended", "headers": { "Location": { "schema": { "type": "string" } } } });
    }
    let mut described = json!({ "summary": operation.summary, "operationId": name(operation), "parameters": parameters, "responses": responses });
    if let Some(schema) = operation.body {
        described["requestBody"] =
            json!({ "required": true, "content": { "application/json": { "schema": schema(generator) } } });
    }
    if operation.kind != Kind::Open {
        described["security"] = json!([{ "bearer": [] }]);
    }
    described
}

/// `post_workouts`, `get_workouts_id`
fn name(operation: &Operation) -> String {
    let path = operation.path.trim_start_matches("/api/v1").replace(['{', '}'], "").replace(['/', '-'], "_");
    format!("{}{path}", operation.method)
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
}

//! What holds for every row of the table.

use std::{collections::BTreeSet, fs, path::Path};

use axum::response::IntoResponse;

use super::*;
use crate::document::Document;

#[test]
fn no_two_rows_are_the_same_operation_or_the_same_command() {
    let operations = operations();
    let names: BTreeSet<String> = operations.iter().map(Operation::name).collect();
    assert_eq!(names.len(), operations.len());
    let kinds: Vec<CommandKind> = operations.iter().filter_map(|row| Some(row.command?.kind)).collect();
    assert_eq!(kinds.iter().collect::<BTreeSet<_>>().len(), kinds.len());
    assert!(kinds.len() > 5);
}

#[test]
fn a_code_means_one_thing() {
    let mut seen: Vec<Code> = Vec::new();
    for code in operations().iter().flat_map(|row| &row.codes) {
        match seen.iter().find(|known| known.name == code.name) {
            // Who speaks of it may do so in other words.
            Some(known) => assert_eq!(known.status, code.status, "{}", code.name),
            None => seen.push(*code),
        }
    }
    assert!(seen.len() > 30, "{}", seen.len());
}

#[test]
fn a_socket_reads_every_command_as_the_examples_have_it() {
    for command in operations().iter().filter_map(|row| row.command) {
        let examples = examples(command.kind);
        assert!(!examples.is_empty(), "{} has no example", command.kind);
        for example in examples {
            let decoded = (command.decode)(&Document::json(example.to_string().as_bytes()).unwrap());
            assert_eq!(decoded.unwrap().kind(), command.kind, "{example}");
        }
    }
    assert!(socket_command(CommandKind::RevokeSession).is_none());
}

#[test]
fn no_object_of_a_command_takes_a_field_that_nobody_knows() {
    for command in operations().iter().filter_map(|row| row.command) {
        let mut count = 0;
        for example in examples(command.kind) {
            for at in objects(&example, String::new()) {
                let mut more = example.clone();
                more.pointer_mut(&at).unwrap()["nobody_knows"] = json!(1);
                let refused = (command.decode)(&Document::json(more.to_string().as_bytes()).unwrap()).unwrap_err();
                assert_eq!(refused.code, "invalid_body", "{more}");
                // What is an alternative, or a map, refuses the object as a whole.
                let pointers = [at.clone(), format!("{at}/nobody_knows")];
                assert!(pointers.contains(&refused.violations[0].pointer), "{}: {more}: {refused:?}", command.kind);
                count += 1;
            }
        }
        assert!(count > 0, "{}", command.kind);
    }
}

#[test]
fn a_pointer_leads_into_what_a_socket_sent() {
    let nonsense = [json!("2199-01-01T00:00:00Z"), json!(-1), json!([]), json!({ "nobody_knows": 1 }), json!(null)];
    for command in operations().iter().filter_map(|row| row.command) {
        let mut pointers = Vec::new();
        for example in examples(command.kind) {
            for (at, wrong) in
                leaves(&example, String::new()).iter().flat_map(|at| nonsense.iter().map(move |wrong| (at, wrong)))
            {
                let mut sent = example.clone();
                *sent.pointer_mut(at).unwrap() = wrong.clone();
                let refused = (command.decode)(&Document::json(sent.to_string().as_bytes()).unwrap());
                for violation in refused.err().into_iter().flat_map(|refused| refused.violations) {
                    assert!(sent.pointer(&violation.pointer).is_some(), "{}: {violation:?} of {sent}", command.kind);
                    pointers.push(violation.pointer);
                }
            }
            assert!(!pointers.is_empty() || leaves(&example, String::new()).is_empty(), "{}: {example}", command.kind);
        }
        if command.kind == CommandKind::CorrectWorkout {
            assert!(pointers.iter().any(|pointer| pointer == "/workout/started_at"), "{pointers:?}");
        }
    }
}

#[test]
fn only_what_is_about_accounts_needs_a_session_and_of_others_a_role() {
    let is_of_accounts = |path: &str| {
        ["/auth/", "/me/erasure/", "/me/export"].iter().any(|place| path.starts_with(place)) || path == "/me"
    };
    for operation in operations() {
        let is_of_others = operation.path.starts_with("/admin/");
        let needs_session = operation.needs_token && operation.scope.is_none();
        assert!(!needs_session || is_of_others || is_of_accounts(operation.path), "{}", operation.name());
        assert_eq!(operation.role.is_some(), is_of_others, "{}", operation.name());
        assert!(!is_of_others || needs_session, "{}", operation.name());
    }
    let is_command = |row: &&Operation| row.command.is_some_and(|command| command.kind != CommandKind::CancelErasure);
    for operation in operations().iter().filter(is_command) {
        assert_eq!(operation.command.and_then(|command| command.scope), operation.scope, "{}", operation.name());
        assert!(operation.scope.is_some_and(|scope| scope.name().ends_with(":write")), "{}", operation.name());
    }
}

fn examples(kind: CommandKind) -> Vec<Value> {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/examples").join(kind.to_string());
    let files = fs::read_dir(examples).unwrap().map(|file| file.unwrap().path());
    let files = files.filter(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.map(|path| serde_json::from_slice(&fs::read(path).unwrap()).unwrap()).collect()
}

/// Pointers to every object in a value.
fn objects(value: &Value, at: String) -> Vec<String> {
    match value {
        Value::Object(object) => {
            let inner = object.iter().flat_map(|(name, value)| objects(value, format!("{at}/{name}")));
            inner.chain([at.clone()]).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, item)| objects(item, format!("{at}/{index}"))).collect()
        }
        _ => Vec::new(),
    }
}

/// Pointers to every value that is neither an object nor a list.
fn leaves(value: &Value, at: String) -> Vec<String> {
    match value {
        Value::Object(object) => {
            object.iter().flat_map(|(name, value)| leaves(value, format!("{at}/{name}"))).collect()
        }
        Value::Array(items) => {
            items.iter().enumerate().flat_map(|(index, item)| leaves(item, format!("{at}/{index}"))).collect()
        }
        _ => vec![at],
    }
}

#[test]
#[should_panic(expected = "GET /workouts answers 500 Internal Server Error `failed`, which is not in its row")]
fn an_operation_that_answers_what_it_does_not_list_is_found() {
    let failed = || Problem::from(FAILED).into_response();
    assert_listed("GET /workouts", &[FAILED], &failed());
    assert_listed("GET /workouts", &[NOT_FOUND], &failed());
}

//! What holds for every row of the table.

use std::{collections::BTreeSet, fs, path::Path};

use axum::response::IntoResponse;

use super::*;

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
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../schemas/examples");
    for command in operations().iter().filter_map(|row| row.command) {
        let mut count = 0;
        for file in fs::read_dir(examples.join(command.kind.to_string())).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "json") {
                let decoded = (command.decode)(&fs::read(&path).unwrap());
                assert_eq!(decoded.unwrap().kind(), command.kind, "{}", path.display());
                count += 1;
            }
        }
        assert!(count > 0, "{} has no example", command.kind);
        let refused = (command.decode)(br#"{"nobody_knows":1}"#);
        assert_eq!(refused.unwrap_err().code, "invalid_body", "{} takes any field", command.kind);
    }
    assert!(socket_command(CommandKind::RevokeSession).is_none());
}

#[test]
#[should_panic(expected = "GET /workouts answers 500 Internal Server Error `failed`, which is not in its row")]
fn an_operation_that_answers_what_it_does_not_list_is_found() {
    let failed = || Problem::from(FAILED).into_response();
    assert_listed("GET /workouts", &[FAILED], &failed());
    assert_listed("GET /workouts", &[NOT_FOUND], &failed());
}

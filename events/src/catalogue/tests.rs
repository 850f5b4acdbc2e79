//! What the catalogue promises of versions, shown with the messages that only tests have.

use std::collections::BTreeSet;

use serde_json::json;

use super::*;
use crate::probe::{Instrument, Measured};

fn read(type_name: &str, json: &serde_json::Value) -> Result<Event, DecodeError> {
    let Versioned { kind, version } = EventKind::parse(type_name)?;
    let from_json = kind.decode(version, Body::Json(json.to_string().as_bytes()));
    let bytes = rmp_serde::to_vec_named(json).expect("plain data");
    let from_bytes = kind.decode(version, Body::MessagePack(&bytes));
    assert_eq!(from_json.is_ok(), from_bytes.is_ok(), "{from_json:?} {from_bytes:?}");
    from_bytes
}

#[test]
fn an_earlier_version_is_read_as_the_newest() {
    let measured = |grams, by| Ok(Event::from(Measured { grams, by }));
    assert_eq!(read("probe.measured.v1", &json!({ "weight": "1.5 kg" })), measured(1_500, Instrument::Unknown));
    assert_eq!(read("probe.measured.v2", &json!({ "grams": 1_500 })), measured(1_500, Instrument::Unknown));
    assert_eq!(read("probe.measured.v3", &json!({ "grams": 7, "by": "scale" })), measured(7, Instrument::Scale));
}

#[test]
fn a_body_is_read_as_the_version_that_travelled_and_no_other() {
    for (version, body) in [(1, json!({ "grams": 7 })), (2, json!({ "weight": "7 kg" })), (3, json!({ "grams": 7 }))] {
        let error = read(&format!("probe.measured.v{version}"), &body).unwrap_err();
        assert!(matches!(error, DecodeError::Body { name: "probe.measured", version: found, .. } if found == version));
    }
}

#[test]
fn a_step_up_that_fails_names_both_versions() {
    let error = read("probe.measured.v1", &json!({ "weight": "heavy" })).unwrap_err();
    assert_eq!(
        error.to_string(),
        "cannot decode the body of `probe.measured.v1`: cannot upgrade to v2: `heavy` is not a weight in kg"
    );
}

#[test]
fn a_type_name_has_a_version_that_is_known() {
    let parsed = EventKind::parse("probe.measured.v2").unwrap();
    assert_eq!(parsed, Versioned { kind: EventKind::Measured, version: 2 });
    assert_eq!(parsed.to_string(), "probe.measured.v2");
    assert_eq!(EventKind::Measured.to_string(), "probe.measured.v3");
    for unknown in ["probe.measured", "probe.measured.v", "probe.measured.v0", "probe.measured.vx", "probe.danced.v1"] {
        assert_eq!(EventKind::parse(unknown), Err(DecodeError::UnknownType(unknown.to_owned())));
    }
    let newer = DecodeError::NewerVersion { name: "probe.measured", version: 4, known: 3 };
    assert_eq!(EventKind::parse("probe.measured.v4"), Err(newer.clone()));
    assert_eq!(EventKind::Measured.decode(4, Body::Json(b"{}")), Err(newer));
}

#[test]
fn every_row_names_each_of_its_versions_and_what_it_says() {
    let mut generator = SchemaGenerator::default();
    let mut rows: Vec<(&str, u32, &[u32], Vec<bool>)> = Vec::new();
    for kind in CommandKind::ALL {
        let schemas = (0..=kind.newest() + 1).map(|version| kind.schema(version, &mut generator).is_some()).collect();
        rows.push((kind.name(), kind.newest(), kind.versions(), schemas));
    }
    for kind in EventKind::ALL {
        let schemas = (0..=kind.newest() + 1).map(|version| kind.schema(version, &mut generator).is_some()).collect();
        rows.push((kind.name(), kind.newest(), kind.versions(), schemas));
    }
    for (name, newest, versions, schemas) in &rows {
        assert_eq!(*versions, (1..=*newest).collect::<Vec<_>>(), "{name}");
        let there = schemas.iter().filter(|there| **there).count();
        assert!(!schemas[0] && !schemas[schemas.len() - 1] && there == versions.len(), "{name}");
    }
    assert_eq!(rows.iter().map(|row| row.0).collect::<BTreeSet<_>>().len(), rows.len());
}

#[test]
fn a_row_says_what_it_is_about_and_whether_it_is_released() {
    assert_eq!(EventKind::Gathered.about(), Some(Aggregate::Group));
    assert_eq!(CommandKind::Gather.about(), Some(Aggregate::Group));
    assert_eq!(EventKind::Measured.about(), None);
    assert!(!EventKind::Measured.is_released() && EventKind::WorkoutCompleted.is_released());
}

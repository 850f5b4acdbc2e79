//! Which values a set has, by what its exercise measures.

use serde_json::json;

use super::*;

fn load(kg: f64) -> Load {
    serde_json::from_value(json!({ "kg": kg })).unwrap()
}

fn told_by(exercise: &str, set: serde_json::Value) -> Vec<(RecordKind, u64)> {
    let workout =
        json!({ "started_at": "2026-05-01T18:30:00Z", "exercises": [{ "exercise": exercise, "sets": [set] }] });
    let all = marks(&serde_json::from_value(workout).unwrap(), None, Exercises::default());
    let Some((exercise, marks)) = all.into_iter().next() else { return Vec::new() };
    told_of(&exercise, Exercises::default())
        .into_iter()
        .zip(marks.told)
        .filter_map(|(kind, rank)| Some((kind?, rank?.value())))
        .collect()
}

#[test]
fn one_repetition_is_its_own_maximum_and_more_than_twelve_estimate_none() {
    let estimate = |reps| estimated_one_rep_max(load(100.0).mass(), reps);
    assert_eq!(estimate(1), Some(100_000));
    assert_eq!(estimate(5), Some(116_670), "no finer than a load is typed");
    assert_eq!(estimate(12), Some(140_000));
    assert_eq!(estimate(13), None);
}

#[test]
fn a_set_has_a_load_to_beat_or_repetitions_but_not_both() {
    use RecordKind as K;
    let kinds = |exercise: &str, set| told_by(exercise, set).into_iter().map(|(kind, _)| kind).collect::<Vec<_>>();
    assert_eq!(kinds("barbell-curl", json!({ "reps": 5, "load": { "kg": 100 } })), [K::MaxLoad, K::EstimatedOneRepMax]);
    assert_eq!(kinds("barbell-curl", json!({ "reps": 20, "load": { "lb": 100 } })), [K::MaxLoad]);
    assert_eq!(kinds("barbell-curl", json!({ "reps": 20 })), [K::MaxReps]);
    assert_eq!(kinds("barbell-curl", json!({ "reps": 20, "load": { "kg": 0 } })), [K::MaxReps]);
    assert_eq!(kinds("barbell-curl", json!({ "duration_s": 20, "load": { "kg": 40 }, "kind": "isometric" })), []);
    assert_eq!(kinds("pull-up", json!({ "reps": 5, "load": { "kg": 20 } })), [K::MaxLoad], "the body is not known");
}

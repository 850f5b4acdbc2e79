//! Exercises of people's own: created, changed, archived, and merged into one of the catalogue.

use std::{array, collections::BTreeMap};

use plyo_events::{
    Command, CustomExerciseId, Message, Output, Rejection, Sealed, UserId, Violation,
    rejection::check_revision,
    training::{ExerciseName, ExerciseSlug, Term},
    workout::{
        ArchiveExercise, CUSTOM_EXERCISE_EXISTS, CUSTOM_EXERCISE_NOT_FOUND, ChangeExercise, CustomExercise,
        CustomExerciseArchived, CustomExerciseMerged, CustomExerciseSaved, CustomExerciseSet, ExerciseChange,
        MEASURE_DIFFERS, MergeExercise, NewRecord, Record, RecordChanges, TOO_MANY_CUSTOM_EXERCISES, UNKNOWN_EXERCISE,
    },
};
use plyo_exercises::{Equipment, Muscle};
use serde::de::{DeserializeOwned, IntoDeserializer, value::Error};

use super::{
    marks::{self, TOLD},
    records::Held,
    rows::{CustomRow, Kept},
    state::State,
};
use crate::exercises;

/// Most exercises of one person, archived and merged ones included: workouts name them for ever.
const MAX_EXERCISES: usize = 500;
/// Most muscles, and most things that it needs.
const MAX_TERMS: usize = 10;

/// Creates an exercise, unless the same command did before.
pub(crate) fn create(
    state: &State,
    command: &Message<Command>,
    exercise: &CustomExercise,
) -> Result<Output, Rejection> {
    let (user, exercise_id) = (command.user(), CustomExerciseId::new(command.id));
    let row = state.customs.get(&(user,));
    if let Some(kept) = row.and_then(|row| row.exercises.get(&exercise_id)) {
        return Ok(saved(exercise_id, kept));
    }
    check_terms(&exercise.muscles, &exercise.equipment)?;
    check_name(row, exercise_id, &exercise.name)?;
    if row.is_some_and(|row| row.exercises.len() >= MAX_EXERCISES) {
        return Err(TOO_MANY_CUSTOM_EXERCISES.into());
    }
    Ok(set(exercise_id, 1, exercise.clone()))
}

/// A change to what it is already makes no revision.
pub(crate) fn change(state: &State, user: UserId, change: &ChangeExercise) -> Result<Output, Rejection> {
    let ChangeExercise { exercise_id, exercise, if_revision } = change;
    let kept = find(state, user, *exercise_id)?;
    if !kept.is_offered() {
        return Err(CUSTOM_EXERCISE_NOT_FOUND.into());
    }
    check_revision(kept.revision, if_revision.as_deref())?;
    let ExerciseChange { name, muscles, equipment } = exercise.clone();
    check_terms(&muscles, &equipment)?;
    check_name(state.customs.get(&(user,)), *exercise_id, &name)?;
    let changed = CustomExercise { name, measure: kept.exercise.measure, muscles, equipment };
    Ok(if changed == kept.exercise { saved(*exercise_id, kept) } else { set(*exercise_id, kept.revision + 1, changed) })
}

pub(crate) fn archive(state: &State, user: UserId, archive: &ArchiveExercise) -> Result<Output, Rejection> {
    let exercise_id = archive.exercise_id;
    let kept = find(state, user, exercise_id)?;
    if !kept.is_offered() {
        return Err(CUSTOM_EXERCISE_NOT_FOUND.into());
    }
    check_revision(kept.revision, archive.if_revision.as_deref())?;
    let revision = kept.revision + 1;
    let exercise = ExerciseSlug::custom(exercise_id);
    Ok(Output::nothing().event(CustomExerciseArchived { exercise_id, revision }).reply(CustomExerciseSaved {
        exercise_id,
        exercise,
        revision,
    }))
}

/// Also one that was archived can be merged. The marks of both stay where they are; from now on they are compared with each
/// other, and told as those of one exercise.
pub(crate) fn merge(state: &State, user: UserId, merge: &MergeExercise) -> Result<Output, Rejection> {
    let MergeExercise { exercise_id, into, if_revision } = merge;
    let kept = find(state, user, *exercise_id)?;
    if kept.merged_into.as_ref() == Some(into) {
        return Ok(saved(*exercise_id, kept));
    }
    if kept.merged_into.is_some() {
        return Err(CUSTOM_EXERCISE_NOT_FOUND.into());
    }
    check_revision(kept.revision, if_revision.as_deref())?;
    let Some(target) = exercises::of_catalogue(into) else {
        let detail = format!("unknown exercise `{}`", into.as_str());
        let violations = vec![Violation { pointer: "/into".to_owned(), detail: detail.clone() }];
        return Err(Rejection { violations, ..UNKNOWN_EXERCISE.because(detail) });
    };
    if target.measure != kept.exercise.measure {
        return Err(MEASURE_DIFFERS.into());
    }
    let own = ExerciseSlug::custom(*exercise_id);
    let best = |exercise: &ExerciseSlug| -> [Option<Held>; TOLD] {
        array::from_fn(|place| state.best(user, exercise, place, None))
    };
    let (ours, theirs) = (best(&own), best(into));
    let mut records = RecordChanges::default();
    let kinds = marks::told(target.measure);
    for (kind, (ours, theirs)) in kinds.into_iter().zip(ours.into_iter().zip(theirs)) {
        let Some((kind, held)) = kind.zip(ours) else { continue };
        records.withdrawn.push(Record { exercise: own.clone(), kind, mark: held.mark() });
        if theirs.is_none_or(|theirs| held.order() < theirs.order()) {
            let (exercise, mark) = (into.clone(), held.mark());
            let again = NewRecord { exercise, kind, mark, previous: None, reestablished: true, doubtful: false };
            records.set.push(again);
        }
    }
    let (exercise_id, into, revision) = (*exercise_id, into.clone(), kept.revision + 1);
    Ok(Output::nothing()
        .event(CustomExerciseMerged { exercise_id, revision, into: into.clone(), records })
        .reply(CustomExerciseSaved { exercise_id, exercise: into, revision }))
}

fn set(exercise_id: CustomExerciseId, revision: u32, exercise: CustomExercise) -> Output {
    let slug = ExerciseSlug::custom(exercise_id);
    Output::nothing().event(CustomExerciseSet { exercise_id, revision, exercise }).reply(CustomExerciseSaved {
        exercise_id,
        exercise: slug,
        revision,
    })
}

fn saved(exercise_id: CustomExerciseId, kept: &Kept) -> Output {
    let exercise = kept.merged_into.clone().unwrap_or_else(|| ExerciseSlug::custom(exercise_id));
    Output::nothing().reply(CustomExerciseSaved { exercise_id, exercise, revision: kept.revision })
}

/// Somebody else's is not there.
fn find(state: &State, user: UserId, id: CustomExerciseId) -> Result<&Kept, Rejection> {
    let row = state.customs.get(&(user,));
    row.and_then(|row| row.exercises.get(&id)).ok_or_else(|| CUSTOM_EXERCISE_NOT_FOUND.into())
}

/// Who sealed a name says which are equal, as names are matched: case, punctuation and diacritics do not make another one.
fn check_name(row: Option<&CustomRow>, id: CustomExerciseId, name: &Sealed<ExerciseName>) -> Result<(), Rejection> {
    let others =
        row.into_iter().flat_map(|row| &row.exercises).filter(|(other, kept)| **other != id && kept.is_offered());
    let mut equal = others.filter_map(|(_, kept)| kept.exercise.name.equal());
    if equal.any(|other| Some(other) == name.equal()) { Err(CUSTOM_EXERCISE_EXISTS.into()) } else { Ok(()) }
}

fn check_terms(muscles: &[Term], equipment: &[Term]) -> Result<(), Rejection> {
    let mut violations = Vec::new();
    let mut check = |field: &str, terms: &[Term], is_known: fn(&Term) -> bool| {
        if terms.len() > MAX_TERMS {
            violations.push(Violation { pointer: format!("/{field}"), detail: format!("at most {MAX_TERMS}") });
        }
        let unknown = terms.iter().enumerate().filter(|(_, term)| !is_known(term));
        violations.extend(unknown.map(|(index, term)| Violation {
            pointer: format!("/{field}/{index}"),
            detail: format!("the catalogue has no `{}` among its {field}", term.as_str()),
        }));
    };
    check("muscles", muscles, is_a::<Muscle>);
    check("equipment", equipment, is_a::<Equipment>);
    if violations.is_empty() { Ok(()) } else { Err(Rejection::violations(violations)) }
}

fn is_a<T: DeserializeOwned>(term: &Term) -> bool {
    T::deserialize(IntoDeserializer::<Error>::into_deserializer(term.as_str())).is_ok()
}

pub(super) fn put(state: &mut State, user_id: UserId, set: &CustomExerciseSet) {
    let CustomExerciseSet { exercise_id, revision, exercise } = set.clone();
    let mut row = state.customs.get(&(user_id,)).cloned().unwrap_or(CustomRow { user_id, exercises: BTreeMap::new() });
    row.exercises.insert(exercise_id, Kept { revision, exercise, archived: false, merged_into: None });
    state.customs.put(row);
}

/// One whose first event an operator dropped is not there.
pub(super) fn change_kept(
    state: &mut State,
    user: UserId,
    (id, revision): (CustomExerciseId, u32),
    change: impl Fn(&mut Kept),
) {
    let Some(mut row) = state.customs.get(&(user,)).cloned() else { return };
    let Some(kept) = row.exercises.get_mut(&id) else { return };
    kept.revision = revision;
    change(kept);
    state.customs.put(row);
}

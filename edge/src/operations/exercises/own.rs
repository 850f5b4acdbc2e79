//! A person's own exercises among those of the catalogue.

use std::borrow::Cow;

use axum::{extract::State, http::HeaderMap, response::Response};
use plyo_events::{
    UserId,
    training::Term,
    workout::{CustomExerciseView, ListCustomExercises},
};
use plyo_exercises::{Equipment, ExerciseId, Language, Muscle, name_key, names_with};
use serde::de::{DeserializeOwned, IntoDeserializer, value::Error};
use serde_json::Value;

use super::{
    Filter,
    views::{Candidate, ExerciseSummary, equipment, muscles},
};
use crate::{
    EdgeState,
    caller::Caller,
    problem::{FAILED, Problem},
};

/// All of them: workouts may name each.
pub(super) async fn list(
    State(state): State<EdgeState>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let mut own = opened(&state, caller.user).await?;
    own.sort_by_cached_key(|one| [&one["name"], &one["exercise_id"]].map(|text| text.as_str().map(str::to_owned)));
    super::json_of(&headers, &own)
}

/// With their names, where there is a key for them.
async fn opened(state: &EdgeState, user: UserId) -> Result<Vec<Value>, Problem> {
    let own = plyo_nats::ask_for_json(&state.nats, &ListCustomExercises { user }).await?;
    serde_json::from_slice(&state.sealing.open(user, own).await?).map_err(|_| FAILED.into())
}

/// The exercises of somebody's own that are still theirs, with their names.
pub(super) struct Own(Vec<(String, CustomExerciseView)>);

impl Own {
    pub(super) async fn of(state: &EdgeState, user: UserId) -> Result<Self, Problem> {
        // Without its key one has no name to be found by.
        let found = opened(state, user).await?.into_iter().filter_map(|one| {
            let name = one["name"].as_str()?.to_owned();
            let one: CustomExerciseView = serde_json::from_value(one).ok()?;
            (!one.archived && one.merged_into.is_none()).then_some((name, one))
        });
        Ok(Self(found.collect()))
    }

    /// Those that a search finds, each with how well it fits. They have no category, no level and no pattern.
    pub(super) fn search(&self, filter: &Filter, language: Language) -> Vec<(f32, ExerciseSummary)> {
        if filter.category.is_some() || filter.level.is_some() || filter.pattern.is_some() {
            return Vec::new();
        }
        let admits = |one: &CustomExerciseView| {
            filter.measure.is_none_or(|measure| measure == one.measure)
                && filter.muscle.is_none_or(|muscle| read(&one.muscles).contains(&muscle))
                && filter.equipment.is_none_or(|wanted| read(&one.equipment).contains(&wanted))
        };
        let admitted: Vec<_> = self.0.iter().filter(|(_, one)| admits(one)).collect();
        let fits = names_with(&filter.q, admitted.iter().map(|(name, _)| name.as_str()));
        fits.into_iter().map(|(index, score)| (score, summary(admitted[index], language))).collect()
    }

    /// The one that has this name.
    pub(super) fn named(&self, name: &str, language: Language) -> Option<ExerciseSummary> {
        let key = name_key(name);
        self.0.iter().find(|(name, _)| name_key(name) == key).map(|one| summary(one, language))
    }

    /// Those whose name has every word of this one.
    pub(super) fn candidates(&self, name: &str, language: Language) -> Vec<Candidate> {
        let key = name_key(name);
        if key.is_empty() {
            return Vec::new();
        }
        let fits = names_with(name, self.0.iter().map(|(name, _)| name.as_str()));
        let candidate = |(index, score): (usize, f32)| {
            let one = &self.0[index];
            let is_named = name_key(&one.0) == key;
            let because = if is_named { "the name of one of your own" } else { "one of your own has every word of it" };
            // Only a name is certain.
            let score = if is_named { 1.0 } else { score * 0.9 };
            Candidate { exercise: summary(one, language), score, because: because.to_owned() }
        };
        fits.into_iter().map(candidate).collect()
    }
}

fn summary((name, one): &(String, CustomExerciseView), language: Language) -> ExerciseSummary {
    ExerciseSummary {
        id: ExerciseId(one.exercise_id.uuid()),
        slug: one.exercise.clone(),
        name: Cow::Owned(name.clone()),
        category: None,
        measure: one.measure,
        level: None,
        primary: muscles(&read::<Muscle>(&one.muscles), language),
        equipment: equipment(&read::<Equipment>(&one.equipment), language),
    }
}

/// One that a newer catalogue has is left out.
fn read<T: DeserializeOwned>(terms: &[Term]) -> Vec<T> {
    let read = |term: &Term| T::deserialize(IntoDeserializer::<Error>::into_deserializer(term.as_str())).ok();
    terms.iter().filter_map(read).collect()
}

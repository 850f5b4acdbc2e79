//! A person's own exercises among those of the catalogue.

use std::borrow::Cow;

use plyo_events::{
    UserId,
    training::Term,
    workout::{CustomExerciseView, ListCustomExercises},
};
use plyo_exercises::{Equipment, ExerciseId, Language, Muscle, name_key, names_with};
use serde::de::{DeserializeOwned, IntoDeserializer, value::Error};

use super::{
    Filter,
    views::{Candidate, ExerciseSummary, equipment, muscles},
};
use crate::{EdgeState, problem::Problem};

/// The exercises of somebody's own that are still theirs.
pub(super) struct Own(Vec<CustomExerciseView>);

impl Own {
    pub(super) async fn of(state: &EdgeState, user: UserId) -> Result<Self, Problem> {
        let mut own = plyo_nats::ask(&state.nats, &ListCustomExercises { user }).await?;
        own.retain(|one| !one.archived && one.merged_into.is_none());
        Ok(Self(own))
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
        let admitted: Vec<_> = self.0.iter().filter(|one| admits(one)).collect();
        let fits = names_with(&filter.q, admitted.iter().map(|one| one.name.as_str()));
        fits.into_iter().map(|(index, score)| (score, summary(admitted[index], language))).collect()
    }

    /// The one that has this name.
    pub(super) fn named(&self, name: &str, language: Language) -> Option<ExerciseSummary> {
        let key = name_key(name);
        self.0.iter().find(|one| name_key(one.name.as_str()) == key).map(|one| summary(one, language))
    }

    /// Those whose name has every word of this one.
    pub(super) fn candidates(&self, name: &str, language: Language) -> Vec<Candidate> {
        let key = name_key(name);
        if key.is_empty() {
            return Vec::new();
        }
        let fits = names_with(name, self.0.iter().map(|one| one.name.as_str()));
        let candidate = |(index, score): (usize, f32)| {
            let one = &self.0[index];
            let is_named = name_key(one.name.as_str()) == key;
            let because = if is_named { "the name of one of your own" } else { "one of your own has every word of it" };
            // Only a name is certain.
            let score = if is_named { 1.0 } else { score * 0.9 };
            Candidate { exercise: summary(one, language), score, because: because.to_owned() }
        };
        fits.into_iter().map(candidate).collect()
    }
}

fn summary(one: &CustomExerciseView, language: Language) -> ExerciseSummary {
    ExerciseSummary {
        id: ExerciseId(one.exercise_id.uuid()),
        slug: one.exercise.clone(),
        name: Cow::Owned(one.name.as_str().to_owned()),
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

//! Exercises as they are answered.

use std::borrow::Cow;

use plyo_events::training::ExerciseSlug;
use plyo_exercises::{
    Band, BodyShare, Catalogue, Category, Energy, Equipment, Exercise, ExerciseId, Force, Language, Level, Measure,
    Mechanic, Muscle, Pattern,
};
use schemars::JsonSchema;
use serde::Serialize;

/// How many substitutes are shown.
const SUBSTITUTES: usize = 8;

/// A word of the catalogue, and what it is called.
#[derive(Serialize, JsonSchema)]
pub(super) struct Term<T> {
    pub code: T,
    pub name: &'static str,
}

/// An exercise in a list.
#[derive(Serialize, JsonSchema)]
pub(super) struct ExerciseSummary {
    pub id: ExerciseId,
    /// What it is logged with.
    pub slug: ExerciseSlug,
    pub name: Cow<'static, str>,
    /// Absent where the exercise is one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub category: Option<Category>,
    /// What a set is logged in.
    pub measure: Measure,
    /// Absent where the exercise is one's own.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub level: Option<Level>,
    /// The muscles that do most of the work, the main one first.
    pub primary: Vec<Term<Muscle>>,
    pub equipment: Vec<Term<Equipment>>,
}

/// Everything about an exercise.
#[derive(Serialize, JsonSchema)]
pub(super) struct ExerciseDetail {
    #[serde(flatten)]
    summary: ExerciseSummary,
    /// Slugs that it had before; they still find it.
    former_slugs: &'static [String],
    aliases: &'static [String],
    secondary: Vec<Term<Muscle>>,
    pattern: Pattern,
    force: Force,
    mechanic: Mechanic,
    /// Whether a set is done with one side.
    unilateral: bool,
    /// How much of the body a repetition moves, where that is known.
    body_share: Option<&'static BodyShare>,
    energy: &'static Energy,
    /// The usual rest after a set.
    rest_seconds: u16,
    band: Band,
    steps: &'static [String],
    safety: &'static str,
    /// What to do instead, the best first.
    substitutes: Vec<SubstituteView>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct SubstituteView {
    slug: ExerciseSlug,
    name: &'static str,
    /// 0 to 1.
    score: f32,
    /// Why, in English, the weightiest first.
    because: Vec<String>,
}

/// What a name means.
#[derive(Serialize, JsonSchema)]
pub(super) struct MatchView {
    /// Nothing when it is too uncertain: ask, and offer the candidates.
    pub exercise: Option<ExerciseSummary>,
    /// The likeliest first.
    pub candidates: Vec<Candidate>,
}

#[derive(Serialize, JsonSchema)]
pub(super) struct Candidate {
    pub exercise: ExerciseSummary,
    /// 0 to 1; 1 is one of its names.
    pub score: f32,
    /// Why, in English.
    pub because: String,
}

pub(super) fn summary(exercise: &'static Exercise, language: Language) -> ExerciseSummary {
    ExerciseSummary {
        id: exercise.id,
        slug: exercise.slug.clone(),
        name: Cow::Borrowed(&exercise.text(language).name),
        category: Some(exercise.category),
        measure: exercise.measure,
        level: Some(exercise.level),
        primary: muscles(&exercise.primary, language),
        equipment: equipment(&exercise.equipment, language),
    }
}

pub(super) fn detail(exercise: &'static Exercise, language: Language) -> ExerciseDetail {
    let text = exercise.text(language);
    let substitutes = Catalogue::get().substitutes(exercise, None, SUBSTITUTES);
    let substitute = |found: plyo_exercises::Substitute<'static>| SubstituteView {
        slug: found.exercise.slug.clone(),
        name: &found.exercise.text(language).name,
        score: found.score,
        because: found.likeness.iter().map(ToString::to_string).collect(),
    };
    ExerciseDetail {
        summary: summary(exercise, language),
        former_slugs: &exercise.former_slugs,
        aliases: &text.aliases,
        secondary: muscles(&exercise.secondary, language),
        pattern: exercise.pattern,
        force: exercise.force,
        mechanic: exercise.mechanic,
        unilateral: exercise.unilateral,
        body_share: exercise.body_share.as_ref(),
        energy: &exercise.energy,
        rest_seconds: exercise.rest_seconds,
        band: exercise.band,
        steps: &text.steps,
        safety: &text.safety,
        substitutes: substitutes.into_iter().map(substitute).collect(),
    }
}

pub(super) fn muscles(all: &[Muscle], language: Language) -> Vec<Term<Muscle>> {
    all.iter().map(|muscle| Term { code: *muscle, name: muscle.name(language) }).collect()
}

pub(super) fn equipment(all: &[Equipment], language: Language) -> Vec<Term<Equipment>> {
    all.iter().map(|one| Term { code: *one, name: one.name(language) }).collect()
}

//! An exercise of the catalogue.

use plyo_events::training::ExerciseSlug;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::kinds::{Category, Equipment, Force, Language, Level, Measure, Mechanic, Muscle, Pattern, Unit};

/// Everything about an exercise. It never changes while the process runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exercise {
    pub id: ExerciseId,
    pub slug: ExerciseSlug,
    /// Slugs that it had before; they still find it.
    pub former_slugs: Vec<ExerciseSlug>,
    pub category: Category,
    /// The muscles that do most of the work, the main one first.
    pub primary: Vec<Muscle>,
    pub secondary: Vec<Muscle>,
    /// What must be at hand, all of it.
    pub equipment: Vec<Equipment>,
    pub pattern: Pattern,
    pub force: Force,
    pub mechanic: Mechanic,
    /// Whether a set is done with one side.
    pub unilateral: bool,
    pub measure: Measure,
    pub level: Level,
    pub energy: Energy,
    /// The usual rest after a set, 0 to 300 seconds.
    pub rest_seconds: u16,
    pub band: Band,
    /// What its author would do instead.
    pub substitutes: Vec<ExerciseSlug>,
    pub texts: Texts,
}

/// UUIDv5 of the slug that the exercise was first published with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct ExerciseId(pub Uuid);

/// The namespace of exercises: UUIDv5 of `plyo.exercise` in the namespace of DNS names.
const NAMESPACE: Uuid = Uuid::from_u128(0xeb10_bf88_aaf9_5b79_a9ab_6fe2_92ac_0742);

/// What it costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Energy {
    /// Multiples of the energy that the body spends at rest, 1 to 23.
    pub met: f32,
    /// Code of the nearest activity of the Compendium of Physical Activities.
    pub compendium: String,
    /// The year of its edition.
    pub edition: u16,
}

/// The usual amount of one set.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Band {
    pub low: u16,
    pub high: u16,
    pub unit: Unit,
}

/// What is told about it, in every language.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Texts {
    pub en: Text,
    pub de: Text,
    pub es: Text,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Text {
    pub name: String,
    /// Other names, among them those that training logs use.
    pub aliases: Vec<String>,
    /// Two to five instructions, 40 to 400 characters each.
    pub steps: Vec<String>,
    pub safety: String,
}

impl Exercise {
    pub const fn text(&self, language: Language) -> &Text {
        match language {
            Language::En => &self.texts.en,
            Language::De => &self.texts.de,
            Language::Es => &self.texts.es,
        }
    }

    /// Whether it trains a muscle, first or also.
    pub fn trains(&self, muscle: Muscle) -> bool {
        self.primary.contains(&muscle) || self.secondary.contains(&muscle)
    }
}

impl ExerciseId {
    /// The id of what was first published under a slug.
    pub fn of(slug: &str) -> Self {
        Self(Uuid::new_v5(&NAMESPACE, slug.as_bytes()))
    }
}

/// Reads what `build.rs` wrote.
///
/// # Errors
/// When it did not.
pub(super) fn read(json: &str) -> serde_json::Result<Vec<Exercise>> {
    let Embedded { activities, exercises } = serde_json::from_str(json)?;
    exercises
        .into_iter()
        .map(|row| {
            let activity = activities.iter().find(|activity| activity.code == row.compendium);
            let activity = activity.ok_or_else(|| serde::de::Error::custom("an activity is missing"))?;
            Ok(row.into_exercise(activity))
        })
        .collect()
}

#[derive(Deserialize)]
struct Embedded {
    activities: Vec<Activity>,
    exercises: Vec<Row>,
}

#[derive(Deserialize)]
struct Activity {
    code: String,
    met: f32,
    edition: u16,
}

/// As its file has it.
#[derive(Deserialize)]
struct Row {
    slug: ExerciseSlug,
    former_slugs: Vec<ExerciseSlug>,
    category: Category,
    primary: Vec<Muscle>,
    secondary: Vec<Muscle>,
    equipment: Vec<Equipment>,
    pattern: Pattern,
    force: Force,
    mechanic: Mechanic,
    unilateral: bool,
    measure: Measure,
    level: Level,
    compendium: String,
    rest_seconds: u16,
    band: (u16, u16),
    substitutes: Vec<ExerciseSlug>,
    en: Text,
    de: Text,
    es: Text,
}

impl Row {
    fn into_exercise(self, activity: &Activity) -> Exercise {
        let first = self.former_slugs.first().unwrap_or(&self.slug);
        Exercise {
            id: ExerciseId::of(first.as_str()),
            slug: self.slug,
            former_slugs: self.former_slugs,
            category: self.category,
            primary: self.primary,
            secondary: self.secondary,
            equipment: self.equipment,
            pattern: self.pattern,
            force: self.force,
            mechanic: self.mechanic,
            unilateral: self.unilateral,
            measure: self.measure,
            level: self.level,
            energy: Energy { met: activity.met, compendium: self.compendium, edition: activity.edition },
            rest_seconds: self.rest_seconds,
            band: Band { low: self.band.0, high: self.band.1, unit: self.measure.unit() },
            substitutes: self.substitutes,
            texts: Texts { en: self.en, de: self.de, es: self.es },
        }
    }
}

//! An exercise of the catalogue.

use plyo_events::training::ExerciseSlug;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize, de::Error as _};
use uuid::Uuid;

use super::{
    kinds::{Category, Equipment, Force, Level, Measure, Mechanic, Pattern, Unit},
    language::Language,
    muscles::Muscle,
    written::{self, Written, WrittenText},
};

/// Everything about an exercise. It never changes while the process runs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Exercise {
    pub id: ExerciseId,
    pub slug: ExerciseSlug,
    /// Slugs that it had before; they still find it, and are read as `slug`.
    pub former_slugs: Vec<String>,
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
    /// How much of the body a repetition moves, where that is known.
    pub body_share: Option<BodyShare>,
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

/// A share of the body's weight.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BodyShare {
    /// Thousandths, 1 to 1,000.
    pub thousandths: u16,
    /// Who measured it, or of which segments it is the sum.
    pub source: String,
}

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

/// Reads what `build.rs` joined.
///
/// # Errors
/// When an exercise or an activity lacks something.
pub(super) fn read(json: &str) -> serde_json::Result<Vec<Exercise>> {
    let Embedded { activities, body_shares, exercises } = serde_json::from_str(json)?;
    exercises
        .into_iter()
        .map(|written| {
            let activity = activities.iter().find(|activity| activity.code == written.compendium);
            let activity = activity.ok_or_else(|| serde_json::Error::custom("missing activity"))?;
            let share = body_shares.iter().find(|share| share.exercises.contains(&written.slug));
            exercise(written, activity, share)
        })
        .collect()
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Embedded {
    activities: Vec<Activity>,
    body_shares: Vec<Moved>,
    exercises: Vec<Written<String>>,
}

#[derive(Deserialize)]
struct Activity {
    code: String,
    met: f32,
    #[serde(default = "written::newest_edition")]
    edition: u16,
}

/// A row of `body-shares.toml`.
#[derive(Deserialize)]
struct Moved {
    share: f64,
    source: String,
    exercises: Vec<String>,
}

impl Moved {
    fn of_body(&self) -> BodyShare {
        // A share is at most 1.
        BodyShare { thousandths: (self.share * 1_000.0).round() as u16, source: self.source.clone() }
    }
}

fn exercise(written: Written<String>, activity: &Activity, share: Option<&Moved>) -> serde_json::Result<Exercise> {
    let slug = |slug: String| ExerciseSlug::try_from(slug).map_err(serde_json::Error::custom);
    let slugs = |slugs: Vec<String>| slugs.into_iter().map(slug).collect::<serde_json::Result<Vec<_>>>();
    let id = ExerciseId::of(written.former_slugs.first().unwrap_or(&written.slug));
    Ok(Exercise {
        id,
        slug: slug(written.slug)?,
        former_slugs: written.former_slugs,
        category: written.category,
        primary: written.primary,
        secondary: written.secondary,
        equipment: written.equipment,
        pattern: written.pattern,
        force: written.force,
        mechanic: written.mechanic,
        unilateral: written.unilateral,
        measure: written.measure,
        body_share: share.map(Moved::of_body),
        level: written.level,
        energy: Energy { met: activity.met, compendium: written.compendium, edition: activity.edition },
        rest_seconds: written.rest_seconds,
        band: Band { low: written.band.0, high: written.band.1, unit: Unit::of(written.measure) },
        substitutes: slugs(written.substitutes)?,
        texts: Texts { en: text(written.en), de: text(written.de), es: text(written.es) },
    })
}

fn text(WrittenText { name, aliases, steps, safety }: WrittenText<String>) -> Text {
    Text { name, aliases, steps, safety }
}

//! An exercise as its file has it: read there with the place of each text, and from what is embedded without.

use serde::Deserialize;

use super::{
    kinds::{Category, Equipment, Force, Level, Measure, Mechanic, Pattern},
    muscles::Muscle,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Written<S> {
    pub slug: S,
    #[serde(default = "Vec::new")]
    pub former_slugs: Vec<S>,
    pub category: Category,
    pub primary: Vec<Muscle>,
    pub secondary: Vec<Muscle>,
    pub equipment: Vec<Equipment>,
    pub pattern: Pattern,
    pub force: Force,
    pub mechanic: Mechanic,
    pub unilateral: bool,
    pub measure: Measure,
    pub level: Level,
    pub compendium: S,
    pub rest_seconds: u16,
    pub band: (u16, u16),
    pub substitutes: Vec<S>,
    pub en: WrittenText<S>,
    pub de: WrittenText<S>,
    pub es: WrittenText<S>,
}

/// What is told in one language.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenText<S> {
    pub name: S,
    pub aliases: Vec<S>,
    pub steps: Vec<S>,
    pub safety: S,
}

/// The edition of the Compendium that an activity was compared with, where it does not say.
pub const fn newest_edition() -> u16 {
    2024
}

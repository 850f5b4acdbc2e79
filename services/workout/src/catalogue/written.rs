//! An exercise as its file has it: read there with the place of each text, and from what is embedded without.

use serde::{Deserialize, Serialize};

use super::kinds::{Category, Equipment, Force, Level, Measure, Mechanic, Muscle, Pattern};

#[derive(Deserialize, Serialize)]
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
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct WrittenText<S> {
    pub name: S,
    pub aliases: Vec<S>,
    pub steps: Vec<S>,
    pub safety: S,
}

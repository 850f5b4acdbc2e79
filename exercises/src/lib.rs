//! The exercise catalogue: what exercises there are, in three languages; which one a name from elsewhere means; what to do
//! instead of one. It is embedded in the program, read once, and never changes.
//!
//! ```
//! use plyo_exercises::Catalogue;
//!
//! let found = Catalogue::get().resolve("Incline Bench Press (Dumbbell)").unwrap();
//! assert_eq!(found.exercise.slug.as_str(), "dumbbell-incline-bench-press");
//! assert_eq!(found.score, 1.0);
//! ```

#[cfg(test)]
mod checks;
pub mod epley;
pub mod evaluation;
mod exercise;
mod kinds;
mod language;
mod matching;
mod muscles;
mod normal;
mod search;
#[cfg(test)]
mod source;
mod substitutes;
mod terms;
#[cfg(test)]
mod tests;
mod vocabulary;
mod words;
mod written;

use std::{collections::HashMap, sync::LazyLock};

use strum::VariantArray as _;

pub use self::{
    exercise::{Band, BodyShare, Energy, Exercise, ExerciseId, Text, Texts},
    kinds::{Category, Equipment, Force, Level, Measure, Mechanic, Pattern, Unit},
    language::Language,
    matching::{MATCHES_FROM, Match, Reason},
    muscles::{Muscle, MuscleGroup},
    search::{Hit, Search, names_with},
    substitutes::{Likeness, Substitute},
};

/// All exercises and the ways to find them.
pub struct Catalogue {
    /// By slug.
    exercises: Vec<Exercise>,
    by_slug: HashMap<Box<str>, usize>,
    by_id: HashMap<ExerciseId, usize>,
    /// By the normal form of names, aliases and slugs.
    by_key: HashMap<String, usize>,
    names: Vec<Name>,
    matching: matching::Index,
    search: search::Index,
}

/// A name or an alias.
struct Name {
    exercise: u32,
    language: Language,
    is_alias: bool,
    text: Box<str>,
    /// See [`normal::words`].
    words: Vec<String>,
}

/// The files of `data/` as `build.rs` joins them.
const EMBEDDED: &str = include_str!(concat!(env!("OUT_DIR"), "/catalogue.json"));

/// What two spellings of one name have in common: case, punctuation, spaces, diacritics, English plurals and the place of a
/// "(Barbell)" do not count.
pub fn name_key(name: &str) -> String {
    normal::key(name)
}

impl Catalogue {
    /// The catalogue of this program; the first call reads it.
    pub fn get() -> &'static Self {
        static CATALOGUE: LazyLock<Catalogue> = LazyLock::new(|| Catalogue::new(embedded()));
        &CATALOGUE
    }

    /// The same exercises, known by their names alone: what matching does for a name that nobody foresaw.
    pub fn without_aliases() -> Self {
        let mut exercises = embedded();
        for exercise in &mut exercises {
            let Texts { en, de, es } = &mut exercise.texts;
            [en, de, es].into_iter().for_each(|text| text.aliases.clear());
        }
        Self::new(exercises)
    }

    fn new(exercises: Vec<Exercise>) -> Self {
        let mut names = Vec::new();
        let (mut by_slug, mut by_id, mut by_key) = (HashMap::new(), HashMap::new(), HashMap::new());
        for (index, exercise) in exercises.iter().enumerate() {
            by_id.insert(exercise.id, index);
            for slug in [exercise.slug.as_str()].into_iter().chain(exercise.former_slugs.iter().map(String::as_str)) {
                by_slug.insert(slug.into(), index);
                by_key.insert(normal::key(slug), index);
            }
            for &language in Language::VARIANTS {
                let Text { name, aliases, .. } = exercise.text(language);
                for (spelling, is_alias) in
                    [(name, false)].into_iter().chain(aliases.iter().zip([true].into_iter().cycle()))
                {
                    let words = normal::words(spelling);
                    by_key.insert(words.concat(), index);
                    names.push(Name {
                        exercise: index as u32,
                        language,
                        is_alias,
                        text: spelling.as_str().into(),
                        words,
                    });
                }
            }
        }
        let (matching, search) = (matching::Index::new(&exercises, &names), search::Index::new(&names));
        Self { exercises, by_slug, by_id, by_key, names, matching, search }
    }

    /// All exercises, by slug.
    pub fn all(&self) -> &[Exercise] {
        &self.exercises
    }

    /// The exercise of a slug, also of one that it had before.
    pub fn by_slug(&self, slug: &str) -> Option<&Exercise> {
        self.by_slug.get(slug).map(|index| &self.exercises[*index])
    }

    pub fn by_id(&self, id: ExerciseId) -> Option<&Exercise> {
        self.by_id.get(&id).map(|index| &self.exercises[*index])
    }

    /// The exercise that has a name, an alias or a slug: case, punctuation, spaces, diacritics, English plurals and the
    /// place of a "(Barbell)" do not count.
    pub fn by_name(&self, name: &str) -> Option<&Exercise> {
        self.by_key.get(&normal::key(name)).map(|index| &self.exercises[*index])
    }
}

/// A test reads the same files more strictly.
fn embedded() -> Vec<Exercise> {
    exercise::read(EMBEDDED).expect("the tests read the same `data/`")
}

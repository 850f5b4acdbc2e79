//! Search as one types: the beginnings of words, up to two typing errors in a word, and filters.

use std::{borrow::Cow, collections::HashMap};

use super::{
    Catalogue, Name,
    exercise::Exercise,
    kinds::{Category, Equipment, Level, Measure, Pattern},
    language::Language,
    muscles::Muscle,
    normal,
    words::{Words, errors_allowed},
};

/// A longer text finds nothing: no name comes near to it.
const MAX_TEXT_BYTES: usize = 200;
/// A text of more words finds nothing.
const MAX_WORDS: usize = 16;

/// What is looked for. All that is set must hold.
#[derive(Clone, Debug, Default)]
pub struct Search<'a> {
    /// Every word of it must be in a name or an alias, perhaps only begun or misspelled. Left empty, it leaves nothing out.
    pub text: &'a str,
    /// Of names and aliases; all of them if unset.
    pub language: Option<Language>,
    pub category: Option<Category>,
    /// Trained first or also.
    pub muscle: Option<Muscle>,
    pub equipment: Option<Equipment>,
    pub pattern: Option<Pattern>,
    pub measure: Option<Measure>,
    pub level: Option<Level>,
}

/// An exercise that was found.
#[derive(Clone, Debug)]
pub struct Hit<'a> {
    pub exercise: &'a Exercise,
    /// 0 to 1.
    pub score: f32,
    /// The name or alias that it was found by.
    pub name: &'a str,
}

/// The words of all names, and every two neighbours as one word: "pullup" finds "Pull-up".
pub(super) struct Index {
    words: Words<Place>,
}

struct Place {
    name: u32,
    /// How many words of the name it is.
    words: u8,
}

impl Index {
    pub(super) fn new(names: &[Name]) -> Self {
        let occurrences = names.iter().zip(0..).flat_map(|(Name { words, .. }, name)| {
            let single = words.iter().map(move |word| (Cow::Borrowed(word.as_str()), Place { name, words: 1 }));
            single.chain(words.windows(2).map(move |pair| (Cow::Owned(pair.concat()), Place { name, words: 2 })))
        });
        Self { words: Words::new(occurrences) }
    }

    /// The words of names that a typed word can be, and how likely.
    fn meant(&self, typed: &str) -> HashMap<u32, f32> {
        let mut meant = HashMap::new();
        for id in self.words.beginning_with(typed) {
            let quality = if self.words.text(id) == typed { 1.0 } else { 0.9 };
            meant.insert(id, quality);
        }
        let errors = errors_allowed(typed);
        if errors > 0 {
            for (id, errors) in self.words.spelled_like(typed, errors) {
                meant.entry(id).or_insert(0.9 - 0.2 * errors as f32);
            }
        }
        meant
    }

    /// The names that have every typed word, and how well they fit: how sure each word is, and how much of the name they are.
    fn names_with_all(&self, all: &[Name], typed: &[String]) -> Vec<(u32, f32)> {
        let mut names: HashMap<u32, (f32, u32)> = HashMap::new();
        for (index, word) in typed.iter().enumerate() {
            let mut with_this: HashMap<u32, (f32, u32)> = HashMap::new();
            for (id, quality) in self.meant(word) {
                for place in self.words.places(id) {
                    let entry = with_this.entry(place.name).or_insert((0.0, 0));
                    if quality > entry.0 {
                        *entry = (quality, u32::from(place.words));
                    }
                }
            }
            if index == 0 {
                names = with_this;
            } else {
                names.retain(|name, (quality, count)| {
                    let Some((more, words)) = with_this.get(name) else { return false };
                    (*quality, *count) = (*quality + more, *count + words);
                    true
                });
            }
        }
        let fit = |(name, (quality, count)): (u32, (f32, u32))| {
            let share = (count as f32 / all[name as usize].words.len() as f32).min(1.0);
            (name, quality / typed.len() as f32 * (0.6 + 0.4 * share))
        };
        names.into_iter().map(fit).collect()
    }
}

/// Which of these names have every word of a text, perhaps only begun or misspelled, and how well each fits, the best first: as
/// the names of the catalogue are searched. An empty text leaves nothing out.
pub fn names_with<'a>(text: &str, names: impl Iterator<Item = &'a str>) -> Vec<(usize, f32)> {
    let name = |(name, text): (usize, &str)| {
        let (exercise, words) = (name as u32, normal::words(text));
        Name { exercise, language: Language::En, is_alias: false, text: text.into(), words }
    };
    let names: Vec<Name> = names.enumerate().map(name).collect();
    if text.trim().is_empty() {
        return (0..names.len()).map(|name| (name, 1.0)).collect();
    }
    let typed = normal::words(text);
    if text.len() > MAX_TEXT_BYTES || typed.is_empty() || typed.len() > MAX_WORDS {
        return Vec::new();
    }
    let mut found = Index::new(&names).names_with_all(&names, &typed);
    found.sort_by(|one, other| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0)));
    found.into_iter().map(|(name, score)| (name as usize, score)).collect()
}

impl Search<'_> {
    fn admits(&self, exercise: &Exercise) -> bool {
        fn holds<T: PartialEq>(wanted: Option<T>, is: &T) -> bool {
            wanted.is_none_or(|wanted| wanted == *is)
        }
        holds(self.category, &exercise.category)
            && holds(self.pattern, &exercise.pattern)
            && holds(self.measure, &exercise.measure)
            && holds(self.level, &exercise.level)
            && self.muscle.is_none_or(|muscle| exercise.trains(muscle))
            && self.equipment.is_none_or(|equipment| exercise.equipment.contains(&equipment))
    }
}

impl Catalogue {
    /// The exercises that a search finds, the best first. A text in which there is no word, as "🏋️" or ".*", finds nothing.
    pub fn search(&self, search: &Search<'_>, most: usize) -> Vec<Hit<'_>> {
        if search.text.trim().is_empty() {
            let admitted = self.exercises.iter().filter(|exercise| search.admits(exercise)).take(most);
            let language = search.language.unwrap_or(Language::En);
            return admitted
                .map(|exercise| Hit { exercise, score: 1.0, name: &exercise.text(language).name })
                .collect();
        }
        if search.text.len() > MAX_TEXT_BYTES {
            return Vec::new();
        }
        let typed = normal::words(search.text);
        if typed.is_empty() || typed.len() > MAX_WORDS {
            return Vec::new();
        }
        let mut best: HashMap<u32, (f32, u32)> = HashMap::new();
        for (name, score) in self.search.names_with_all(&self.names, &typed) {
            let Name { exercise, language, is_alias, .. } = &self.names[name as usize];
            let is_wanted = search.language.is_none_or(|wanted| wanted == *language);
            if !is_wanted || !search.admits(&self.exercises[*exercise as usize]) {
                continue;
            }
            // Of two that fit as well, the one whose name it is comes before the one that is only called so, too.
            let score = if *is_alias { score * 0.98 } else { score };
            let known = best.entry(*exercise).or_insert((score, name));
            if (score, std::cmp::Reverse(name)) > (known.0, std::cmp::Reverse(known.1)) {
                *known = (score, name);
            }
        }
        let mut found: Vec<(u32, (f32, u32))> = best.into_iter().collect();
        found.sort_by(|one, other| other.1.0.total_cmp(&one.1.0).then(one.0.cmp(&other.0)));
        found.truncate(most);
        let hit = |(exercise, (score, name)): (u32, (f32, u32))| Hit {
            exercise: &self.exercises[exercise as usize],
            score,
            name: &self.names[name as usize].text,
        };
        found.into_iter().map(hit).collect()
    }
}

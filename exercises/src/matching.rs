//! Which exercise a name from elsewhere means: an import's, a plan's, a person's.

use std::{
    borrow::Cow,
    collections::{HashMap, HashSet},
    fmt,
};

use super::{
    Catalogue, Name,
    exercise::Exercise,
    kinds::{Equipment, Measure, Pattern},
    language::Language,
    muscles::Muscle,
    normal, vocabulary,
    words::{Words, errors_allowed},
};

/// A name with a lower score is not taken for an exercise without asking. On names of real training logs that the
/// catalogue was not told, matches from here on are right 19 times of 20; see `exercises/README.md`.
pub const MATCHES_FROM: f32 = 0.75;

/// Names with more words are no names of exercises.
const MAX_WORDS: usize = 16;

/// So many names are compared word by word; the others share less with the query.
const COMPARED: usize = 120;

/// A word that the entry's facts say, though the name does not, counts almost as if the name said it.
const TOLD_BY_FACTS: f32 = 0.85;
/// A piece of equipment that the exercise does without.
const OTHER_EQUIPMENT: f32 = 0.7;
/// Both sides where one was asked for, or one where nobody asked.
const OTHER_SIDES: f32 = 0.88;
/// The weight of words that often go without saying.
const UNSAID: f32 = 0.5;

/// An exercise that a name may mean.
#[derive(Clone, Debug)]
pub struct Match<'a> {
    pub exercise: &'a Exercise,
    /// 0 to 1; 1 is one of its names.
    pub score: f32,
    pub reason: Reason,
}

/// Why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is its name in this language.
    Name(Language),
    /// It is one of its aliases.
    Alias(String),
    /// It is its slug.
    Slug,
    /// It shares words with this name or alias.
    Words { name: String, shared: Vec<String>, missing: Vec<String> },
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(language) => write!(f, "its name ({language})"),
            Self::Alias(alias) => write!(f, "its alias “{alias}”"),
            Self::Slug => write!(f, "its slug"),
            Self::Words { name, shared, missing } => {
                write!(f, "“{name}” shares {}", shared.join(", "))?;
                if missing.is_empty() { Ok(()) } else { write!(f, "; missing: {}", missing.join(", ")) }
            }
        }
    }
}

/// The words of all names, and what else is known of each exercise in words.
pub(super) struct Index {
    /// A word's places are the names that have it.
    words: Words<u32>,
    /// How telling a word is: the rarer, the more.
    weights: Vec<f32>,
    /// The words of each name.
    names: Vec<Vec<u32>>,
    /// The words that each exercise's facts say.
    facts: Vec<HashSet<String>>,
}

/// A word of a query and the words of names that it can be, with their likeness.
struct Asked {
    text: String,
    weight: f32,
    likeness: HashMap<u32, f32>,
    equipment: Option<&'static [Equipment]>,
}

impl Index {
    pub(super) fn new(exercises: &[Exercise], names: &[Name]) -> Self {
        let told: Vec<Vec<Cow<'_, str>>> = names.iter().map(|name| vocabulary::canonical(&name.words)).collect();
        let places = told.iter().zip(0..).flat_map(|(words, name)| words.iter().map(move |word| (word.clone(), name)));
        let words: Words<u32> = Words::new(places);
        let ids = told.iter().map(|name| name.iter().filter_map(|word| words.id(word)).collect()).collect();
        let weight = |id: u32| {
            let mut having: Vec<u32> = words.places(id).iter().map(|name| names[*name as usize].exercise).collect();
            having.dedup();
            (1.0 + exercises.len() as f32 / having.len() as f32).ln()
        };
        let weights = (0..words.len() as u32).map(weight).collect();
        Self { weights, names: ids, facts: exercises.iter().map(facts).collect(), words }
    }

    fn asked(&self, text: String) -> Asked {
        let mut likeness = HashMap::new();
        if let Some(id) = self.words.id(&text) {
            likeness.insert(id, 1.0);
        } else {
            let length = text.chars().count() as f32;
            for (id, errors) in self.words.spelled_like(&text, errors_allowed(&text)) {
                likeness.insert(id, 1.0 - errors as f32 / length);
            }
            if length >= 4.0 {
                for id in self.words.beginning_with(&text) {
                    likeness.entry(id).or_insert(0.7);
                }
            }
        }
        let weight = |id: &u32| self.weights[*id as usize];
        let rarest = (1.0 + self.facts.len() as f32).ln();
        let weight = likeness.keys().map(weight).reduce(f32::max).unwrap_or(rarest);
        Asked { equipment: vocabulary::equipment(&text), text, weight, likeness }
    }

    /// The names that share most with the query.
    fn candidates(&self, asked: &[Asked]) -> Vec<u32> {
        let mut shared: HashMap<u32, f32> = HashMap::new();
        for word in asked {
            for (id, likeness) in &word.likeness {
                for name in self.words.places(*id) {
                    *shared.entry(*name).or_default() += word.weight * likeness;
                }
            }
        }
        let mut names: Vec<(u32, f32)> = shared.into_iter().collect();
        let more = |one: &(u32, f32), other: &(u32, f32)| other.1.total_cmp(&one.1).then(one.0.cmp(&other.0));
        if names.len() > COMPARED {
            names.select_nth_unstable_by(COMPARED, more);
            names.truncate(COMPARED);
        }
        names.into_iter().map(|(name, _)| name).collect()
    }

    /// How well a name of an exercise, and its facts, say what was asked for: the harmonic mean of the share of the query
    /// that the name says and of the share of the name that the query says, words weighed by their rarity.
    fn compare(&self, asked: &[Asked], name: u32, exercise: &Exercise, facts: &HashSet<String>) -> (f32, Vec<bool>) {
        let words = &self.names[name as usize];
        let likeness = |word: &Asked, id: &u32| word.likeness.get(id).copied().unwrap_or(0.0);
        let (mut said, mut asked_for) = (0.0, 0.0);
        let mut is_said = Vec::with_capacity(asked.len());
        for word in asked {
            let by_name = words.iter().map(|id| likeness(word, id)).fold(0.0, f32::max);
            let by_facts = if facts.contains(&word.text) { TOLD_BY_FACTS } else { 0.0 };
            let by_either = by_name.max(by_facts);
            let is_unsaid = by_either == 0.0 && vocabulary::often_goes_without(&word.text);
            let weight = word.weight * if is_unsaid { UNSAID } else { 1.0 };
            said += weight * by_either;
            asked_for += weight;
            is_said.push(by_either > 0.0);
        }
        let names_equipment = asked.iter().any(|word| word.equipment.is_some());
        let (mut echoed, mut whole) = (0.0, 0.0);
        for id in words {
            let text = self.words.text(*id);
            let by_query = asked.iter().map(|word| likeness(word, id)).fold(0.0, f32::max);
            let goes_without =
                vocabulary::often_goes_without(text) || vocabulary::equipment(text).is_some() && !names_equipment;
            let weight = self.weights[*id as usize] * if by_query == 0.0 && goes_without { UNSAID } else { 1.0 };
            echoed += weight * by_query;
            whole += weight;
        }
        if said == 0.0 || echoed == 0.0 {
            return (0.0, is_said);
        }
        let (precision, recall) = (said / asked_for, echoed / whole);
        let mut score = 2.0 * precision * recall / (precision + recall);
        let has = |meant: &[Equipment]| meant.iter().any(|one| exercise.equipment.contains(one));
        if asked.iter().any(|word| word.equipment.is_some_and(|meant| !has(meant)) && !facts.contains(&word.text)) {
            score *= OTHER_EQUIPMENT;
        }
        let asks_for_one = asked.iter().any(|word| word.text == "single");
        let says_one = words.iter().any(|id| self.words.text(*id) == "single");
        if asks_for_one && !exercise.unilateral || says_one && !asks_for_one {
            score *= OTHER_SIDES;
        }
        (score, is_said)
    }
}

impl Catalogue {
    /// The exercise that a name means, unless it is too uncertain: see [`MATCHES_FROM`].
    pub fn resolve(&self, name: &str) -> Option<Match<'_>> {
        self.matches(name, 1).pop().filter(|best| best.score >= MATCHES_FROM)
    }

    /// The exercises that a name may mean, the likeliest first, however unlikely. None for a text that shares no word
    /// with any name.
    pub fn matches(&self, name: &str, most: usize) -> Vec<Match<'_>> {
        let words = normal::words(name);
        if words.len() > MAX_WORDS {
            return Vec::new();
        }
        let key = words.concat();
        let mut asked = Vec::new();
        for word in vocabulary::canonical(&words) {
            if !asked.iter().any(|known: &Asked| known.text == word) {
                asked.push(self.matching.asked(word.into_owned()));
            }
        }
        let mut best: HashMap<u32, (f32, Reason)> = HashMap::new();
        if let Some(&exercise) = self.by_key.get(&key).filter(|_| !key.is_empty()) {
            best.insert(exercise as u32, (1.0, self.reason_of_key(exercise as u32, &key)));
        }
        for candidate in self.matching.candidates(&asked) {
            let Name { exercise, text, .. } = &self.names[candidate as usize];
            let facts = &self.matching.facts[*exercise as usize];
            let (score, is_said) = self.matching.compare(&asked, candidate, &self.exercises[*exercise as usize], facts);
            // 1 is kept for what is a name to the letter.
            let score = score.min(0.99);
            if score > 0.0 && best.get(exercise).is_none_or(|(known, _)| score > *known) {
                let say = |wanted: bool| {
                    let words = asked.iter().zip(&is_said).filter(move |(_, said)| **said == wanted);
                    words.map(|(word, _)| word.text.clone()).collect()
                };
                let reason = Reason::Words { name: text.to_string(), shared: say(true), missing: say(false) };
                best.insert(*exercise, (score, reason));
            }
        }
        let mut matches: Vec<(u32, (f32, Reason))> = best.into_iter().collect();
        matches.sort_by(|one, other| other.1.0.total_cmp(&one.1.0).then(one.0.cmp(&other.0)));
        matches.truncate(most);
        let at = |index: u32| &self.exercises[index as usize];
        matches.into_iter().map(|(index, (score, reason))| Match { exercise: at(index), score, reason }).collect()
    }

    fn reason_of_key(&self, exercise: u32, key: &str) -> Reason {
        let names = self.names.iter().filter(|name| name.exercise == exercise && name.words.concat() == key);
        match names.min_by_key(|name| name.is_alias) {
            Some(name) if name.is_alias => Reason::Alias(name.text.to_string()),
            Some(name) => Reason::Name(name.language),
            None => Reason::Slug,
        }
    }
}

/// What an exercise's facts say in the words of names.
fn facts(exercise: &Exercise) -> HashSet<String> {
    let muscles = exercise.primary.iter().flat_map(|muscle| spoken(*muscle)).copied();
    let measure = match exercise.measure {
        Measure::BodyweightReps => Some("bodyweight"),
        Measure::AddedBodyweightReps => Some("weighted"),
        Measure::AssistedBodyweightReps => Some("assisted"),
        _ => None,
    };
    let equipment = exercise.equipment.iter().flat_map(|equipment| vocabulary::spoken(*equipment));
    let side: &[&str] = if exercise.unilateral { &["single", "arm", "leg"] } else { &[] };
    let pattern = spoken_pattern(exercise.pattern);
    let words = muscles.chain(measure).chain(equipment).chain(side.iter().chain(pattern).copied());
    words.map(str::to_owned).collect()
}

/// The words for a pattern in the names of exercises.
const fn spoken_pattern(pattern: Pattern) -> &'static [&'static str] {
    match pattern {
        Pattern::VerticalPush => &["overhead", "shoulder"],
        Pattern::HorizontalPull => &["row"],
        Pattern::Squat => &["squat"],
        Pattern::Lunge => &["lunge"],
        Pattern::Carry => &["walk"],
        Pattern::Jump => &["jump"],
        Pattern::Throw => &["throw"],
        Pattern::Stretch => &["stretch"],
        Pattern::Hinge
        | Pattern::HorizontalPush
        | Pattern::VerticalPull
        | Pattern::OlympicLift
        | Pattern::Rotation
        | Pattern::AntiRotation
        | Pattern::AntiExtension
        | Pattern::TrunkFlexion
        | Pattern::Gait
        | Pattern::Isolation
        | Pattern::Mobility
        | Pattern::Conditioning => &[],
    }
}

/// The words for a muscle in the names of exercises.
const fn spoken(muscle: Muscle) -> &'static [&'static str] {
    match muscle {
        Muscle::Chest | Muscle::UpperChest => &["chest", "pec"],
        Muscle::FrontDelts | Muscle::SideDelts | Muscle::RearDelts => &["shoulder", "delt"],
        Muscle::Lats => &["lat", "back"],
        Muscle::UpperBack | Muscle::LowerBack => &["back"],
        Muscle::Traps => &["trap"],
        Muscle::Biceps | Muscle::Brachialis => &["bicep"],
        Muscle::Triceps => &["tricep"],
        Muscle::Forearms => &["forearm", "wrist"],
        Muscle::Abs => &["ab", "abdominal", "core"],
        Muscle::Obliques => &["oblique", "core"],
        Muscle::Glutes => &["glute"],
        Muscle::Quads => &["quad", "quadricep", "leg"],
        Muscle::Hamstrings => &["hamstring", "leg"],
        Muscle::Calves | Muscle::Soleus => &["calf"],
        Muscle::Serratus
        | Muscle::RotatorCuff
        | Muscle::Neck
        | Muscle::HipFlexors
        | Muscle::Abductors
        | Muscle::Adductors
        | Muscle::Tibialis => &[],
    }
}

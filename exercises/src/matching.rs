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

/// A name with a lower score is not taken for an exercise without asking; see `exercises/README.md`.
pub const MATCHES_FROM: f32 = 0.75;

/// Names with more words are no names of exercises.
const MAX_WORDS: usize = 16;

/// So many names are compared word by word; the others share less with the query.
const COMPARED: usize = 120;

/// A word that the entry's facts say, though the name does not, counts almost as if the name said it.
const TOLD_BY_FACTS: f32 = 0.85;
/// A piece of equipment that the exercise does without.
const OTHER_EQUIPMENT: f32 = 0.7;
/// One side where nobody asked for it.
const ONE_SIDE: f32 = 0.88;
/// A word of the query that neither a name nor the facts say probably makes it another exercise: somebody is asked, however
/// much else agrees.
const UNTOLD: f32 = 0.74;
/// A word that is spelled less like one of a name than this is not that one.
const SPELLED_ALIKE: f32 = 0.8;
/// Scores this near say nothing about which of two exercises is meant.
const NO_DIFFERENCE: f32 = 0.02;
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
    /// The words of all names of each exercise.
    told: Vec<HashSet<u32>>,
    /// The words that each exercise's facts say.
    facts: Vec<HashSet<String>>,
    /// How many words each exercise's shortest English name has.
    plainness: Vec<usize>,
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
        let ids: Vec<Vec<u32>> =
            told.iter().map(|name| name.iter().filter_map(|word| words.id(word)).collect()).collect();
        let mut told = vec![HashSet::new(); exercises.len()];
        let mut plainness = vec![usize::MAX; exercises.len()];
        for (name, ids) in names.iter().zip(&ids) {
            let exercise = name.exercise as usize;
            told[exercise].extend(ids);
            if name.language == Language::En {
                plainness[exercise] = plainness[exercise].min(ids.len());
            }
        }
        let weight = |id: u32| {
            let mut having: Vec<u32> = words.places(id).iter().map(|name| names[*name as usize].exercise).collect();
            having.dedup();
            (1.0 + exercises.len() as f32 / having.len() as f32).ln()
        };
        let weights = (0..words.len() as u32).map(weight).collect();
        Self { weights, names: ids, told, facts: exercises.iter().map(facts).collect(), plainness, words }
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
        if says_one && !asks_for_one {
            score *= ONE_SIDE;
        }
        (score, is_said)
    }

    /// Whether the query says a word that could make it another exercise, and neither a name of this one nor its facts say it;
    /// or the name says such a word and the query does not.
    fn leaves_untold(&self, asked: &[Asked], name: u32, exercise: usize) -> bool {
        let is_said = |word: &Asked, id: &u32| word.likeness.get(id).is_some_and(|likeness| *likeness >= SPELLED_ALIKE);
        let is_told = |word: &Asked| {
            vocabulary::is_idle(&word.text)
                || self.facts[exercise].contains(&word.text)
                || self.told[exercise].iter().any(|id| is_said(word, id))
        };
        let is_asked_for =
            |id: &u32| !vocabulary::is_telling(self.words.text(*id)) || asked.iter().any(|word| is_said(word, id));
        !asked.iter().all(is_told) || !self.names[name as usize].iter().all(is_asked_for)
    }
}

impl Catalogue {
    /// The exercise that a name means, unless it is too uncertain: see [`MATCHES_FROM`].
    pub fn resolve(&self, name: &str) -> Option<Match<'_>> {
        let mut found = self.ranked(name, 2);
        let (best, plain) = (!found.is_empty()).then(|| found.remove(0))?;
        // Where two fit alike and neither is plainer, somebody has to say which one it is.
        let is_open = |(other, as_plain): &(Match<'_>, usize)| {
            best.score < 1.0 && best.score - other.score < NO_DIFFERENCE && plain >= *as_plain
        };
        (best.score >= MATCHES_FROM && !found.iter().any(is_open)).then_some(best)
    }

    /// The exercises that a name may mean, the likeliest first, however unlikely. None for a text that shares no word
    /// with any name.
    pub fn matches(&self, name: &str, most: usize) -> Vec<Match<'_>> {
        self.ranked(name, most).into_iter().map(|(found, _)| found).collect()
    }

    /// The same, with how plain the name of each is.
    fn ranked(&self, name: &str, most: usize) -> Vec<(Match<'_>, usize)> {
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
            let score = score.min(0.99)
                * if self.matching.leaves_untold(&asked, candidate, *exercise as usize) { UNTOLD } else { 1.0 };
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
        let plainness = |exercise: u32| self.matching.plainness[exercise as usize];
        matches.sort_by(|(one, (score, _)), (other, (other_score, _))| {
            let by_name = || plainness(*one).cmp(&plainness(*other)).then(one.cmp(other));
            other_score.total_cmp(score).then_with(by_name)
        });
        matches.truncate(most);
        let found = |(index, (score, reason))| {
            let exercise: &Exercise = &self.exercises[index as usize];
            (Match { exercise, score, reason }, plainness(index))
        };
        matches.into_iter().map(found).collect()
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
    let side = exercise.unilateral.then_some("single");
    let pattern = spoken_pattern(exercise.pattern);
    let words = muscles.chain(measure).chain(equipment).chain(side).chain(pattern.iter().copied());
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
        Muscle::Chest | Muscle::UpperChest => &["chest", "pec", "arm"],
        Muscle::FrontDelts | Muscle::SideDelts | Muscle::RearDelts => &["shoulder", "delt", "arm"],
        Muscle::Lats => &["lat", "back", "arm"],
        Muscle::UpperBack => &["back", "arm"],
        Muscle::LowerBack => &["back"],
        Muscle::Traps => &["trap"],
        Muscle::Biceps | Muscle::Brachialis => &["bicep", "arm"],
        Muscle::Triceps => &["tricep", "arm"],
        Muscle::Forearms => &["forearm", "wrist"],
        Muscle::Abs => &["ab", "abdominal", "core"],
        Muscle::Obliques => &["oblique", "core"],
        Muscle::Glutes => &["glute", "leg"],
        Muscle::Quads => &["quad", "quadricep", "leg"],
        Muscle::Hamstrings => &["hamstring", "leg"],
        Muscle::Calves | Muscle::Soleus => &["calf", "leg"],
        Muscle::Serratus
        | Muscle::RotatorCuff
        | Muscle::Neck
        | Muscle::HipFlexors
        | Muscle::Abductors
        | Muscle::Adductors
        | Muscle::Tibialis => &[],
    }
}

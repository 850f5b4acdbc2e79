//! What the catalogue's files must keep, beyond their form: a test fails when they do not.

use std::{collections::HashMap, fmt::Display, hash::Hash, ops::Range};

use strum::VariantArray;

use super::{
    kinds::{Category, Equipment, Force, Level, Measure, Mechanic, Pattern},
    language::Language,
    muscles::Muscle,
    normal,
    source::{Activity, Mistake, Source, Written, nearest},
};

/// Characters of a step and of a safety note.
const TEXT: Range<usize> = 40..401;

/// Instructions that share more of their words are too much alike.
const ALIKE: f64 = 0.8;

/// Every mistake in the files.
pub fn check(sources: &[Source], activities: &[Activity]) -> Vec<Mistake> {
    let mut mistakes = Vec::new();
    for source in sources {
        in_order(source, &mut mistakes);
        for exercise in &source.exercises {
            facts(source, exercise, activities, &mut mistakes);
            texts(source, exercise, &mut mistakes);
        }
    }
    slugs(sources, &mut mistakes);
    names(sources, &mut mistakes);
    likeness(sources, &mut mistakes);
    mistakes
}

/// Values of the closed lists, and activities, that no exercise has: for the whole catalogue, in words.
pub fn unused(sources: &[Source], activities: &[Activity]) -> Vec<String> {
    let all = || sources.iter().flat_map(|source| &source.exercises);
    let codes = activities.iter().map(|activity| activity.code.get_ref().as_str());
    let dead = codes.filter(|code| all().all(|exercise| exercise.compendium.get_ref() != code));
    let mut unused: Vec<String> = dead.map(|code| format!("activity `{code}`")).collect();
    missing::<Category>(all().map(|exercise| exercise.category), &mut unused);
    missing::<Muscle>(all().flat_map(|exercise| exercise.primary.iter().copied()), &mut unused);
    missing::<Equipment>(all().flat_map(|exercise| exercise.equipment.iter().copied()), &mut unused);
    missing::<Pattern>(all().map(|exercise| exercise.pattern), &mut unused);
    missing::<Force>(all().map(|exercise| exercise.force), &mut unused);
    missing::<Mechanic>(all().map(|exercise| exercise.mechanic), &mut unused);
    missing::<Measure>(all().map(|exercise| exercise.measure), &mut unused);
    missing::<Level>(all().map(|exercise| exercise.level), &mut unused);
    unused
}

fn missing<K: VariantArray + PartialEq + Display>(used: impl Iterator<Item = K>, unused: &mut Vec<String>) {
    let used: Vec<K> = used.collect();
    unused.extend(K::VARIANTS.iter().filter(|kind| !used.contains(kind)).map(|kind| format!("value `{kind}`")));
}

fn in_order(source: &Source, mistakes: &mut Vec<Mistake>) {
    for pair in source.exercises.windows(2) {
        let [before, after] = [&pair[0].slug, &pair[1].slug];
        if before.get_ref() >= after.get_ref() {
            let what = format!("`{}` must come before `{}`", after.get_ref(), before.get_ref());
            mistakes.push(source.mistake(after.span(), what));
        }
    }
}

fn facts(source: &Source, exercise: &Written, activities: &[Activity], mistakes: &mut Vec<Mistake>) {
    let slug = exercise.slug.get_ref();
    let mut tell = |what: String| mistakes.push(source.mistake(exercise.slug.span(), format!("`{slug}`: {what}")));
    let valid = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if slug.is_empty() || slug.len() > 64 || !slug.chars().all(valid) {
        tell("a slug must be 1 to 64 characters of a-z, 0-9 and -".to_owned());
    }
    let muscles: Vec<Muscle> = exercise.primary.iter().chain(&exercise.secondary).copied().collect();
    if !(1..=3).contains(&exercise.primary.len()) || exercise.secondary.len() > 5 || has_twice(&muscles) {
        tell("1 to 3 primary and up to 5 secondary muscles, no duplicates".to_owned());
    }
    let equipment = &exercise.equipment;
    if equipment.is_empty() || has_twice(equipment) {
        tell("at least one piece of equipment, no duplicates; `bodyweight` for none".to_owned());
    }
    if equipment.contains(&Equipment::Bodyweight) && equipment.len() > 1 {
        tell("`bodyweight` excludes other equipment".to_owned());
    }
    if exercise.rest_seconds > 300 || !exercise.rest_seconds.is_multiple_of(5) {
        tell("rest must be up to 300 seconds, in steps of 5".to_owned());
    }
    if exercise.band.0 < 1 || exercise.band.0 >= exercise.band.1 {
        tell("a rep range must start at 1 or more and end higher".to_owned());
    }
    let substitutes: Vec<&String> = exercise.substitutes.iter().map(|substitute| substitute.get_ref()).collect();
    if !(2..=5).contains(&substitutes.len()) || has_twice(&substitutes) || substitutes.contains(&slug) {
        tell("2 to 5 substitutes, no duplicates, not itself".to_owned());
    }
    let code = exercise.compendium.get_ref();
    match activities.iter().find(|activity| activity.code.get_ref() == code) {
        Some(activity) if (1.0..=23.0).contains(&activity.met) => {}
        Some(activity) => tell(format!("a MET of {} is not between 1 and 23", activity.met)),
        None => {
            let codes = activities.iter().map(|activity| activity.code.get_ref().as_str());
            let nearest = nearest(code, codes).map(str::to_owned);
            let mistake = source.mistake(exercise.compendium.span(), format!("unknown activity `{code}`"));
            mistakes.push(Mistake { nearest, ..mistake });
        }
    }
}

fn texts(source: &Source, exercise: &Written, mistakes: &mut Vec<Mistake>) {
    for &language in Language::VARIANTS {
        let text = exercise.text(language);
        if !(2..=5).contains(&text.steps.len()) || text.steps.len() != exercise.en.steps.len() {
            let what = format!("{} steps: must be 2 to 5, and as many as in English", text.steps.len());
            mistakes.push(source.mistake(text.name.span(), what));
        }
        for told in text.steps.iter().chain([&text.safety]) {
            let length = told.get_ref().chars().count();
            if told.get_ref().trim() != told.get_ref() || !TEXT.contains(&length) {
                let what = format!("a text of {length} characters; must be 40 to 400, without surrounding spaces");
                mistakes.push(source.mistake(told.span(), what));
            }
        }
        if text.aliases.len() > 12 {
            mistakes.push(source.mistake(text.name.span(), "more than 12 aliases"));
        }
    }
}

/// Unique slugs, former ones too; every substitute is there.
fn slugs(sources: &[Source], mistakes: &mut Vec<Mistake>) {
    let mut known: HashMap<&str, &Source> = HashMap::new();
    for (source, exercise) in all(sources) {
        for slug in [&exercise.slug].into_iter().chain(&exercise.former_slugs) {
            if let Some(first) = known.insert(slug.get_ref(), source) {
                let what = format!("the slug `{}` is already in {}", slug.get_ref(), first.path);
                mistakes.push(source.mistake(slug.span(), what));
            }
        }
    }
    for (source, exercise) in all(sources) {
        for substitute in &exercise.substitutes {
            let slug = substitute.get_ref();
            if !all(sources).any(|(_, other)| other.slug.get_ref() == slug) {
                let nearest = nearest(slug, known.keys().copied()).map(str::to_owned);
                let mistake = source.mistake(substitute.span(), format!("unknown substitute `{slug}`"));
                mistakes.push(Mistake { nearest, ..mistake });
            }
        }
    }
}

/// A name or an alias belongs to one exercise, whatever the language; an alias is neither empty nor told twice.
fn names(sources: &[Source], mistakes: &mut Vec<Mistake>) {
    let mut owners: HashMap<String, &str> = HashMap::new();
    for (_, exercise) in all(sources) {
        for slug in [&exercise.slug].into_iter().chain(&exercise.former_slugs) {
            owners.insert(normal::key(slug.get_ref()), exercise.slug.get_ref());
        }
    }
    for &language in Language::VARIANTS {
        for (source, exercise) in all(sources) {
            let slug = exercise.slug.get_ref().as_str();
            let text = exercise.text(language);
            let spellings: Vec<_> = [&text.name].into_iter().chain(&text.aliases).collect();
            for (index, name) in spellings.iter().enumerate() {
                let spelling = name.get_ref();
                let key = normal::key(spelling);
                let mut tell = |what| mistakes.push(source.mistake(name.span(), what));
                if key.is_empty() {
                    tell(format!("`{spelling}` is not a valid name"));
                    continue;
                }
                if spellings[..index].iter().any(|earlier| earlier.get_ref() == spelling) {
                    tell(format!("`{spelling}` is listed twice"));
                }
                let owner = owners.entry(key).or_insert(slug);
                if *owner != slug {
                    tell(format!("`{spelling}` is already a name of `{owner}`"));
                }
            }
        }
    }
}

/// No two exercises share more than [`ALIKE`] of the words of their steps in a language: twice the words in common, each
/// as often as it is in both, over the words of both.
fn likeness(sources: &[Source], mistakes: &mut Vec<Mistake>) {
    for &language in Language::VARIANTS {
        let mut numbers: HashMap<String, u32> = HashMap::new();
        let mut bags: Vec<(&Source, &Written, Vec<u32>)> = Vec::new();
        for (source, exercise) in all(sources) {
            let steps = exercise.text(language).steps.iter().flat_map(|step| normal::words(step.get_ref()));
            let mut bag = Vec::new();
            for word in steps {
                let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
                bag.push(*numbers.entry(word).or_insert(next));
            }
            bag.sort_unstable();
            bags.push((source, exercise, bag));
        }
        bags.sort_by_key(|(.., bag)| bag.len());
        for (index, (source, exercise, bag)) in bags.iter().enumerate() {
            for (_, other, longer) in &bags[index + 1..] {
                let both = (bag.len() + longer.len()) as f64;
                if 2.0 * bag.len() as f64 <= ALIKE * both {
                    break;
                }
                let share = 2.0 * in_common(bag, longer) as f64 / both;
                if share > ALIKE {
                    let (one, two) = (exercise.slug.get_ref(), other.slug.get_ref());
                    let what =
                        format!("{language}: {:.0} % of the steps of `{one}` also appear in `{two}`", share * 100.0);
                    mistakes.push(source.mistake(exercise.text(language).name.span(), what));
                }
            }
        }
    }
}

/// How many numbers two sorted lists share.
fn in_common(mut one: &[u32], mut other: &[u32]) -> usize {
    let mut shared = 0;
    while let ([first, rest @ ..], [second, remainder @ ..]) = (one, other) {
        shared += usize::from(first == second);
        let order = first.cmp(second);
        if order.is_le() {
            one = rest;
        }
        if order.is_ge() {
            other = remainder;
        }
    }
    shared
}

fn all(sources: &[Source]) -> impl Iterator<Item = (&Source, &Written)> {
    sources.iter().flat_map(|source| source.exercises.iter().map(move |exercise| (source, exercise)))
}

fn has_twice<T: Eq + Hash>(values: &[T]) -> bool {
    values.iter().collect::<std::collections::HashSet<_>>().len() < values.len()
}

//! How well names from elsewhere are understood: with the aliases, and by the names alone.

use std::collections::BTreeMap;

use super::{Catalogue, matching::Match};

/// A name and, if somebody says so, the slug of its exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    pub name: String,
    pub slug: Option<String>,
}

/// What came out.
#[derive(Debug)]
pub struct Evaluation {
    /// Exercises of the catalogue.
    pub exercises: usize,
    /// Names that were asked for.
    pub names: usize,
    /// Share of names that slug, name or alias find, 0 to 1.
    pub resolved: f64,
    /// Share of names whose exercise comes first when the catalogue knows no alias.
    pub top1: f64,
    /// … whose exercise is among the first three.
    pub top3: f64,
    /// Share of right ones among those that are taken without asking when the catalogue knows no alias; and how many.
    pub taken_right: f64,
    pub taken: usize,
    pub misses: Vec<Miss>,
}

/// A name that was not understood.
#[derive(Debug)]
pub struct Miss {
    pub name: String,
    pub kind: MissKind,
    /// The slug that it means, if known.
    pub meant: Option<String>,
    /// Slugs, scores and reasons of what was found instead.
    pub found: Vec<(String, f32, String)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MissKind {
    /// No slug, name or alias is it.
    Unresolved,
    /// By the names alone, its exercise is not among the first three.
    NotAmongThree,
    /// … is among the first three, but not the first.
    NotFirst,
}

/// The names of a text: a CSV with the column `exercise` and, if it has one, `slug`; otherwise one name a line. Each name
/// once.
pub fn read_cases(text: &str) -> Vec<Case> {
    let text = text.trim_start_matches('\u{feff}');
    // Text in memory, rows of any length: none can fail.
    let rows =
        || csv::ReaderBuilder::new().has_headers(false).flexible(true).from_reader(text.as_bytes()).into_records();
    let header = rows().next().and_then(Result::ok).unwrap_or_default();
    let column = |name: &str| header.iter().position(|field| field.trim().eq_ignore_ascii_case(name));
    let cases: Vec<Case> = if let Some(exercise) = column("exercise") {
        let slug = column("slug");
        let case = |row: csv::StringRecord| {
            let field = |at: usize| row.get(at).map(|field| field.trim().to_owned()).filter(|field| !field.is_empty());
            Some(Case { name: field(exercise)?, slug: slug.and_then(field) })
        };
        rows().skip(1).filter_map(Result::ok).filter_map(case).collect()
    } else {
        let names = text.lines().map(str::trim).filter(|line| !line.is_empty());
        names.map(|name| Case { name: name.to_owned(), slug: None }).collect()
    };
    let mut once = BTreeMap::new();
    for Case { name, slug } in cases {
        let known: &mut Option<String> = once.entry(name).or_default();
        *known = known.take().or(slug);
    }
    once.into_iter().map(|(name, slug)| Case { name, slug }).collect()
}

/// Asks the catalogue for every name, with its aliases and without. Where no slug is given, the truth is what the
/// aliases say.
pub fn evaluate(cases: &[Case]) -> Evaluation {
    let (with, without) = (Catalogue::get(), Catalogue::without_aliases());
    let (mut resolved, mut first, mut among, mut taken, mut right) = (0, 0, 0, 0, 0);
    let mut misses = Vec::new();
    for Case { name, slug } in cases {
        let known = with.by_name(name).map(|exercise| exercise.slug.as_str());
        let given = slug.as_deref().map(|slug| {
            let exercise = with.by_slug(slug).or_else(|| with.by_name(slug));
            exercise.map_or(slug, |exercise| exercise.slug.as_str())
        });
        let truth = given.or(known);
        let mut miss = |kind, found: &[Match<'_>]| {
            let found = found
                .iter()
                .map(|found| (found.exercise.slug.as_str().to_owned(), found.score, found.reason.to_string()));
            misses.push(Miss { name: name.clone(), kind, meant: truth.map(str::to_owned), found: found.collect() });
        };
        if known.is_some() && known == truth {
            resolved += 1;
        } else {
            miss(MissKind::Unresolved, &with.matches(name, 3));
        }
        let found = without.matches(name, 3);
        let rank = found.iter().position(|found| Some(found.exercise.slug.as_str()) == truth);
        if without.resolve(name).is_some() {
            taken += 1;
            right += usize::from(rank == Some(0));
        }
        first += usize::from(rank == Some(0));
        among += usize::from(rank.is_some());
        match rank {
            Some(0) => {}
            Some(_) => miss(MissKind::NotFirst, &found),
            None => miss(MissKind::NotAmongThree, &found),
        }
    }
    let share = |count: usize, of: usize| if of == 0 { 0.0 } else { count as f64 / of as f64 };
    let names = cases.len();
    Evaluation {
        exercises: with.all().len(),
        names,
        resolved: share(resolved, names),
        top1: share(first, names),
        top3: share(among, names),
        taken_right: share(right, taken),
        taken,
        misses,
    }
}

//! The exercise catalogue: how long a name from an import and a search as one types take, over all exercises.

use std::time::Instant;

use anyhow::Result;
use plyo_exercises::{Catalogue, Language, Search};

use crate::{
    Scale,
    figures::{Figures, percentile},
};

/// Microseconds that 99 of 100 stay below.
const GOAL: f64 = 1_000.0;

pub async fn measure(scale: Scale) -> Result<Figures> {
    let catalogue = Catalogue::get();
    let names: Vec<&str> = catalogue
        .all()
        .iter()
        .flat_map(|exercise| [Language::En, Language::De, Language::Es].map(|language| exercise.text(language)))
        .flat_map(|text| std::iter::once(&text.name).chain(&text.aliases))
        .map(String::as_str)
        .collect();
    let rounds = scale.of(10);
    // Without its last letter a name is seldom one that is known, and has to be compared with all.
    let shortened: Vec<String> = names.iter().map(|name| first_letters(name, name.chars().count() - 1)).collect();
    let begun: Vec<String> = names.iter().map(|name| first_letters(name, name.chars().count().div_ceil(2))).collect();
    let mut matching = times(rounds, &shortened, |name| catalogue.matches(name, 5).len());
    let mut searching = times(rounds, &begun, |text| catalogue.search(&Search { text, ..Search::default() }, 20).len());
    let (matching, searching) = (percentile(&mut matching, 0.99), percentile(&mut searching, 0.99));
    let mut figures = Figures::default();
    figures.add("catalogue_match_us", matching, "µs").goal("< 1000", matching < GOAL);
    figures.add("catalogue_search_us", searching, "µs").goal("< 1000", searching < GOAL);
    Ok(figures)
}

/// Microseconds of each call.
fn times(rounds: usize, texts: &[String], call: impl Fn(&str) -> usize) -> Vec<f64> {
    let mut times = Vec::with_capacity(rounds * texts.len());
    for text in std::iter::repeat_n(texts, rounds).flatten() {
        let started = Instant::now();
        std::hint::black_box(call(text));
        times.push(started.elapsed().as_secs_f64() * 1e6);
    }
    times
}

fn first_letters(name: &str, count: usize) -> String {
    name.chars().take(count.max(1)).collect()
}

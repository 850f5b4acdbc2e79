//! A table of words and where they occur, to look up what is spelled like a word or begins with it.

use std::{borrow::Cow, collections::HashMap};

/// No word is longer: names have none that is, and a query may have any.
pub(super) const MAX_LENGTH: usize = 40;

/// Words in their order, each with its places in the order in which they were told.
pub(super) struct Words<P> {
    words: Vec<Word<P>>,
}

struct Word<P> {
    text: Box<str>,
    /// Which letters it has, a bit each: words with few bits in common are never spelled alike.
    letters: u64,
    length: usize,
    places: Vec<P>,
}

impl<P> Words<P> {
    pub(super) fn new<'a>(occurrences: impl IntoIterator<Item = (Cow<'a, str>, P)>) -> Self {
        let mut places: HashMap<Cow<'a, str>, Vec<P>> = HashMap::new();
        for (word, place) in occurrences {
            places.entry(word).or_default().push(place);
        }
        let word = |(text, places): (Cow<'a, str>, Vec<P>)| Word {
            letters: letters(&text),
            length: text.chars().count(),
            text: text.into(),
            places,
        };
        let mut words: Vec<Word<P>> = places.into_iter().map(word).collect();
        words.sort_unstable_by(|one, other| one.text.cmp(&other.text));
        Self { words }
    }

    pub(super) fn len(&self) -> usize {
        self.words.len()
    }

    pub(super) fn id(&self, text: &str) -> Option<u32> {
        self.words.binary_search_by(|word| (*word.text).cmp(text)).ok().map(|index| index as u32)
    }

    pub(super) fn text(&self, id: u32) -> &str {
        &self.words[id as usize].text
    }

    pub(super) fn places(&self, id: u32) -> &[P] {
        &self.words[id as usize].places
    }

    /// The words that begin with a text, which may be one of them.
    pub(super) fn beginning_with(&self, text: &str) -> impl Iterator<Item = u32> {
        let first = self.words.partition_point(|word| *word.text < *text);
        let following = self.words[first..].iter().take_while(move |word| word.text.starts_with(text)).count();
        (first..first + following).map(|index| index as u32)
    }

    /// The words that become the text with up to so many typing errors, and with how many: a letter more, fewer or other,
    /// or two that changed places.
    pub(super) fn spelled_like(&self, text: &str, errors: usize) -> impl Iterator<Item = (u32, usize)> {
        let (letters, length) = (letters(text), text.chars().count());
        let is_near = move |word: &Word<P>| {
            word.length.abs_diff(length) <= errors && (word.letters ^ letters).count_ones() as usize <= 2 * errors
        };
        let near = self.words.iter().zip(0..).filter(move |(word, _)| length <= MAX_LENGTH && is_near(word));
        near.map(|(word, id)| (id, strsim::osa_distance(&word.text, text))).filter(move |(_, found)| *found <= errors)
    }
}

/// How many typing errors a word of this many letters may have and still be meant.
pub(super) fn errors_allowed(word: &str) -> usize {
    match word.chars().count() {
        0..=3 => 0,
        4..=6 => 1,
        _ => 2,
    }
}

fn letters(text: &str) -> u64 {
    text.chars().fold(0, |letters, c| letters | 1 << (u32::from(c) % 64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_found_by_their_beginning_and_in_spite_of_typing_errors() {
        let words = Words::new(["squat", "squatting", "swing", "row"].map(|word| (word.into(), ())));
        let text = |ids: Vec<u32>| ids.into_iter().map(|id| words.text(id)).collect::<Vec<_>>();
        assert_eq!(text(words.beginning_with("squat").collect()), ["squat", "squatting"]);
        assert_eq!(text(words.beginning_with("").collect()).len(), 4);
        assert!(words.beginning_with("squats").next().is_none());
        let found: Vec<_> = words.spelled_like("sqaut", 1).map(|(id, errors)| (words.text(id), errors)).collect();
        assert_eq!(found, [("squat", 1)]);
        assert!(words.spelled_like("rwo", 0).next().is_none());
        assert!(words.spelled_like(&"a".repeat(MAX_LENGTH + 1), 2).next().is_none());
        assert_eq!(words.id("row").map(|id| words.places(id).len()), Some(1));
    }
}

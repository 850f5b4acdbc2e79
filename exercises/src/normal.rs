//! The normal form of a name: what stays of it when case, punctuation, spaces, diacritics, plurals and the place of a
//! "(Barbell)" no longer count.

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The name as one word, to compare with others: "Bench Presses (Barbell)" and "barbell bench-press" have the same one.
/// Empty when the name has neither a letter nor a digit.
pub fn key(name: &str) -> String {
    words(name).concat()
}

/// The words of a name in their order, what stands in brackets first.
pub fn words(name: &str) -> Vec<String> {
    let mut open = fold(name);
    let mut bracketed = String::new();
    while let Some((start, end)) = brackets(&open) {
        bracketed.push_str(&open[start + 1..end]);
        bracketed.push(' ');
        open.replace_range(start..=end, " ");
    }
    let is_break = |c: char| !c.is_alphanumeric();
    let pieces = bracketed.split(is_break).chain(open.split(is_break));
    pieces.filter(|word| !word.is_empty()).map(singular).collect()
}

/// Lower case without diacritics and apostrophes; compatibility forms as the plain ones.
fn fold(name: &str) -> String {
    if name.is_ascii() {
        return name.chars().filter(|c| *c != '\'').map(|c| c.to_ascii_lowercase()).collect();
    }
    let plain = name.nfkd().filter(|c| !is_combining_mark(*c) && !matches!(c, '\'' | '’' | '‘'));
    plain.flat_map(char::to_lowercase).collect::<String>().replace('ß', "ss").replace('ı', "i")
}

/// Where the first innermost pair of brackets begins and ends.
fn brackets(text: &str) -> Option<(usize, usize)> {
    let mut open = None;
    for (at, c) in text.bytes().enumerate() {
        match c {
            b'(' => open = Some(at),
            b')' if open.is_some() => return open.zip(Some(at)),
            _ => {}
        }
    }
    None
}

/// Without an English plural. Words that are as short as "abs", or end as "press", "gluteus" or "axis", stay.
fn singular(word: &str) -> String {
    let ends = |endings: &[&str]| endings.iter().any(|ending| word.ends_with(ending));
    let cut = |letters: usize| word[..word.len() - letters].to_owned();
    if word == "ups" {
        "up".to_owned()
    } else if word.chars().count() < 4 || !word.ends_with('s') || ends(&["ss", "us", "is"]) {
        word.to_owned()
    } else if ends(&["flyes", "sses", "shes", "ches", "xes"]) {
        cut(2)
    } else if ends(&["ies"]) {
        cut(3) + "y"
    } else {
        cut(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_one_name_have_one_key() {
        for (one, other) in [
            ("Bench Press (Barbell)", "barbell bench-press"),
            ("BENCH PRESSES (barbell)", "Barbell Bench Press"),
            ("Pull-ups", "pullup"),
            ("Dumbbell Flyes", "dumbbell fly"),
            ("Farmer's Walk", "farmers walk"),
            ("Bankdrücken", "BANKDRUCKEN"),
            ("Fußheben", "fussheben"),
            ("Elevación lateral", "elevacion  lateral"),
            ("Triceps Extension", "tricep extension"),
            ("Calf presses", "Calf Press"),
            ("Şınav", "ŞINAV"),
            ("Ｓｑｕａｔ", "squat"),
        ] {
            assert_eq!(key(one), key(other), "{one}");
        }
        assert_ne!(key("Leg press"), key("Leg curl"));
    }

    #[test]
    fn what_is_no_name_has_no_key_and_odd_brackets_are_punctuation() {
        for nothing in ["", " ", "()", "—", "🏋️", "\0", ")(", ".*+?"] {
            assert_eq!(key(nothing), "", "{nothing:?}");
        }
        assert_eq!(words("Row) (Cable"), ["row", "cable"]);
        assert_eq!(words("Row ((Cable) Seated)"), ["cable", "seated", "row"]);
        assert_eq!(words("Press (Cable) (Seated)"), ["cable", "seated", "press"]);
    }
}

//! Judges a text that something else, such as a language model, made of what the coach says: it may change the words,
//! never the facts.

use std::collections::BTreeSet;

use super::{Language, Style, number, words};
use crate::domain::exercise::Exercises;

/// Why a text is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Objection {
    Empty,
    /// More than 280 characters.
    TooLong,
    /// A number that the coach did not say, or not with this unit.
    Number(String),
    /// An exercise that the coach did not name.
    Exercise(String),
    /// A medical word.
    Medical(String),
    /// A character that hides what is said: a control character, a fraction, digits of another script.
    Character(char),
}

/// The most characters of a text.
const MAX_CHARS: usize = 280;
/// Stands for a number that is none of the language's; it equals nothing that was said.
const UNREADABLE: u64 = u64::MAX;

/// Everything that is wrong with a text; nothing when it may be shown instead of `said`, which the coach's templates
/// made for the same style. A number must occur in `said`, a load with its unit; so must the name of an exercise.
pub fn rephrased(text: &str, said: &[String], style: Style, exercises: &Exercises) -> Vec<Objection> {
    let mut found = Vec::new();
    if text.trim().is_empty() {
        found.push(Objection::Empty);
    }
    if text.chars().count() > MAX_CHARS {
        found.push(Objection::TooLong);
    }
    let hides = |c: &char| {
        c.is_control()
            || (c.is_numeric() && !c.is_ascii_digit())
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    found.extend(text.chars().filter(hides).map(Objection::Character));

    let allowed: BTreeSet<Quantity> = said.iter().flat_map(|sentence| quantities(sentence, style.language)).collect();
    let is_allowed = |quantity: &Quantity| {
        let same = |other: &Quantity| {
            other.number == quantity.number && (quantity.unit.is_none() || other.unit == quantity.unit)
        };
        allowed.iter().any(same)
    };
    let wrong = quantities(text, style.language).into_iter().filter(|quantity| !is_allowed(quantity));
    found.extend(wrong.map(|quantity| Objection::Number(quantity.as_written)));

    let all_said = plain(&said.join(" "));
    let mut left = plain(text);
    let mut names: Vec<String> = exercises
        .iter()
        .flat_map(|exercise| Language::ALL.map(|language| words::exercise(Some(exercise), "", language)))
        .map(|name| plain(&name))
        .filter(|name| name.trim().chars().count() > 3)
        .collect();
    // The longest first, so that a bench press is not found within an incline bench press.
    names.sort_by_key(|name| (std::cmp::Reverse(name.len()), name.clone()));
    names.dedup();
    for name in names {
        if left.contains(&name) {
            if !all_said.contains(&name) {
                found.push(Objection::Exercise(name.trim().to_owned()));
            }
            left = left.replace(&name, " ");
        }
    }
    let text = plain(text);
    let medical = MEDICAL.iter().filter(|stem| text.contains(&format!(" {stem}")));
    found.extend(medical.map(|stem| Objection::Medical((*stem).to_owned())));
    found
}

/// A number of a text, with what it counts if that is a load or a share.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Quantity {
    /// In hundredths.
    number: u64,
    unit: Option<&'static str>,
    as_written: String,
}

/// Every number of a text, in digits or in words.
fn quantities(text: &str, language: Language) -> Vec<Quantity> {
    let text = text.to_lowercase().replace(['\u{a0}', '\u{202f}'], " ");
    let mut found = Vec::new();
    let mut rest = text.as_str();
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        rest = &rest[start..];
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(rest.len());
        let written = rest[..end].trim_end_matches(['.', ',']);
        rest = &rest[end.max(1)..];
        // Such as 1.000,5 or, in German, 62.5.
        let hundredths = number::parse(written, language).map_or(UNREADABLE, |number| (number * 100.0).round() as u64);
        found.push(Quantity { number: hundredths, unit: unit(rest), as_written: written.to_owned() });
    }
    let plain = plain(&text);
    let words: Vec<&str> = plain.split_whitespace().collect();
    for (place, word) in words.iter().enumerate() {
        // An English "once" is no Spanish eleven.
        let is_english_once = *word == "once" && language == Language::En;
        if let Some(number) = in_words(word).filter(|_| !is_english_once) {
            let after = words.get(place + 1).copied().unwrap_or_default();
            found.push(Quantity {
                number: number.saturating_mul(100),
                unit: unit(after),
                as_written: (*word).to_owned(),
            });
        }
    }
    found
}

/// The unit that a text begins with.
fn unit(text: &str) -> Option<&'static str> {
    let text = text.trim_start();
    let units = [
        ("kg", ["kg", "kilo", "quilo"].as_slice()),
        ("lb", &["lb", "pound", "pfund", "libra"]),
        ("%", &["%", "percent", "prozent", "por ciento"]),
    ];
    units.into_iter().find(|(_, words)| words.iter().any(|word| text.starts_with(word))).map(|(unit, _)| unit)
}

/// Lower case, words apart by one space, a space at each end.
fn plain(text: &str) -> String {
    let spaced: String = text.to_lowercase().chars().map(|c| if c.is_alphanumeric() { c } else { ' ' }).collect();
    format!(" {} ", spaced.split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The number that a word means, from two on: "one" is an article in two of the languages.
fn in_words(word: &str) -> Option<u64> {
    const WORDS: [(u64, &str); 33] = [
        (2, "two zwei dos twice zweimal double doppelt doble"),
        (3, "three drei tres thrice dreimal triple dreifach"),
        (4, "four vier cuatro"),
        (5, "five fünf cinco"),
        (6, "six sechs seis"),
        (7, "seven sieben siete"),
        (8, "eight acht ocho"),
        (9, "nine neun nueve"),
        (10, "ten zehn diez"),
        (11, "eleven elf once"),
        (12, "twelve zwölf doce dozen dutzend docena"),
        (13, "thirteen dreizehn trece"),
        (14, "fourteen vierzehn catorce"),
        (15, "fifteen fünfzehn quince"),
        (16, "sixteen sechzehn dieciséis"),
        (17, "seventeen siebzehn diecisiete"),
        (18, "eighteen achtzehn dieciocho"),
        (19, "nineteen neunzehn diecinueve"),
        (20, "twenty zwanzig veinte"),
        (25, "fünfundzwanzig veinticinco"),
        (30, "thirty dreißig treinta"),
        (35, "fünfunddreißig"),
        (40, "forty vierzig cuarenta"),
        (45, "fünfundvierzig"),
        (50, "fifty fünfzig cincuenta"),
        (60, "sixty sechzig sesenta"),
        (70, "seventy siebzig setenta"),
        (80, "eighty achtzig ochenta"),
        (90, "ninety neunzig noventa"),
        (100, "hundred hundert cien ciento"),
        (200, "zweihundert doscientos"),
        (300, "dreihundert trescientos"),
        (1000, "thousand tausend mil"),
    ];
    // Numbers in one word, such as fünfundsechzig or veintidós, are not spelled out above: they are numbers all the
    // same.
    let is_compound = (word.contains("und") && (word.ends_with("zig") || word.ends_with("ßig")))
        || ["veinti", "dieci"].iter().any(|start| word.starts_with(start) && word.len() > start.len())
        || (word.ends_with("hundert") || word.ends_with("cientos") || word.ends_with("cientas"));
    let spelled = WORDS.iter().find(|(_, words)| words.split(' ').any(|one| one == word)).map(|(number, _)| *number);
    spelled.or(is_compound.then_some(UNREADABLE))
}

/// Beginnings of words that are a doctor's.
const MEDICAL: [&str; 45] = [
    "diagnos",
    "disease",
    "illness",
    "krankheit",
    "enfermedad",
    "tendinopath",
    "tendinit",
    "arthritis",
    "arthrose",
    "artritis",
    "artrosis",
    "hernia",
    "herniat",
    "bandscheib",
    "torn ",
    "tear ",
    "riss ",
    "desgarro",
    "sprain",
    "verstauch",
    "esguince",
    "fractur",
    "bruch ",
    "inflamm",
    "entzünd",
    "inflam",
    "medic",
    "medik",
    "drug",
    "painkiller",
    "schmerzmittel",
    "analg",
    "ibuprofen",
    "patholog",
    "symptom",
    "syndrom",
    "therap",
    "terapi",
    "treat",
    "heal",
    "heil",
    "cure",
    "kurier",
    "injur",
    "verletz",
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{exercise::named, profile::Unit};

    const ENGLISH: Style = Style { language: Language::En, unit: Unit::Kg };

    fn table() -> Exercises {
        ["Bench Press (Barbell)", "Incline Bench Press (Barbell)", "Squat (Barbell)"]
            .map(named::exercise)
            .into_iter()
            .collect()
    }

    fn judge(text: &str) -> Vec<Objection> {
        let said = ["Barbell bench press: 3 × 8 with 62.5\u{a0}kg".to_owned(), "It felt like RPE 7.".to_owned()];
        rephrased(text, &said, ENGLISH, &table())
    }

    #[test]
    fn other_words_for_the_same_facts_are_fine() {
        assert_eq!(judge("Nice work! Load 62.5 kg on the bar and do 3 sets of 8 - last time was an easy 7."), []);
        assert_eq!(judge("Barbell bench press again: three sets of eight with 62.5 kg."), []);
    }

    #[test]
    fn a_number_that_was_not_said_is_refused() {
        assert_eq!(judge("Do 3 sets of 8 with 65 kg."), [Objection::Number("65".into())]);
        assert_eq!(judge("Do four sets of 8."), [Objection::Number("four".into())]);
        assert_eq!(judge("Do 3 sets of 8 with 62,5 kg."), [Objection::Number("62,5".into())]);
        assert_eq!(judge("Add ½ a plate."), [Objection::Character('½')]);
        for text in ["Nimm fünfundsechzig Kilo.", "Pon veintidós más.", "Use sixty-two kilos.", "Do 62.5.1 kg."] {
            assert!(judge(text).iter().any(|one| matches!(one, Objection::Number(_))), "{text}");
        }
    }

    #[test]
    fn a_number_with_another_unit_is_another_number() {
        assert_eq!(judge("Do 3 sets of 8 with 62.5 lb."), [Objection::Number("62.5".into())]);
        assert_eq!(judge("Lift 8 kg."), [Objection::Number("8".into())]);
    }

    #[test]
    fn an_exercise_that_was_not_named_is_refused() {
        assert_eq!(judge("Do the barbell back squat instead."), [Objection::Exercise("barbell back squat".into())]);
        assert_eq!(
            judge("Barbell incline bench press, 3 × 8."),
            [Objection::Exercise("barbell incline bench press".into())]
        );
    }

    #[test]
    fn a_doctor_s_words_are_refused_in_every_language() {
        for text in ["This will heal you.", "Das ist keine Verletzung.", "Parece una tendinitis."] {
            assert!(matches!(judge(text)[..], [Objection::Medical(_)]), "{text}: {:?}", judge(text));
        }
    }

    #[test]
    fn a_long_or_an_empty_text_is_refused() {
        assert_eq!(judge(&"a ".repeat(141)), [Objection::TooLong]);
        assert_eq!(judge(" "), [Objection::Empty]);
        assert_eq!(judge("Do it\u{200b} now"), [Objection::Character('\u{200b}')]);
    }
}

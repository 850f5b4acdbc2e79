//! What somebody says of an exercise of their own.

use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// The name of somebody's own exercise, 1 to 100 characters: in Unicode NFC, with single spaces and nothing that cannot be seen.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ExerciseName(String);
schema!(ExerciseName, "ExerciseName", {
    "type": "string", "minLength": 1, "maxLength": 100, "examples": ["Zercher carry"],
    "description": "A name with a letter or a digit in it."
});

const MAX_CHARACTERS: usize = 100;

impl ExerciseName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl TryFrom<String> for ExerciseName {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let seen = |c: &char| c.is_whitespace() || !c.is_control() && !is_invisible(*c);
        let seen: String = text.nfc().filter(seen).collect();
        let name = seen.split_whitespace().collect::<Vec<_>>().join(" ");
        if !name.contains(char::is_alphanumeric) {
            return Err("a name must have a letter or a digit");
        }
        if name.chars().count() > MAX_CHARACTERS {
            return Err("a name must have at most 100 characters");
        }
        Ok(Self(name))
    }
}
impl From<ExerciseName> for String {
    fn from(name: ExerciseName) -> Self {
        name.0
    }
}

fn is_invisible(c: char) -> bool {
    CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

/// A code of the catalogue for a muscle or for equipment: `lats`, `pull-up-bar`. Which ones there are is for the service to say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Term(String);
schema!(Term, "Term", { "type": "string", "pattern": "^[a-z-]{1,32}$", "description": "A code of the exercise catalogue." });

impl Term {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl TryFrom<String> for Term {
    type Error = &'static str;
    fn try_from(term: String) -> Result<Self, Self::Error> {
        let is_code = (1..=32).contains(&term.len()) && term.bytes().all(|c| c.is_ascii_lowercase() || c == b'-');
        if is_code { Ok(Self(term)) } else { Err("a code must be 1 to 32 characters of a-z and -") }
    }
}
impl From<Term> for String {
    fn from(term: Term) -> Self {
        term.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_kept_as_it_is_seen() {
        let named = |text: &str| ExerciseName::try_from(text.to_owned()).map(String::from);
        assert_eq!(named("  Zercher\t carry\u{200b} ").as_deref(), Ok("Zercher carry"));
        assert_eq!(named("U\u{308}bung 1").as_deref(), Ok("\u{dc}bung 1"));
        assert!(named(&"\u{e9}".repeat(100)).is_ok());
        for wrong in ["", " ", "\u{200b}", "🏋️", "...", &"e".repeat(101)] {
            assert!(named(wrong).is_err(), "{wrong}");
        }
    }
}

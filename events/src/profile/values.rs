//! The values of a profile, valid by construction.

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

use crate::email::is_invisible;

/// 1900 to 2100; that it is not ahead is decided where there is a clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct BirthYear(u16);
schema!(BirthYear, "BirthYear", { "type": "integer", "minimum": 1900, "maximum": 2100, "description": "Not ahead." });

impl TryFrom<u16> for BirthYear {
    type Error = &'static str;
    fn try_from(year: u16) -> Result<Self, Self::Error> {
        if (1900..=2100).contains(&year) { Ok(Self(year)) } else { Err("a year of birth must be 1900 to 2100") }
    }
}
impl From<BirthYear> for u16 {
    fn from(year: BirthYear) -> Self {
        year.0
    }
}

/// Centimetres, 50 to 272.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct HeightCm(u16);
schema!(HeightCm, "HeightCm", { "type": "integer", "minimum": 50, "maximum": 272, "description": "Centimetres." });

impl TryFrom<u16> for HeightCm {
    type Error = &'static str;
    fn try_from(height: u16) -> Result<Self, Self::Error> {
        if (50..=272).contains(&height) { Ok(Self(height)) } else { Err("a height must be 50 to 272 cm") }
    }
}
impl From<HeightCm> for u16 {
    fn from(height: HeightCm) -> Self {
        height.0
    }
}

/// What somebody is called, 1 to 50 characters on one line: Unicode NFC, trimmed. No `Debug`: it is personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DisplayName(String);
schema!(DisplayName, "DisplayName", { "type": "string", "minLength": 1, "maxLength": 50, "description": "One line that can be seen." });

impl DisplayName {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl TryFrom<String> for DisplayName {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let text: String = text.trim_matches(is_invisible).nfc().collect();
        // Joiners belong to some scripts and to emoji; what turns the direction of what follows belongs to no name.
        let is_wrong = |c: char| c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
        if (1..=50).contains(&text.chars().count()) && !text.contains(is_wrong) {
            Ok(Self(text))
        } else {
            Err("a display name must be 1 to 50 characters on one line")
        }
    }
}
impl From<DisplayName> for String {
    fn from(text: DisplayName) -> Self {
        text.0
    }
}
impl std::fmt::Debug for DisplayName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("DisplayName(…)")
    }
}

/// How somebody is found: a letter and 2 to 29 more of letters, digits and `_`. ASCII, so that none looks like another's.
/// Its `Debug` is empty: it is personal.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Handle(String);
schema!(Handle, "Handle", { "type": "string", "pattern": "^[A-Za-z][A-Za-z0-9_]{2,29}$", "description": "Unique, whether in upper or lower case." });

impl Handle {
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Equal for all spellings of one handle.
    pub fn key(&self) -> String {
        self.0.to_ascii_lowercase()
    }
}
impl TryFrom<String> for Handle {
    type Error = &'static str;
    fn try_from(text: String) -> Result<Self, Self::Error> {
        let begins = text.starts_with(|c: char| c.is_ascii_alphabetic());
        let valid = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if begins && (3..=30).contains(&text.len()) && text.chars().all(valid) {
            Ok(Self(text))
        } else {
            Err("a handle must be 3 to 30 letters, digits and _, and begin with a letter")
        }
    }
}
impl From<Handle> for String {
    fn from(handle: Handle) -> Self {
        handle.0
    }
}
impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle(…)")
    }
}

/// A kind of equipment of the catalogue of exercises: `pull-up-bar`. Whether there is such a kind is decided by who knows the
/// catalogue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct EquipmentSlug(String);
schema!(EquipmentSlug, "EquipmentSlug", { "type": "string", "pattern": "^[a-z-]{1,32}$", "description": "Slug of a kind of equipment of the catalogue." });

impl EquipmentSlug {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
impl TryFrom<String> for EquipmentSlug {
    type Error = &'static str;
    fn try_from(slug: String) -> Result<Self, Self::Error> {
        if (1..=32).contains(&slug.len()) && slug.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-') {
            Ok(Self(slug))
        } else {
            Err("a kind of equipment must be 1 to 32 characters of a-z and -")
        }
    }
}
impl From<EquipmentSlug> for String {
    fn from(slug: EquipmentSlug) -> Self {
        slug.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_display_name_is_one_line_that_can_be_seen() {
        let read = |text: &str| DisplayName::try_from(text.to_owned()).map(String::from);
        assert_eq!(read(" \u{feff}A\u{308}da L. \u{200b}").as_deref(), Ok("Äda L."));
        assert_eq!(read("👩\u{200d}🔬").as_deref(), Ok("👩\u{200d}🔬"));
        for wrong in ["", " \u{200b}", "a\nb", "a\u{202e}b", &"x".repeat(51)] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }

    #[test]
    fn a_handle_is_the_same_in_upper_and_lower_case() {
        let read = |text: &str| Handle::try_from(text.to_owned()).map(|handle| handle.key());
        assert_eq!((read("Ada_1"), read("aDA_1")), (Ok("ada_1".into()), Ok("ada_1".into())));
        for wrong in ["", "ab", "1ab", "_ab", "a-b", "aдa", "a b", &"x".repeat(31)] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}

//! The languages of the catalogue, and which of them somebody reads.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use strum::{Display, VariantArray};

/// A language that every exercise is told in.
#[derive(
    Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema, Display, VariantArray, Default,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Language {
    #[default]
    En,
    De,
    Es,
}

impl Language {
    pub const ALL: [Self; 3] = [Self::En, Self::De, Self::Es];

    /// The one that is wanted most: `de-AT`, or as in `Accept-Language: fr, de;q=0.8`. Nothing if it is none of these.
    pub fn wanted(list: &str) -> Option<Self> {
        let mut best: Option<(f64, Self)> = None;
        for one in list.split(',').take(32) {
            let (tag, weight) = one.split_once(";q=").unwrap_or((one, "1"));
            let weight: f64 = weight.trim().parse().unwrap_or(0.0);
            let language = match tag.trim().split(['-', '_']).next().unwrap_or_default().to_ascii_lowercase().as_str() {
                "en" => Self::En,
                "de" => Self::De,
                "es" => Self::Es,
                _ => continue,
            };
            // Of equals the first; not a number, or 0, is unwanted.
            if weight > best.map_or(0.0, |(best, _)| best) {
                best = Some((weight, language));
            }
        }
        best.map(|(_, language)| language)
    }

    pub(super) const fn of(self, texts: [&'static str; 3]) -> &'static str {
        match self {
            Self::En => texts[0],
            Self::De => texts[1],
            Self::Es => texts[2],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_language_that_is_wanted_most_is_found() {
        for (list, language) in [
            ("de", Some(Language::De)),
            ("es-MX", Some(Language::Es)),
            ("de_AT", Some(Language::De)),
            ("fr, en;q=0.5, de;q=0.8", Some(Language::De)),
            ("de;q=0, en;q=0.1", Some(Language::En)),
            ("fr, *", None),
            ("", None),
        ] {
            assert_eq!(Language::wanted(list), language, "{list}");
        }
    }
}

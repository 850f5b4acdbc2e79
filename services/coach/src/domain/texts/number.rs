//! Numbers as a language writes them.

use super::Language;
use crate::domain::profile::{POUND_KG, Unit};

/// A number with at most so many decimals, without trailing zeros; `−` is never needed.
pub(super) fn decimal(number: f64, decimals: usize, language: Language) -> String {
    let fixed = format!("{:.decimals$}", number.abs());
    let short = if decimals > 0 { fixed.trim_end_matches('0').trim_end_matches('.') } else { &fixed };
    match language {
        Language::En => short.to_owned(),
        Language::De | Language::Es => short.replace('.', ","),
    }
}

/// A load in the person's unit; a non-breaking space keeps them together.
pub(super) fn load(kg: f64, unit: Unit, language: Language) -> String {
    match unit {
        Unit::Kg => format!("{}\u{a0}kg", decimal(kg, 2, language)),
        Unit::Lb => format!("{}\u{a0}lb", decimal(kg / POUND_KG, 1, language)),
    }
}

/// A percentage; English sets no space before the sign.
pub(super) fn percent(percent: f64, language: Language) -> String {
    let number = decimal(percent, 0, language);
    match language {
        Language::En => format!("{number}%"),
        Language::De | Language::Es => format!("{number}\u{a0}%"),
    }
}

/// A number as the language writes it: digits with at most one decimal mark.
pub(super) fn parse(text: &str, language: Language) -> Option<f64> {
    let plain = match language {
        Language::En => text.to_owned(),
        Language::De | Language::Es => text.replace(',', "."),
    };
    plain.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_written_as_the_language_writes_it() {
        assert_eq!(load(62.5, Unit::Kg, Language::En), "62.5\u{a0}kg");
        assert_eq!(load(62.5, Unit::Kg, Language::De), "62,5\u{a0}kg");
        assert_eq!(load(100.0, Unit::Kg, Language::Es), "100\u{a0}kg");
        assert_eq!(load(61.25, Unit::Kg, Language::Es), "61,25\u{a0}kg");
        assert_eq!(load(225.0 * POUND_KG, Unit::Lb, Language::De), "225\u{a0}lb");
        assert_eq!(percent(12.4, Language::En), "12%");
        assert_eq!(percent(12.6, Language::De), "13\u{a0}%");
        assert_eq!(decimal(120.0, 0, Language::En), "120");
    }
}

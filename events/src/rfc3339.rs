//! Times as RFC 3339 has them, 5.6: other notations of ISO 8601 are refused, so that what is accepted can be given back.
//! `#[serde(with = "rfc3339")]` reads a [`Timestamp`] so.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error};

pub(crate) const FORM: &str = "a time must be RFC 3339 with its UTC offset, such as 2026-11-24T18:30:00+01:00";

/// How a text is a date and time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Rfc3339,
    /// Its offset has seconds, `+01:00:30`, which earlier versions accepted and kept.
    SecondsInOffset,
}

/// Which form a text has, if it is one; whether there is such a day is not looked at.
pub(crate) fn form(text: &str) -> Option<Form> {
    let (date_and_time, rest) = text.split_at_checked("0000-00-00T00:00:00".len())?;
    if !has_digits(&date_and_time.replace('t', "T"), "0000-00-00T00:00:00") {
        return None;
    }
    let offset = match rest.strip_prefix('.') {
        Some(rest) => {
            let offset = rest.trim_start_matches(|c: char| c.is_ascii_digit());
            (offset.len() < rest.len()).then_some(offset)?
        }
        None => rest,
    };
    if matches!(offset, "Z" | "z") {
        return Some(Form::Rfc3339);
    }
    let digits = offset.strip_prefix(['+', '-'])?;
    let (hour, rest) = digits.split_at_checked(2)?;
    let is_in_a_day = hour <= "23" && rest.split(':').skip(1).all(|part| part <= "59");
    match digits {
        _ if !is_in_a_day => None,
        _ if has_digits(digits, "00:00") => Some(Form::Rfc3339),
        _ if has_digits(digits, "00:00:00") => Some(Form::SecondsInOffset),
        _ => None,
    }
}

/// Whether a text has digits where the pattern has zeros, and is otherwise the same.
fn has_digits(text: &str, pattern: &str) -> bool {
    let matches = |(byte, wanted): (u8, u8)| if wanted == b'0' { byte.is_ascii_digit() } else { byte == wanted };
    text.len() == pattern.len() && text.bytes().zip(pattern.bytes()).all(matches)
}

pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = String::deserialize(deserializer)?;
    let timestamp = if form(&text) == Some(Form::Rfc3339) { text.parse().ok() } else { None };
    timestamp.ok_or_else(|| D::Error::custom(FORM))
}

pub(crate) fn serialize<S: Serializer>(timestamp: &Timestamp, serializer: S) -> Result<S::Ok, S::Error> {
    timestamp.serialize(serializer)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_rfc_3339_does_not_write_is_not_read() {
        for right in [
            "2026-11-20T18:30:00Z",
            "2026-11-20t18:30:00z",
            "2026-11-20T18:30:00.123456789-08:00",
            "2026-11-20T18:30:00+23:59",
        ] {
            assert_eq!(form(right), Some(Form::Rfc3339), "{right}");
        }
        assert_eq!(form("2026-11-20T18:30:00+01:00:30"), Some(Form::SecondsInOffset));
        for wrong in [
            "",
            "soon",
            "2026-11-20",
            "2026-11-20T18:30:00",
            "2026-11-20T18:30Z",
            "2026-11-20 18:30:00Z",
            "20261120T183000Z",
            "2026-11-20T18:30:00+01",
            "2026-11-20T18:30:00+0100",
            "2026-11-20T18:30:00+24:00",
            "2026-11-20T18:30:00+01:60",
            "2026-11-20T18:30:00.Z",
            "2026-11-20T18:30:00,5Z",
            "2026-11-20T18:30:00+01:00[Europe/Berlin]",
            "+002026-11-20T18:30:00Z",
            "2026-11-20T18:30:0\u{660}Z",
            " 2026-11-20T18:30:00Z",
        ] {
            assert_eq!(form(wrong), None, "{wrong}");
        }
    }
}

//! CloudEvents attributes in headers, as its NATS binding has them (1.0.3-wip, 3.1.3): read whoever wrote them.

use std::{borrow::Cow, str::FromStr};

use async_nats::{HeaderMap, HeaderName, HeaderValue};
use percent_encoding::{AsciiSet, CONTROLS, percent_decode_str, utf8_percent_encode};

use super::wire::{WireError, set};

/// What a value cannot hold as it is: besides these, everything outside printable ASCII.
const ENCODED: &AsciiSet = &CONTROLS.add(b' ').add(b'"').add(b'%');

/// A header, in whatever case its name is written, decoded.
///
/// # Errors
/// When the value is not UTF-8 once it is decoded.
pub(crate) fn attribute<'a>(headers: &'a HeaderMap, name: &'static str) -> Result<Option<Cow<'a, str>>, WireError> {
    let exact = headers.get(HeaderName::from_static(name));
    let Some(value) = exact.or_else(|| in_another_case(headers, name)) else { return Ok(None) };
    decoded(value.as_str()).map(Some).ok_or(WireError::Header(name))
}

/// An attribute that can be read as a `T`; anything else counts as absent.
pub(crate) fn parsed<T: FromStr>(headers: &HeaderMap, name: &'static str) -> Option<T> {
    attribute(headers, name).ok()??.parse().ok()
}

/// # Errors
/// When it is missing or cannot be read.
pub(crate) fn required<T: FromStr>(headers: &HeaderMap, name: &'static str) -> Result<T, WireError> {
    parsed(headers, name).ok_or(WireError::Header(name))
}

/// Writes a text that may hold any character.
pub(crate) fn set_text(headers: &mut HeaderMap, name: &'static str, text: String) {
    match Cow::from(utf8_percent_encode(&text, ENCODED)) {
        Cow::Borrowed(_) => set(headers, name, text),
        Cow::Owned(encoded) => set(headers, name, encoded),
    }
}

/// NATS compares names exactly; the binding does not, and clients that know HTTP write `Content-Type`.
fn in_another_case<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a HeaderValue> {
    let (_, values) = headers.iter().find(|(found, _)| {
        let found: &str = (*found).as_ref();
        found.eq_ignore_ascii_case(name)
    })?;
    values.first()
}

/// Unquoted, then percent-decoded once. A `%` that begins no code stands for itself, as in earlier versions of the binding.
fn decoded(value: &str) -> Option<Cow<'_, str>> {
    if !value.contains(['"', '%']) {
        return Some(Cow::Borrowed(value));
    }
    let unquoted = unquoted(value);
    let decoded = percent_decode_str(unquoted.as_deref().unwrap_or(value)).decode_utf8().ok()?;
    Some(Cow::Owned(decoded.into_owned()))
}

/// The content of a quoted string, where `\` stands for what follows it.
fn unquoted(value: &str) -> Option<String> {
    let quoted = value.strip_prefix('"')?.strip_suffix('"')?;
    let mut text = String::with_capacity(quoted.len());
    let mut characters = quoted.chars();
    while let Some(c) = characters.next() {
        text.push(if c == '\\' { characters.next()? } else { c });
    }
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "ce-subject";

    fn read(value: &str) -> Option<String> {
        let mut headers = HeaderMap::new();
        headers.insert("Ce-Subject", value);
        attribute(&headers, NAME).ok().flatten().map(Cow::into_owned)
    }

    #[test]
    fn a_value_is_written_as_the_binding_says_and_read_as_it_was() {
        for (text, written) in [
            ("plyo/workout", "plyo/workout"),
            ("Euro \u{20ac} \u{1f600}", "Euro%20%E2%82%AC%20%F0%9F%98%80"),
            ("100 % \"sure\"\r\n", "100%20%25%20%22sure%22%0D%0A"),
            ("\u{7f}~!", "%7F~!"),
        ] {
            let mut headers = HeaderMap::new();
            set_text(&mut headers, NAME, text.to_owned());
            assert_eq!(headers.get(NAME).unwrap().as_str(), written);
            assert_eq!(read(written).as_deref(), Some(text));
        }
    }

    #[test]
    fn a_value_is_read_as_others_write_it() {
        for (written, text) in [
            ("%e2%82%ac", Some("\u{20ac}")),
            ("%77orkout", Some("workout")),
            ("%2541", Some("%41")),
            ("100 %", Some("100 %")),
            ("\"a \\\"b\\\" \\\\ %41\"", Some("a \"b\" \\ A")),
            ("\"half", Some("\"half")),
            ("%C0%A0", None),
            ("%FF", None),
        ] {
            assert_eq!(read(written).as_deref(), text, "{written}");
        }
    }
}

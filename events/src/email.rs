//! E-mail addresses, and which of them are one mailbox.

use icu_properties::{CodePointSetData, props::DefaultIgnorableCodePoint};
use idna::{AsciiDenyList, domain_to_ascii_cow, domain_to_unicode};
use unicode_normalization::UnicodeNormalization;

/// An e-mail address as somebody typed it. No `Debug`: it is personal.
#[derive(Clone, PartialEq, Eq)]
pub struct EmailAddress {
    typed: String,
    mailbox: Result<Mailbox, &'static str>,
}

/// Where mail arrives, however its address is typed: an account has one, and is limited by it. No `Debug`: it is personal.
#[derive(Clone, PartialEq, Eq)]
pub struct Mailbox {
    key: String,
    shown: String,
}

/// RFC 5321, 4.5.3.1.3.
const MAX_CHARACTERS: usize = 254;

impl EmailAddress {
    pub fn read(text: &str) -> Self {
        Self { typed: text.trim().to_lowercase(), mailbox: Mailbox::parse(text) }
    }

    /// # Errors
    /// A sentence that says why nobody can get mail there.
    pub fn mailbox(&self) -> Result<&Mailbox, &'static str> {
        self.mailbox.as_ref().map_err(|why| *why)
    }

    /// As it was typed, trimmed and in lower case: accounts used to be compared by that.
    pub fn typed(&self) -> &str {
        &self.typed
    }

    /// For people: as the owner of its host writes it, or as it was typed.
    pub fn shown(&self) -> &str {
        self.mailbox.as_ref().map_or(&self.typed, |mailbox| &mailbox.shown)
    }

    /// What its log-ins are counted under, whether or not it is anybody's.
    pub fn key(&self) -> &str {
        self.mailbox.as_ref().map_or(&self.typed, |mailbox| &mailbox.key)
    }
}

impl Mailbox {
    /// Only sending a mail could verify more.
    fn parse(text: &str) -> Result<Self, &'static str> {
        let text = text.trim_matches(is_invisible);
        if text.chars().count() > MAX_CHARACTERS {
            return Err(TOO_LONG);
        }
        let (name, host) = match text.split('@').collect::<Vec<_>>()[..] {
            [name, host] if !name.is_empty() && !host.is_empty() => (name, host),
            _ => return Err("an e-mail address must be a name, one @ and a host"),
        };
        if name.contains(|c: char| c.is_control() || is_invisible(c)) {
            return Err("an e-mail address must not contain spaces or characters that cannot be seen");
        }
        // Normalised twice: lower case can be decomposed.
        let name: String = name.nfc().collect::<String>().to_lowercase().nfc().collect();
        let host = ascii(host).ok_or("the host of an e-mail address must be a domain name")?;
        let key = format!("{name}@{host}");
        if key.chars().count() > MAX_CHARACTERS {
            return Err(TOO_LONG);
        }
        Ok(Self { key, shown: format!("{name}@{}", domain_to_unicode(&host).0) })
    }

    /// Equal for all spellings of one mailbox: Unicode NFC, in lower case, with the host in ASCII.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// For people: the host as its owner writes it.
    pub fn shown(&self) -> &str {
        &self.shown
    }
}

const TOO_LONG: &str = "an e-mail address must have at most 254 characters";

/// A host as the domain name system knows it (UTS 46), without the dot of the root.
fn ascii(host: &str) -> Option<String> {
    let host = domain_to_ascii_cow(host.as_bytes(), AsciiDenyList::URL).ok()?;
    let host = host.strip_suffix('.').unwrap_or(&host);
    host.split('.').all(|label| !label.is_empty()).then(|| host.to_owned())
}

/// Whether nothing is seen of it: spaces of all widths, joiners, marks of direction, byte order marks.
pub(crate) fn is_invisible(c: char) -> bool {
    c.is_whitespace() || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Result<String, &'static str> {
        EmailAddress::read(text).mailbox().map(|mailbox| mailbox.key().to_owned())
    }

    #[test]
    fn every_spelling_of_a_mailbox_is_that_mailbox() {
        let spellings: [(&str, &[&str]); 4] = [
            (
                "x@example.org",
                &[
                    "x@example.org",
                    "X@Example.ORG",
                    "  x@example.org\n",
                    "\u{200b}x@example.org",
                    "\u{feff}x@example.org\u{200e}",
                    "\u{202a}x@example.org\u{202c}",
                    "x@example.org\u{a0}\u{ad}\u{2060}",
                    "x@example.org.",
                    "x@example.org\u{3002}",
                    "x@example\u{ff0e}org",
                    "x@\u{ff45}xample.org",
                    "x@exam\u{ad}ple.org",
                ],
            ),
            ("x@xn--bcher-kva.de", &["x@bücher.de", "x@BÜCHER.de.", "x@bu\u{308}cher.de", "x@XN--bcher-KVA.de"]),
            ("jos\u{e9}@example.org", &["jose\u{301}@example.org", "JOS\u{c9}@example.org", "JOSE\u{301}@example.org"]),
            ("ada@localhost", &["Ada@LOCALHOST"]),
        ];
        for (mailbox, typed) in spellings {
            for text in typed {
                assert_eq!(key(text), Ok(mailbox.to_owned()), "{text:?}");
                assert_eq!(EmailAddress::read(text).key(), mailbox);
            }
            assert_eq!(key(mailbox).unwrap(), mailbox, "its key names it, too");
        }
    }

    #[test]
    fn different_mailboxes_stay_different() {
        let others =
            ["x@example.org", "x+gym@example.org", "x.y@example.org", "xy@example.org", "x@example.com", "ẋ@b", "x@b"];
        for (index, one) in others.iter().enumerate() {
            assert!(others[..index].iter().all(|other| key(other).unwrap() != key(one).unwrap()), "{one}");
        }
    }

    #[test]
    fn a_host_is_shown_as_its_owner_writes_it() {
        for text in ["Ada@XN--bcher-KVA.de", "ada@Bücher.de."] {
            assert_eq!(EmailAddress::read(text).mailbox().unwrap().shown(), "ada@bücher.de");
        }
    }

    #[test]
    fn what_is_no_mailbox_says_why_and_is_still_counted() {
        let long = format!("{}@b", "a".repeat(253));
        let long_host = format!("a@{}.de", "ü".repeat(251));
        let wrong = [
            "",
            " ",
            "\u{200b}",
            "ada",
            "@b",
            "a@",
            "a@b@c",
            "a@b\u{ff20}c",
            "a b@c",
            "a\0@b",
            "a\n@b",
            "a@b c",
            "a\u{200b}@b",
            "a@b..c",
            "a@.",
            "a@..",
            "a@.b",
            "a@b/c",
            "a@xn--\u{fffd}",
            &long,
            &long_host,
        ];
        for text in wrong {
            assert!(key(text).is_err(), "{text:?}");
            assert_eq!(EmailAddress::read(&format!(" {}", text.to_uppercase())).key(), text.trim().to_lowercase());
        }
    }
}

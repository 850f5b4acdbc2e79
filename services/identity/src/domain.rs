//! The rules for e-mail addresses and passwords.

use plyo_events::{EmailAddress, Mailbox, Rejection, Violation};
use unicode_normalization::{UnicodeNormalization, is_nfc};

use crate::common::is_common;

/// A password as somebody typed it. No `Debug`: it is a secret.
pub(crate) struct Password {
    /// As it is hashed: Unicode NFC (NIST SP 800-63B, 5.1.1.2), since keyboards differ in how they compose an accent.
    pub normal: String,
    /// Where that differs. Earlier versions hashed it so.
    pub typed: Option<String>,
}

impl Password {
    pub(crate) fn read(typed: String) -> Self {
        if is_nfc(&typed) {
            return Self { normal: typed, typed: None };
        }
        Self { normal: typed.nfc().collect(), typed: Some(typed) }
    }
}

/// Validates a sign-up.
///
/// # Errors
/// `invalid_body`, with all violations.
pub(crate) fn sign_up<'a>(email: &'a EmailAddress, password: &Password) -> Result<&'a Mailbox, Rejection> {
    let mailbox = email.mailbox();
    let violations = [("/email", mailbox.err()), ("/password", wrong_password(password))];
    let violations: Vec<_> = violations.into_iter().filter_map(violation).collect();
    mailbox.ok().filter(|_| violations.is_empty()).ok_or_else(|| Rejection::violations(violations))
}

/// Validates a password that replaces another.
///
/// # Errors
/// `invalid_body`.
pub(crate) fn new_password(password: &Password) -> Result<(), Rejection> {
    match violation(("/password", wrong_password(password))) {
        Some(violation) => Err(Rejection::violations(vec![violation])),
        None => Ok(()),
    }
}

/// Whether something can be called so by its owner.
pub(crate) fn is_name(text: &str) -> bool {
    (1..=64).contains(&text.chars().count()) && !text.contains('\0')
}

/// Validates a log-in: the rules of sign-up do not apply, since input that breaks them is simply wrong, but NUL is never
/// allowed.
///
/// # Errors
/// `invalid_body`.
pub(crate) fn log_in(email: &str, password: &str) -> Result<EmailAddress, Rejection> {
    let nul = |text: &str| text.contains('\0').then_some(NUL);
    let violations = [("/email", nul(email)), ("/password", nul(password))];
    let violations: Vec<_> = violations.into_iter().filter_map(violation).collect();
    if violations.is_empty() { Ok(EmailAddress::read(email)) } else { Err(Rejection::violations(violations)) }
}

const NUL: &str = "text must not contain NUL";

fn wrong_password(Password { normal, .. }: &Password) -> Option<&'static str> {
    if normal.contains('\0') {
        return Some(NUL);
    }
    if !(8..=256).contains(&normal.chars().count()) {
        return Some("a password must have 8 to 256 characters");
    }
    is_common(normal).then_some("this password is one of those that are tried first; choose another")
}

fn violation((pointer, detail): (&str, Option<&str>)) -> Option<Violation> {
    Some(Violation { pointer: pointer.to_owned(), detail: detail?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(email: &str, password: &str) -> Vec<String> {
        let refused = sign_up(&EmailAddress::read(email), &Password::read(password.to_owned())).err();
        refused.into_iter().flat_map(|reject| reject.violations).map(|violation| violation.pointer).collect()
    }

    #[test]
    fn what_cannot_be_an_email_is_pointed_at() {
        for wrong in ["", "ada", "@b", "a@", "a@b@c", "a b@c", "a\0@b", "a\n@b", "a\u{200b}@b"] {
            assert_eq!(pointers(wrong, "correct horse"), ["/email"], "{wrong:?}");
        }
    }

    #[test]
    fn a_password_has_8_to_256_characters_whatever_they_are() {
        let long = |length: u32| (0..length).filter_map(|n| char::from_u32(0x21 + n * 7 % 94)).collect::<String>();
        for right in ["sbwq4321", "ÄÖÜßäöü€", "A\u{308}O\u{308}U\u{308}ßäöü€", " spaces ", &long(256)] {
            assert!(pointers("a@b", right).is_empty(), "{right:?}");
        }
        for wrong in
            ["", "sbwq432", "ÄÖÜäöü€", "a\u{308}a\u{308}a\u{308}a\u{308}", "with a \0 in it", "Sommer2024!", &long(257)]
        {
            assert_eq!(pointers("a@b", wrong), ["/password"], "{wrong:?}");
        }
        assert_eq!(pointers("", ""), ["/email", "/password"]);
    }

    #[test]
    fn an_accent_is_the_same_however_it_is_composed() {
        let [one, other] = ["caf\u{e9} noir", "cafe\u{301} noir"].map(|typed| Password::read(typed.to_owned()));
        assert!(one.normal == other.normal && one.typed.is_none());
        assert_eq!(other.typed.as_deref(), Some("cafe\u{301} noir"));
    }

    #[test]
    fn a_log_in_that_breaks_the_rules_is_wrong_rather_than_invalid() {
        assert!(log_in("nobody", "short").ok().unwrap().mailbox().is_err());
        assert_eq!(log_in("A@B", "x").ok().unwrap().key(), "a@b");
        let refused = log_in("a\0@b", "\0").err().unwrap().violations;
        assert_eq!(
            refused.iter().map(|violation| violation.pointer.as_str()).collect::<Vec<_>>(),
            ["/email", "/password"]
        );
    }
}

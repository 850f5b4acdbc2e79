//! The rules for e-mail addresses and passwords.

use plyo_events::{Rejection, Violation};

/// An e-mail address in stored form: trimmed and lower-cased. No `Debug`: it is personal.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Email(String);

impl Email {
    /// At most 254 characters (RFC 5321), with one `@` between two parts. Only sending a mail could verify more.
    pub(crate) fn parse(text: &str) -> Result<Self, &'static str> {
        let email = text.trim().to_lowercase();
        if email.chars().count() > 254 {
            return Err("an e-mail address must have at most 254 characters");
        }
        if email.chars().any(|c| c.is_whitespace() || c.is_control()) {
            return Err("an e-mail address must not contain spaces or control characters");
        }
        match email.split('@').collect::<Vec<_>>()[..] {
            [local, host] if !local.is_empty() && !host.is_empty() => Ok(Self(email)),
            _ => Err("an e-mail address must be a name, one @ and a host"),
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// Validates a sign-up.
///
/// # Errors
/// `invalid_body`, with all violations.
pub(crate) fn sign_up(email: &str, password: &str) -> Result<Email, Rejection> {
    let email = Email::parse(email);
    let violations = [("/email", email.as_ref().err().copied()), ("/password", wrong_password(password))];
    let violations: Vec<_> = violations.into_iter().filter_map(violation).collect();
    email.ok().filter(|_| violations.is_empty()).ok_or_else(|| Rejection::violations(violations))
}

/// Validates a log-in: the rules of sign-up do not apply, since input that breaks them is simply wrong, but NUL is never
/// allowed. `None` is an e-mail address that nobody can have.
///
/// # Errors
/// `invalid_body`.
pub(crate) fn log_in(email: &str, password: &str) -> Result<Option<Email>, Rejection> {
    let nul = |text: &str| text.contains('\0').then_some(NUL);
    let violations = [("/email", nul(email)), ("/password", nul(password))];
    let violations: Vec<_> = violations.into_iter().filter_map(violation).collect();
    if violations.is_empty() { Ok(Email::parse(email).ok()) } else { Err(Rejection::violations(violations)) }
}

const NUL: &str = "text must not contain NUL";

fn wrong_password(password: &str) -> Option<&'static str> {
    if password.contains('\0') {
        return Some(NUL);
    }
    let allowed = (8..=256).contains(&password.chars().count());
    (!allowed).then_some("a password must have 8 to 256 characters")
}

fn violation((pointer, detail): (&str, Option<&str>)) -> Option<Violation> {
    Some(Violation { pointer: pointer.to_owned(), detail: detail?.to_owned() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pointers(rejection: Rejection) -> Vec<String> {
        rejection.violations.into_iter().map(|violation| violation.pointer).collect()
    }

    #[test]
    fn an_email_is_compared_trimmed_and_in_lower_case() {
        let email = sign_up("  Ada@Example.ORG ", "correct horse").ok().unwrap();
        assert_eq!(email.as_str(), "ada@example.org");
        assert!(sign_up("ada@localhost", "correct horse").is_ok());
    }

    #[test]
    fn what_cannot_be_an_email_is_pointed_at() {
        let long = format!("{}@b", "a".repeat(253));
        for wrong in ["", "ada", "@b", "a@", "a@b@c", "a b@c", "a\0@b", "a\n@b", long.as_str()] {
            assert_eq!(pointers(sign_up(wrong, "correct horse").err().unwrap()), ["/email"], "{wrong:?}");
        }
    }

    #[test]
    fn a_password_has_8_to_256_characters_whatever_they_are() {
        for right in ["12345678", "ÄÖÜßäöü€", " spaces ", &"x".repeat(256)] {
            assert!(sign_up("a@b", right).is_ok(), "{right:?}");
        }
        for wrong in ["", "1234567", "ÄÖÜäöü€", "with a \0 in it", &"x".repeat(257)] {
            assert_eq!(pointers(sign_up("a@b", wrong).err().unwrap()), ["/password"], "{wrong:?}");
        }
        assert_eq!(pointers(sign_up("", "").err().unwrap()), ["/email", "/password"]);
    }

    #[test]
    fn a_log_in_that_breaks_the_rules_is_wrong_rather_than_invalid() {
        assert!(log_in("nobody", "short").ok().unwrap().is_none());
        assert_eq!(log_in("A@B", "x").ok().unwrap().unwrap().as_str(), "a@b");
        assert_eq!(pointers(log_in("a\0@b", "\0").err().unwrap()), ["/email", "/password"]);
    }
}

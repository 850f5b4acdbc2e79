//! The text of mails (RFC 5322).

use jiff::{Timestamp, fmt::rfc2822};
use plyo_events::{MailId, user::MailKind};

/// A whole mail. `code` is of those kinds that prove something.
pub(super) fn write(mail: MailId, kind: MailKind, to: &str, code: &str, base_url: &str, now: Timestamp) -> String {
    let base_url = base_url.trim_end_matches('/');
    let host = base_url.split_once("://").map_or(base_url, |(_, rest)| rest);
    let host = host.split(['/', ':']).next().unwrap_or_default();
    let (subject, text) = match kind {
        MailKind::VerifyEmail => (
            "Confirm your e-mail address",
            proving(
                "Somebody, probably you, uses this address at Plyo. To confirm it",
                base_url,
                "confirm-email",
                code,
            ),
        ),
        MailKind::ChangeEmail => (
            "Confirm your new e-mail address",
            proving(
                "Somebody, probably you, wants to use this address at Plyo. To confirm it",
                base_url,
                "confirm-email",
                code,
            ),
        ),
        MailKind::ResetPassword => (
            "Set a new password",
            proving(
                "Somebody, probably you, has forgotten your password at Plyo. To set a new one",
                base_url,
                "reset-password",
                code,
            ),
        ),
        MailKind::EmailChanged => (
            "Your e-mail address was changed",
            "Your account at Plyo has another e-mail address now, and you are logged out everywhere.\r\n\r\n\
             If that was not you, tell whoever runs this Plyo at once.\r\n"
                .to_owned(),
        ),
        MailKind::AddressTaken => (
            "You have an account already",
            format!(
                "Somebody, probably you, tried to sign up with this address at Plyo. It has an account already, to which \
                 nothing was done: log in, or set a new password at\r\n\r\n{base_url}/forgotten-password\r\n\r\n\
                 If that was not you, do nothing.\r\n"
            ),
        ),
    };
    let date = rfc2822::DateTimePrinter::new().timestamp_to_string(&now).unwrap_or_default();
    format!(
        "Date: {date}\r\nFrom: Plyo <no-reply@{host}>\r\nTo: <{to}>\r\nSubject: {subject}\r\nMessage-ID: <{mail}@{host}>\r\n\
         MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{text}"
    )
}

/// The code is behind `#`, which no browser sends to a server and no server logs.
fn proving(why: &str, base_url: &str, page: &str, code: &str) -> String {
    format!(
        "{why}, open\r\n\r\n{base_url}/{page}#{code}\r\n\r\nor enter this code, which is good for ten minutes and once:\r\n\r\n\
         {code}\r\n\r\nIf that was not you, do nothing.\r\n"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_leads_to_where_it_was_configured_and_has_its_code_once_in_a_link_and_once_to_type() {
        let (mail, now) = (MailId::mint(), Timestamp::UNIX_EPOCH);
        let text = write(mail, MailKind::ResetPassword, "ada@example.org", "c0de", "https://plyo.example:8443/", now);
        assert!(text.contains("\r\nhttps://plyo.example:8443/reset-password#c0de\r\n"), "{text}");
        assert!(text.contains("\r\nFrom: Plyo <no-reply@plyo.example>\r\nTo: <ada@example.org>\r\n"), "{text}");
        assert_eq!(text.matches("c0de").count(), 2);
        assert!(text.starts_with("Date: Thu, 1 Jan 1970 00:00:00"), "{text}");
        for without in [MailKind::EmailChanged, MailKind::AddressTaken] {
            assert!(
                !without.has_code()
                    && !write(mail, without, "ada@example.org", "c0de", "https://p", now).contains("c0de")
            );
        }
    }
}

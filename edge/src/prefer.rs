//! `Prefer` (RFC 7240): how long a request waits for its outcome. What is not understood is ignored, as the RFC has it.

use std::time::Duration;

use axum::http::HeaderMap;

/// How long a request waits for its outcome unless it says otherwise.
pub(crate) const DEFAULT_WAIT: Duration = Duration::from_secs(2);
/// The longest that a request can ask to wait.
const MAX_WAIT_SECONDS: u64 = 30;

/// `wait=N` or `respond-async`: of two that differ the first counts.
pub(crate) fn wait(headers: &HeaderMap) -> Duration {
    let lines = headers.get_all("prefer").iter().filter_map(|line| line.to_str().ok());
    let wait = lines.flat_map(|line| split(line, ',')).find_map(|preference| {
        // Parameters may follow; none has a meaning here.
        let (name, value) = match preference.split(';').next().unwrap_or_default().split_once('=') {
            Some((name, value)) => (name.trim(), value.trim().trim_matches('"')),
            None => (preference.split(';').next().unwrap_or_default().trim(), ""),
        };
        if name.eq_ignore_ascii_case("respond-async") {
            return Some(Duration::ZERO);
        }
        let is_wait = name.eq_ignore_ascii_case("wait") && value.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = if is_wait && !value.is_empty() { value.parse().unwrap_or(u64::MAX) } else { return None };
        Some(Duration::from_secs(seconds.min(MAX_WAIT_SECONDS)))
    });
    wait.unwrap_or(DEFAULT_WAIT)
}

/// The parts of a list; what is quoted is one.
fn split(line: &str, separator: char) -> impl Iterator<Item = &str> {
    let mut is_quoted = false;
    line.split(move |c| {
        is_quoted ^= c == '"';
        c == separator && !is_quoted
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_understood_is_done_and_the_rest_ignored() {
        for (lines, seconds) in [
            (&[][..], 2),
            (&["wait=7"], 7),
            (&["Wait = \"7\""], 7),
            (&["wait=7; foo=bar"], 7),
            (&["return=minimal, wait=7"], 7),
            (&["return=minimal", "wait=7"], 7),
            (&["foo=\"x, wait=3\", wait=7"], 7),
            (&["wait=7, wait=3"], 7),
            (&["wait=0"], 0),
            (&["wait=31"], 30),
            (&["wait=99999999999999999999999"], 30),
            (&["Respond-Async"], 0),
            (&["respond-async; x=1, wait=5"], 0),
            (&["wait=soon"], 2),
            (&["wait=-1"], 2),
            (&["wait="], 2),
            (&["wait"], 2),
            (&["waiting=7"], 2),
        ] {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("prefer", line.parse().unwrap());
            }
            assert_eq!(wait(&headers), Duration::from_secs(seconds), "{lines:?}");
        }
    }
}

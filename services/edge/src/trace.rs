//! One trace from the request to the push: a W3C `traceparent` is continued or begun.

use axum::http::HeaderMap;

/// The caller's `traceparent` if it is well-formed, else a new one.
pub(crate) fn traceparent(headers: &HeaderMap) -> String {
    let given = headers.get("traceparent").and_then(|value| value.to_str().ok());
    given.filter(|text| is_valid(text)).map_or_else(mint, str::to_owned)
}

fn mint() -> String {
    let trace = uuid::Uuid::new_v4();
    // A span is unique within its trace, so bits of that will do: randomness is a system call.
    format!("00-{}-{:016x}-01", trace.simple(), trace.as_u64_pair().1)
}

fn is_valid(text: &str) -> bool {
    let hex = |part: &str, length: usize| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    let parts: Vec<&str> = text.split('-').collect();
    matches!(parts[..], ["00", trace, span, flags] if hex(trace, 32) && hex(span, 16) && hex(flags, 2) && trace.bytes().any(|b| b != b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_continued_and_garbage_is_replaced() {
        let mut headers = HeaderMap::new();
        assert!(is_valid(&traceparent(&headers)));
        let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        headers.insert("traceparent", given.parse().unwrap());
        assert_eq!(traceparent(&headers), given);
        headers.insert("traceparent", "garbage".parse().unwrap());
        assert!(is_valid(&traceparent(&headers)));
    }
}

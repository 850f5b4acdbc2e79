//! One trace from the request to the push: a W3C `traceparent` is continued or begun.

use axum::http::HeaderMap;
use plyo_events::Traceparent;

/// The caller's `traceparent` if it is well-formed, else a new one.
pub(crate) fn traceparent(headers: &HeaderMap) -> Traceparent {
    let given = headers.get("traceparent").and_then(|value| value.to_str().ok());
    given.and_then(|text| text.parse().ok()).unwrap_or_else(Traceparent::mint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_is_continued_and_garbage_is_replaced() {
        let mut headers = HeaderMap::new();
        let given = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        assert_ne!(traceparent(&headers), traceparent(&headers));
        headers.insert("traceparent", given.parse().unwrap());
        assert_eq!(traceparent(&headers).to_string(), given);
        headers.insert("traceparent", "garbage".parse().unwrap());
        assert_ne!(traceparent(&headers).to_string(), given);
    }
}

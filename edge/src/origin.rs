//! Pages of other origins: what they may send, and read of the answer (CORS).

use std::{fmt, str::FromStr, time::Duration};

use axum::http::{HeaderName, HeaderValue, header};
use tower_http::cors::{AllowOrigin, CorsLayer};
use url::Url;

use crate::operations::{Operation, operations};

/// An origin as browsers send it: `https://app.example`, `http://localhost:5173`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin(HeaderValue);

impl Origin {
    pub(crate) fn is(&self, header: &[u8]) -> bool {
        self.0.as_bytes() == header
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.0.to_str().unwrap_or_default())
    }
}

/// A browser compares nothing: an origin that is written in another way than it is sent never matches.
impl FromStr for Origin {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.contains('*') {
            return Err(format!("{text:?} stands for more than one origin; name the origins"));
        }
        let url = Url::parse(text).map_err(|_| {
            format!("{text:?} is not an origin; write it as https://app.example or http://localhost:5173")
        })?;
        let origin = url.origin();
        let sent = if origin.is_tuple() {
            origin.ascii_serialization()
        } else {
            // An app's own scheme, such as capacitor://localhost.
            let host = url.host_str().ok_or_else(|| format!("{text:?} has no host, so no page has this origin"))?;
            let port = url.port().map_or_else(String::new, |port| format!(":{port}"));
            format!("{}://{host}{port}", url.scheme())
        };
        if sent != text {
            return Err(format!("{text:?} would never match: browsers send {sent:?}"));
        }
        HeaderValue::from_str(text).map(Self).map_err(|error| error.to_string())
    }
}

/// Any header that an operation reads may be sent, and any that it answers with may be read.
pub(crate) fn cors(allowed: &[Origin]) -> CorsLayer {
    let operations = operations();
    CorsLayer::new()
        .allow_origin(AllowOrigin::list(allowed.iter().map(|origin| origin.0.clone())))
        .allow_methods(distinct(operations.iter().map(|operation| operation.method.clone())))
        .allow_headers(distinct(read(&operations)))
        .expose_headers(distinct(answered(&operations)))
        .max_age(Duration::from_secs(600))
}

fn read(operations: &[Operation]) -> impl Iterator<Item = HeaderName> {
    let of_all = [header::AUTHORIZATION, header::CONTENT_TYPE, HeaderName::from_static("traceparent")];
    let parameters = operations.iter().flat_map(|operation| &operation.parameters);
    let headers = parameters.filter(|parameter| parameter["in"] == "header");
    of_all.into_iter().chain(headers.filter_map(|parameter| parameter["name"].as_str()?.parse().ok()))
}

fn answered(operations: &[Operation]) -> impl Iterator<Item = HeaderName> {
    let of_problems = [header::RETRY_AFTER, header::WWW_AUTHENTICATE, header::ALLOW];
    let of_answers = operations.iter().flat_map(Operation::answer_headers);
    of_problems.into_iter().chain(of_answers.filter_map(|(name, _)| name.parse().ok()))
}

fn distinct<T: PartialEq>(items: impl Iterator<Item = T>) -> Vec<T> {
    let mut distinct = Vec::new();
    for item in items {
        if !distinct.contains(&item) {
            distinct.push(item);
        }
    }
    distinct
}

#[cfg(test)]
mod tests {
    use axum::http::Method;

    use super::*;

    #[test]
    fn an_origin_that_never_matches_is_refused_with_the_one_that_does() {
        for right in ["https://app.example", "http://localhost:5173", "http://[::1]:5173", "capacitor://localhost"] {
            assert_eq!(right.parse::<Origin>().unwrap().to_string(), right);
        }
        for (wrong, reason) in [
            ("*", "name the origins"),
            ("", "not an origin"),
            ("app.example", "not an origin"),
            ("null", "not an origin"),
            ("https://app.example/", "browsers send \"https://app.example\""),
            ("https://app.example/app", "browsers send \"https://app.example\""),
            ("https://App.Example", "browsers send \"https://app.example\""),
            ("https://app.example:443", "browsers send \"https://app.example\""),
            ("https://ada@app.example", "browsers send \"https://app.example\""),
            ("https://b\u{fc}ro.example", "browsers send \"https://xn--bro-hoa.example\""),
            ("https://*.example", "name the origins"),
            ("localhost:5173", "has no host"),
            ("file:///app", "no page has this origin"),
        ] {
            let error = wrong.parse::<Origin>().unwrap_err();
            assert!(error.contains(reason), "{wrong}: {error}");
        }
    }

    #[test]
    fn a_page_may_send_and_read_what_the_document_says() {
        let operations = operations();
        let read: Vec<String> = read(&operations).map(|name| name.to_string()).collect();
        for name in ["authorization", "content-type", "idempotency-key", "if-match", "if-none-match", "last-event-id"] {
            assert!(read.iter().any(|known| known == name), "{name}");
        }
        let answered: Vec<String> = answered(&operations).map(|name| name.to_string()).collect();
        for name in
            ["etag", "location", "retry-after", "traceparent", "preference-applied", "ratelimit", "ratelimit-policy"]
        {
            assert!(answered.iter().any(|known| known == name), "{name}");
        }
        assert!(distinct(operations.iter().map(|operation| operation.method.clone())).contains(&Method::DELETE));
    }
}

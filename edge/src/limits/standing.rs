//! What a client is told of its limits: the fields `RateLimit-Policy` and `RateLimit` (draft-ietf-httpapi-ratelimit-headers-11).

use std::{
    convert::Infallible,
    fmt,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    extract::{FromRequestParts, Request},
    http::{HeaderMap, HeaderName, HeaderValue, request::Parts},
    middleware::Next,
    response::Response,
};

const POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");
const LIMIT: HeaderName = HeaderName::from_static("ratelimit");

/// The headers, with what they say.
pub(crate) const HEADERS: [(&str, &str); 2] = [
    (
        "RateLimit-Policy",
        "Which limits the request was counted against: `\"user\";q=500;w=10` is 500 at once, which come back within 10 s",
    ),
    (
        "RateLimit",
        "What is left of them: `\"user\";r=499;t=10` is 499, to be spread over 10 s. Of a mailbox only that nothing is left",
    ),
];

/// So many requests at once, which come back one after another within the window.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Policy {
    pub name: &'static str,
    pub quota: u32,
    /// In seconds.
    pub window: u32,
    /// Whether other people's requests count, too, so that what is left is nobody's business.
    pub is_of_others: bool,
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\";q={};w={}", self.name, self.quota, self.window)
    }
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub policy: &'static Policy,
    pub requests: u32,
    /// In seconds: whoever spreads the rest over it keeps within the limit. Where nothing is left, when there is something again.
    pub within: u32,
}

impl Left {
    /// At the pace of the policy.
    pub(crate) const fn of(policy: &'static Policy, requests: u32) -> Self {
        // With one request left there is another one when it is used up.
        let paced = if requests == 0 { 1 } else { requests };
        Self { policy, requests, within: (paced * policy.window).div_ceil(policy.quota) }
    }

    pub(crate) fn nothing(policy: &'static Policy, wait: Duration) -> Self {
        let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
        Self { policy, requests: 0, within: u32::try_from(seconds).unwrap_or(u32::MAX).max(1) }
    }
}

impl fmt::Display for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\";r={};t={}", self.policy.name, self.requests, self.within)
    }
}

/// What was counted of one request, for its answer.
#[derive(Clone, Debug, Default)]
pub(crate) struct Standing(Arc<Mutex<Vec<(Left, bool)>>>);

impl Standing {
    /// What is left after this request, and whether it was too much. What all edges counted stands for what this one did.
    pub(super) fn counted(&self, left: Left, is_over: bool) {
        let mut counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match counted.iter_mut().find(|(known, _)| known.policy == left.policy) {
            Some(known) => *known = (left, is_over),
            None => counted.push((left, is_over)),
        }
    }

    fn tell(&self, headers: &mut HeaderMap) {
        let counted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = counted.iter().filter(|(left, is_over)| *is_over || !left.policy.is_of_others).map(|(left, _)| left);
        let lists = [(POLICY, list(counted.iter().map(|(left, _)| left.policy))), (LIMIT, list(told))];
        headers.extend(lists.into_iter().filter_map(|(name, list)| Some((name, list?))));
    }
}

/// A list of RFC 9651; an empty one is no field at all.
fn list(items: impl Iterator<Item = impl fmt::Display>) -> Option<HeaderValue> {
    let items: Vec<String> = items.map(|item| item.to_string()).collect();
    HeaderValue::from_str(&items.join(", ")).ok().filter(|value| !value.is_empty())
}

impl<S: Sync> FromRequestParts<S> for Standing {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

/// Adds to an answer what was counted of its request.
pub(crate) async fn told(mut request: Request, next: Next) -> Response {
    let standing = Standing::default();
    request.extensions_mut().insert(standing.clone());
    let mut response = next.run(request).await;
    standing.tell(response.headers_mut());
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: Policy = Policy { name: "own", quota: 500, window: 10, is_of_others: false };
    const SHARED: Policy = Policy { name: "shared", quota: 10, window: 60, is_of_others: true };

    fn told(of: &[Left]) -> [Option<String>; 2] {
        let standing = Standing::default();
        of.iter().for_each(|left| standing.counted(*left, left.requests == 0));
        let mut headers = HeaderMap::new();
        standing.tell(&mut headers);
        [POLICY, LIMIT].map(|name| Some(headers.get(name)?.to_str().unwrap().to_owned()))
    }

    #[test]
    fn what_is_left_is_said_with_the_time_over_which_to_spread_it() {
        for (requests, said) in [(499, "r=499;t=10"), (450, "r=450;t=9"), (50, "r=50;t=1"), (0, "r=0;t=1")] {
            assert_eq!(Left::of(&OWN, requests).to_string(), format!("\"own\";{said}"));
        }
        assert_eq!(Left::of(&SHARED, 0).within, 6);
        for (wait, within) in [(0, 1), (1, 1), (1000, 1), (1001, 2), (5999, 6)] {
            assert_eq!(Left::nothing(&SHARED, Duration::from_millis(wait)).within, within, "{wait} ms");
        }
    }

    #[test]
    fn nobody_is_told_how_often_others_tried_a_mailbox() {
        assert_eq!(told(&[]), [None, None]);
        let policies = "\"own\";q=500;w=10, \"shared\";q=10;w=60";
        let left = [Left::of(&OWN, 499), Left::of(&SHARED, 3)];
        assert_eq!(told(&left).map(Option::unwrap), [policies, "\"own\";r=499;t=10"]);
        let left = [Left::of(&OWN, 499), Left::nothing(&SHARED, Duration::from_secs(6))];
        assert_eq!(told(&left).map(Option::unwrap), [policies, "\"own\";r=499;t=10, \"shared\";r=0;t=6"]);
    }
}

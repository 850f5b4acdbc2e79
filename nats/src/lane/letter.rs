//! A message that cannot be processed, on its way to the stream `DEAD`.

use async_nats::HeaderMap;
use bytes::Bytes;
use plyo_events::Subject;

use super::outbox::{Outgoing, Target};
use crate::broker::wire;

/// A message to dead-letter.
pub(crate) struct Letter<'a> {
    pub service: &'a str,
    /// The effect that was to perform it, if it was a request.
    pub effect: Option<&'a str>,
    /// The stream in which it is, or `outbox`.
    pub stream: &'a str,
    /// What makes it one letter however often it is published: its sequence there, or its id.
    pub place: &'a str,
    pub subject: &'a str,
    pub headers: &'a HeaderMap,
    pub body: &'a Bytes,
    pub reason: &'a str,
    pub attempts: u32,
}

impl Letter<'_> {
    /// Whom it is about, so that what erases somebody by subject finds it.
    pub(crate) fn owner(&self) -> Option<Subject> {
        wire::owner(self.subject, self.headers)
    }

    pub(crate) fn outgoing(&self) -> Outgoing {
        let mut headers = HeaderMap::new();
        for (name, values) in self.headers.iter() {
            if let Some(value) = values.first().filter(|_| !name.to_string().starts_with("Nats-")) {
                headers.insert(name.clone(), value.clone());
            }
        }
        let reader = self.effect.map_or_else(String::new, |effect| format!("/effect/{effect}"));
        headers.insert("Nats-Msg-Id", format!("{}{reader}/{}/{}", self.service, self.stream, self.place));
        headers.insert("plyo-dead-service", self.service);
        headers.insert("plyo-dead-reason", one_line(self.reason));
        headers.insert("plyo-dead-attempts", self.attempts.to_string());
        headers.insert("plyo-dead-stream", self.stream);
        headers.insert("plyo-dead-subject", self.subject);
        headers.insert("plyo-dead-sequence", self.place);
        if let Some(effect) = self.effect {
            headers.insert("plyo-dead-effect", effect);
        }
        let about = self.owner().map_or_else(|| "unknown".to_owned(), |about| about.to_string());
        Outgoing {
            target: Target::Dead,
            subject: format!("dead.{}.{about}", self.service),
            headers,
            body: self.body.clone(),
        }
    }
}

/// A reason in the form of a header value.
pub(crate) fn one_line(reason: &str) -> String {
    reason.chars().map(|c| if c.is_control() { ' ' } else { c }).take(500).collect()
}

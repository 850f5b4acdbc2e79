//! What a connection can follow, and who may follow what.

use std::borrow::Cow;

use axum::http::StatusCode;
use plyo_events::{Subject, UserId};

use super::hub::Connection;
use crate::{EdgeConfig, problem::Code};

/// The topic that reaches everybody who subscribes to it.
pub(super) const ANNOUNCEMENTS: &str = "announcements";
/// The caller's own events.
pub(super) const ME: &str = "me";
/// Most subjects that one connection follows.
const MAX_SUBJECTS: usize = 64;

/// Also one that is not for this client.
pub(super) const UNKNOWN_TOPIC: Code = Code::new(StatusCode::NOT_FOUND, "unknown_topic", "there is no such topic");
const TOO_MANY_TOPICS: Code =
    Code::new(StatusCode::BAD_REQUEST, "too_many_topics", "too many topics; subscribe to fewer");

/// Why a topic cannot be followed.
pub(crate) const CODES: [Code; 2] = [UNKNOWN_TOPIC, TOO_MANY_TOPICS];

/// What a client means by the name of a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Announcements,
    /// Every event about it.
    About(Subject),
}

/// What became of it that a client wanted to follow a topic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    Announcements,
    Events { is_new: bool },
}

impl Topic {
    /// `me`, `announcements`, or a subject such as `group-<uuid>`.
    pub(super) fn named(caller: UserId, name: &str) -> Option<Self> {
        match name {
            ME => Some(Self::About(caller.into())),
            ANNOUNCEMENTS => Some(Self::Announcements),
            token => token.parse().ok().map(Self::About),
        }
    }
}

/// Has a connection follow a topic of events.
///
/// # Errors
/// The code that says why not. A topic that the caller may not follow is not told from one that does not exist.
pub(super) fn follow(
    config: &EdgeConfig,
    caller: UserId,
    connection: &mut Connection,
    name: &str,
) -> Result<Followed, Code> {
    match Topic::named(caller, name) {
        Some(Topic::Announcements) => Ok(Followed::Announcements),
        Some(Topic::About(subject)) if may_follow(config, caller, subject) => {
            if connection.follows().len() == MAX_SUBJECTS && !connection.follows().contains(&subject) {
                return Err(TOO_MANY_TOPICS);
            }
            Ok(Followed::Events { is_new: connection.follow(subject) })
        }
        _ => Err(UNKNOWN_TOPIC),
    }
}

fn may_follow(config: &EdgeConfig, caller: UserId, subject: Subject) -> bool {
    subject == caller.into() || (config.may_follow)(caller, subject)
}

/// The name of the topic on which this caller gets what is about `subject`.
pub(super) fn name(caller: UserId, subject: Subject) -> Cow<'static, str> {
    if subject == caller.into() { ME.into() } else { subject.to_string().into() }
}

//! Whom or what a message is about: the last token of every NATS subject, used to partition, follow and erase.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::UserId;

/// A user, or an aggregate with a history of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// Written as the bare UUID.
    Person(UserId),
    /// Written as `group-<uuid>`.
    Aggregate(Aggregate, Uuid),
}

/// Something other than a user with a history of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aggregate {
    Campaign,
    Group,
    Challenge,
    /// A moderation case.
    Case,
    /// Who runs an installation.
    Staff,
}

/// A token that is neither a user nor an aggregate.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is neither a user's UUID nor an aggregate such as group-<uuid>")]
pub struct SubjectError(String);

impl Subject {
    /// The id without its kind.
    pub const fn uuid(self) -> Uuid {
        match self {
            Self::Person(user) => user.uuid(),
            Self::Aggregate(_, id) => id,
        }
    }

    /// The user, if it is one.
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::Person(user) => Some(user),
            Self::Aggregate(..) => None,
        }
    }

    /// The kind of aggregate; `None` for a user.
    pub const fn aggregate(self) -> Option<Aggregate> {
        match self {
            Self::Person(_) => None,
            Self::Aggregate(aggregate, _) => Some(aggregate),
        }
    }
}

impl Aggregate {
    pub const ALL: [Self; 5] = [Self::Campaign, Self::Group, Self::Challenge, Self::Case, Self::Staff];

    /// `group`
    pub const fn name(self) -> &'static str {
        match self {
            Self::Campaign => "campaign",
            Self::Group => "group",
            Self::Challenge => "challenge",
            Self::Case => "case",
            Self::Staff => "staff",
        }
    }
}

impl From<UserId> for Subject {
    fn from(user: UserId) -> Self {
        Self::Person(user)
    }
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person(user) => user.fmt(f),
            Self::Aggregate(aggregate, id) => write!(f, "{}-{id}", aggregate.name()),
        }
    }
}

impl FromStr for Subject {
    type Err = SubjectError;
    fn from_str(token: &str) -> Result<Self, SubjectError> {
        let aggregate = token.split_once('-').and_then(|(name, id)| {
            let aggregate = Aggregate::ALL.into_iter().find(|aggregate| aggregate.name() == name)?;
            Some(Self::Aggregate(aggregate, Uuid::try_parse(id).ok()?))
        });
        aggregate.or_else(|| token.parse().ok().map(Self::Person)).ok_or_else(|| SubjectError(token.to_owned()))
    }
}

impl Serialize for Subject {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Subject {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let token = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        token.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subject_is_read_as_it_was_written() {
        let id = Uuid::from_u128(7);
        let person = Subject::from(UserId::new(id));
        assert_eq!(person.to_string(), id.to_string());
        let group = Subject::Aggregate(Aggregate::Group, id);
        assert_eq!(group.to_string(), format!("group-{id}"));
        assert_ne!(person, group);
        let aggregates = Aggregate::ALL.map(|aggregate| Subject::Aggregate(aggregate, id));
        for subject in aggregates.into_iter().chain([person]) {
            assert_eq!(subject.to_string().parse(), Ok(subject));
            assert_eq!(subject.uuid(), id);
            let json = serde_json::to_string(&subject).unwrap();
            assert_eq!(json, format!("\"{subject}\""));
            assert_eq!(serde_json::from_str::<Subject>(&json).unwrap(), subject);
            let bytes = rmp_serde::to_vec(&subject).unwrap();
            assert_eq!(rmp_serde::from_slice::<Subject>(&bytes).unwrap(), subject);
        }
    }

    #[test]
    fn a_token_that_names_nothing_is_refused() {
        let id = Uuid::from_u128(7);
        for wrong in [
            String::new(),
            "group".into(),
            "group-".into(),
            "group-7".into(),
            format!("band-{id}"),
            format!("-{id}"),
            format!("group-group-{id}"),
        ] {
            assert_eq!(wrong.parse::<Subject>(), Err(SubjectError(wrong.clone())));
        }
    }
}

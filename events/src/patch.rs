//! A change of one field, as a JSON Merge Patch (RFC 7396) has it.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Absent to keep what there is, `null` to take it away.
#[derive(Clone, Debug, PartialEq, Default)]
pub enum Patch<T> {
    #[default]
    Keep,
    Clear,
    Set(T),
}

impl<T> Patch<T> {
    pub const fn is_keep(&self) -> bool {
        matches!(self, Self::Keep)
    }

    pub const fn set(&self) -> Option<&T> {
        match self {
            Self::Set(value) => Some(value),
            Self::Keep | Self::Clear => None,
        }
    }

    /// With another value where it sets one.
    pub fn with<U>(&self, value: Option<U>) -> Patch<U> {
        match (self, value) {
            (Self::Set(_), Some(value)) => Patch::Set(value),
            (Self::Clear, _) => Patch::Clear,
            _ => Patch::Keep,
        }
    }
}

impl<T: Clone> Patch<T> {
    pub fn apply(&self, field: &mut Option<T>) {
        match self {
            Self::Keep => {}
            Self::Clear => *field = None,
            Self::Set(value) => *field = Some(value.clone()),
        }
    }

    /// Of a field that always has a value: taken away, it is the usual one again.
    pub fn apply_or_default(&self, field: &mut T)
    where
        T: Default,
    {
        match self {
            Self::Keep => {}
            Self::Clear => *field = T::default(),
            Self::Set(value) => *field = value.clone(),
        }
    }
}

impl<T: Serialize> Serialize for Patch<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Keep | Self::Clear => serializer.serialize_none(),
            Self::Set(value) => serializer.serialize_some(value),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}

impl<T: JsonSchema> JsonSchema for Patch<T> {
    fn schema_name() -> Cow<'static, str> {
        Option::<T>::schema_name()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        Option::<T>::json_schema(generator)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Change {
        #[serde(default, skip_serializing_if = "Patch::is_keep")]
        height: Patch<u16>,
    }

    #[test]
    fn what_is_absent_stays_and_what_is_null_goes() {
        for (text, height, expected) in [
            ("{}", Patch::Keep, Some(170)),
            (r#"{"height":null}"#, Patch::Clear, None),
            (r#"{"height":180}"#, Patch::Set(180), Some(180)),
        ] {
            let change: Change = serde_json::from_str(text).unwrap();
            assert_eq!(change, Change { height: height.clone() });
            assert_eq!(serde_json::to_string(&change).unwrap(), text);
            let packed = rmp_serde::to_vec_named(&change).unwrap();
            assert_eq!(rmp_serde::from_slice::<Change>(&packed).unwrap(), change);
            let mut field = Some(170);
            height.apply(&mut field);
            assert_eq!(field, expected);
        }
    }
}

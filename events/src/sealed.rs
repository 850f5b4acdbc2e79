//! Personal texts in messages.

use std::{borrow::Cow, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{
        MapAccess, Visitor,
        value::{MapAccessDeserializer, StrDeserializer},
    },
};

use crate::{
    RejectionCode, Request, UserId,
    user::{TRY_AGAIN, USER_NOT_FOUND},
};

/// A personal text. A client sends it as it is; the edge seals it under the key of its person before it enters a stream, and opens it
/// for that person. Nobody else can, and nobody at all once the key is destroyed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Sealed<T> {
    /// As a person wrote it: on its way to the edge, or in a history of before texts were sealed.
    Open(T),
    Closed(Ciphertext),
}

/// A text that is read with a key alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Ciphertext {
    /// A version, a nonce and what XChaCha20-Poly1305 made of the text, in base64url.
    #[schemars(extend("contentEncoding" = "base64url"))]
    pub sealed: String,
    /// Two texts of one person that are told to be the same have the same, in base64url.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(extend("contentEncoding" = "base64url"))]
    pub equal: Option<String>,
}

impl<T> Sealed<T> {
    /// What tells it from other texts of its person without the key; `None` of what is open.
    pub fn equal(&self) -> Option<&str> {
        match self {
            Self::Open(_) => None,
            Self::Closed(text) => text.equal.as_deref(),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Sealed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Either<T> {
            type Value = Sealed<T>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Sealed<T>, E> {
                T::deserialize(StrDeserializer::new(text)).map(Sealed::Open)
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Sealed<T>, A::Error> {
                Ciphertext::deserialize(MapAccessDeserializer::new(map)).map(Sealed::Closed)
            }
        }
        deserializer.deserialize_any(Either(PhantomData))
    }
}

impl<T: JsonSchema> JsonSchema for Sealed<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("Sealed_{}", T::schema_name()).into()
    }
    fn inline_schema() -> bool {
        true
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let (open, closed) = (T::json_schema(generator), Ciphertext::json_schema(generator));
        json_schema!({
            "description": "A personal text: sealed in a stream, as it is for its person, and null once its key is destroyed.",
            "x-sealed": true,
            "anyOf": [open, closed, { "type": "null" }],
        })
    }
}

/// The key of a person's texts, for whoever seals or opens them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GetDataKey {
    pub user: UserId,
    /// Whether to make one if there is none yet.
    pub create: bool,
}

/// The answer. No `Debug`: it is a secret.
#[derive(Serialize, Deserialize)]
pub struct DataKeyView {
    /// 32 bytes in base64url; absent if there is none, or none any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
}

impl Request for GetDataKey {
    const SERVICE: &'static str = "user";
    const NAME: &'static str = "data_key";
    const REJECTIONS: &'static [RejectionCode] = &[TRY_AGAIN, USER_NOT_FOUND];
    type Answer = DataKeyView;
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::training::ExerciseName;

    #[test]
    fn a_text_is_read_as_it_is_or_sealed_in_both_notations() {
        let open = json!("Zercher carry");
        let closed = json!({ "sealed": "AQID", "equal": "BAUG" });
        for value in [open, closed] {
            let text: Sealed<ExerciseName> = serde_json::from_value(value.clone()).unwrap();
            assert_eq!(serde_json::to_value(&text).unwrap(), value);
            let packed = rmp_serde::to_vec_named(&text).unwrap();
            assert_eq!(rmp_serde::from_slice::<Sealed<ExerciseName>>(&packed).unwrap(), text);
        }
        let exported = json!({ "sealed": "AQID", "text": "Zercher carry" });
        let read: Sealed<ExerciseName> = serde_json::from_value(exported).unwrap();
        assert_eq!(read, Sealed::Closed(Ciphertext { sealed: "AQID".to_owned(), equal: None }));
    }

    #[test]
    fn what_is_no_text_is_refused_as_the_text_would_be() {
        let error = |value: Value| serde_json::from_value::<Sealed<ExerciseName>>(value).unwrap_err().to_string();
        assert_eq!(error(json!("...")), "a name must have a letter or a digit");
        assert!(error(json!(7)).contains("expected a string"), "{}", error(json!(7)));
        assert!(error(json!(null)).contains("expected a string"));
        assert!(error(json!({ "text": "x" })).contains("missing field `sealed`"));
    }
}

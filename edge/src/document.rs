//! What a client sends, as JSON or as MessagePack, and the one strict way to read it: whatever is not understood is refused
//! with a pointer to it, and nothing is guessed or dropped.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use plyo_events::{Rejection, Violation};
use serde::{
    Deserialize,
    de::{
        DeserializeOwned, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected, Visitor,
        value::{Error, MapAccessDeserializer, MapDeserializer, SeqDeserializer},
    },
    forward_to_deserialize_any,
};

/// Nothing that a client says is nested deeper; deeper nesting would cost stack. `serde_json` has the same bound.
const DEEPEST: usize = 128;
/// Up to here every integer is a number of JSON's own, so that `8.0` is 8.
const EXACT: f64 = 9_007_199_254_740_992.0;

/// A value that was read to its end. What no client may say stands in it as a flaw, which whoever reads that place hears of.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) enum Document<'a> {
    #[default]
    Null,
    Bool(bool),
    Unsigned(u64),
    Negative(i64),
    Fraction(f64),
    Text(Cow<'a, str>),
    List(Vec<Self>),
    Object(BTreeMap<Cow<'a, str>, Self>),
    Flaw(&'static str),
}

const TWICE: &str = "this field stands twice";
const NO_NAME: &str = "the name of a field must be text";
const NUL: &str = "text must not contain NUL";
const NOT_FINITE: &str = "a number must be finite";
const BYTES: &str = "bytes are not understood; send text";

impl<'a> Document<'a> {
    /// # Errors
    /// When it is not JSON, or more than one value.
    pub(crate) fn json(bytes: &'a [u8]) -> serde_json::Result<Self> {
        serde_json::from_slice(bytes)
    }

    /// `None` when it is not MessagePack, or more than one value.
    pub(crate) fn message_pack(bytes: &'a [u8]) -> Option<Self> {
        let mut rest = bytes;
        let mut reader = rmp_serde::Deserializer::new(&mut rest);
        reader.set_max_depth(DEEPEST);
        let document = Document::deserialize(&mut reader).ok()?;
        rest.is_empty().then_some(document)
    }

    /// Reads a value that has exactly the fields of `T`.
    ///
    /// # Errors
    /// Everything that is unknown, or else the first that is wrong.
    pub(crate) fn read<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        // A first look does not keep track of where it is.
        let mut is_known = true;
        match serde_ignored::deserialize(self, |_| is_known = false) {
            Ok(value) if is_known => Ok(value),
            _ => self.read_or_explain(),
        }
    }

    fn read_or_explain<T: DeserializeOwned>(&self) -> Result<T, Rejection> {
        let mut unknown = Vec::new();
        let mut track = serde_path_to_error::Track::new();
        let tracked = serde_path_to_error::Deserializer::new(self, &mut track);
        match serde_ignored::deserialize(tracked, |path| unknown.push(pointer_to_unknown(&path))) {
            Ok(value) if unknown.is_empty() => Ok(value),
            Ok(_) => {
                let violation = |pointer: String| Violation { detail: format!("unknown field `{pointer}`"), pointer };
                Err(Rejection::violations(unknown.into_iter().map(violation).collect()))
            }
            Err(error) => Err(Rejection::violations(vec![Violation {
                pointer: pointer(&track.path()),
                detail: error.to_string(),
            }])),
        }
    }

    fn unexpected(&self) -> Unexpected<'_> {
        match self {
            Self::Null => Unexpected::Other("null"),
            Self::Bool(value) => Unexpected::Bool(*value),
            Self::Unsigned(number) => Unexpected::Unsigned(*number),
            Self::Negative(number) => Unexpected::Signed(*number),
            Self::Fraction(number) => Unexpected::Float(*number),
            Self::Text(text) => Unexpected::Str(text),
            Self::List(_) => Unexpected::Other("an array"),
            Self::Object(_) => Unexpected::Other("an object"),
            Self::Flaw(flaw) => Unexpected::Other(flaw),
        }
    }
}

/// A place as a JSON Pointer (RFC 6901): `exercises[0].sets[2].rpe` is `/exercises/0/sets/2/rpe`.
pub(crate) fn pointer(path: &serde_path_to_error::Path) -> String {
    use serde_path_to_error::Segment;
    let segments = path.iter().map(|segment| match segment {
        Segment::Seq { index } => format!("/{index}"),
        Segment::Map { key } => format!("/{}", escaped(key)),
        Segment::Enum { variant } => format!("/{}", escaped(variant)),
        // A key of a closed list, which no path holds: the map is named.
        Segment::Unknown => String::new(),
    });
    segments.collect()
}

fn pointer_to_unknown(path: &serde_ignored::Path<'_>) -> String {
    use serde_ignored::Path;
    match path {
        Path::Root => String::new(),
        Path::Seq { parent, index } => format!("{}/{index}", pointer_to_unknown(parent)),
        Path::Map { parent, key } => format!("{}/{}", pointer_to_unknown(parent), escaped(key)),
        Path::Some { parent } | Path::NewtypeStruct { parent } | Path::NewtypeVariant { parent } => {
            pointer_to_unknown(parent)
        }
    }
}

fn escaped(key: &str) -> Cow<'_, str> {
    if key.contains(['~', '/']) { key.replace('~', "~0").replace('/', "~1").into() } else { key.into() }
}

impl<'de> Deserialize<'de> for Document<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Building)
    }
}

struct Building;

impl Building {
    fn text<'de>(text: Cow<'de, str>) -> Document<'de> {
        if memchr::memchr(0, text.as_bytes()).is_some() { Document::Flaw(NUL) } else { Document::Text(text) }
    }
}

impl<'de> Visitor<'de> for Building {
    type Value = Document<'de>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Document<'de>, E> {
        Ok(Document::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Document<'de>, E> {
        Ok(Document::Bool(value))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Document<'de>, E> {
        Ok(Document::Unsigned(number))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Document<'de>, E> {
        Ok(u64::try_from(number).map_or(Document::Negative(number), Document::Unsigned))
    }

    fn visit_f32<E: serde::de::Error>(self, number: f32) -> Result<Document<'de>, E> {
        // 102.55 in 32 bits is meant as 102.55, not as 102.55000305.
        self.visit_f64(number.to_string().parse().unwrap_or_else(|_| f64::from(number)))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Document<'de>, E> {
        Ok(if !number.is_finite() {
            Document::Flaw(NOT_FINITE)
        } else if number.fract() != 0.0 || number.abs() > EXACT {
            Document::Fraction(number)
        } else if number < 0.0 {
            Document::Negative(number as i64)
        } else {
            Document::Unsigned(number as u64)
        })
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Document<'de>, E> {
        Ok(Self::text(text.into()))
    }

    fn visit_str<E>(self, text: &str) -> Result<Document<'de>, E> {
        Ok(Self::text(text.to_owned().into()))
    }

    fn visit_bytes<E>(self, _: &[u8]) -> Result<Document<'de>, E> {
        Ok(Document::Flaw(BYTES))
    }

    fn visit_newtype_struct<D: Deserializer<'de>>(self, extension: D) -> Result<Document<'de>, D::Error> {
        serde::de::IgnoredAny::deserialize(extension)?;
        Ok(Document::Flaw(BYTES))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Document<'de>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Document::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Document<'de>, A::Error> {
        let mut object = BTreeMap::new();
        while let Some((name, value)) = fields.next_entry::<Document<'de>, Document<'de>>()? {
            let (name, value) = match name {
                Document::Text(name) => (name, value),
                _ => ("?".into(), Document::Flaw(NO_NAME)),
            };
            object.entry(name).and_modify(|first| *first = Document::Flaw(TWICE)).or_insert(value);
        }
        Ok(Document::Object(object))
    }
}

impl<'de> IntoDeserializer<'de, Error> for &Document<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for &Document<'_> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Document::Null => visitor.visit_unit(),
            Document::Bool(value) => visitor.visit_bool(*value),
            Document::Unsigned(number) => visitor.visit_u64(*number),
            Document::Negative(number) => visitor.visit_i64(*number),
            Document::Fraction(number) => visitor.visit_f64(*number),
            Document::Text(text) => visitor.visit_str(text),
            Document::List(list) => {
                let mut items = SeqDeserializer::new(list.iter());
                let value = visitor.visit_seq(&mut items)?;
                items.end()?;
                Ok(value)
            }
            Document::Object(_) => self.deserialize_map(visitor),
            Document::Flaw(flaw) => Err(Error::custom(flaw)),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        if *self == Document::Null { visitor.visit_none() } else { visitor.visit_some(self) }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    /// A struct is an object: its fields in their order, as a list, would be understood, too.
    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.deserialize_map(visitor)
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Document::Object(object) => {
                let fields = object.iter().map(|(name, value)| (name.as_ref(), value));
                let mut fields = MapDeserializer::new(fields);
                let value = visitor.visit_map(&mut fields)?;
                fields.end()?;
                Ok(value)
            }
            Document::Flaw(flaw) => Err(Error::custom(flaw)),
            other => Err(Error::invalid_type(other.unexpected(), &visitor)),
        }
    }

    /// A name, or an object of one field.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        match self {
            Document::Text(name) => visitor.visit_enum(name.as_ref().into_deserializer()),
            Document::Object(object) if object.len() == 1 => {
                let fields = object.iter().map(|(name, value)| (name.as_ref(), value));
                visitor.visit_enum(MapAccessDeserializer::new(MapDeserializer::new(fields)))
            }
            Document::Flaw(flaw) => Err(Error::custom(flaw)),
            _ => Err(Error::custom(format_args!("this must be exactly one of {}", variants.join(", ")))),
        }
    }

    /// What nobody reads is refused as unknown, unless it is wrong by itself.
    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        match self {
            Document::Flaw(flaw) => Err(Error::custom(flaw)),
            _ => visitor.visit_unit(),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct identifier
    }
}

#[cfg(test)]
mod tests {
    use plyo_events::{notification::SetPreferences, workout::Workout};
    use serde_json::{Value, json};

    use super::*;

    const RIGHT: &str = r#"{"started_at":"2026-11-24T18:30:00+01:00","exercises":[{"exercise":"plank","sets":[{"reps":8,"load":{"kg":102.55},"rpe":7.5}]}]}"#;

    fn refused<T: DeserializeOwned + fmt::Debug>(document: &Document<'_>) -> (String, String) {
        let mut violations = document.read::<T>().unwrap_err().violations;
        let Violation { pointer, detail } = violations.swap_remove(0);
        (pointer, detail)
    }

    #[test]
    fn what_is_not_used_up_is_refused_in_both_notations_with_a_pointer() {
        let set = "/exercises/0/sets/0";
        let load = format!("{set}/load");
        let cases = [
            ("5".to_owned(), String::new()),
            ("null".to_owned(), String::new()),
            ("[]".to_owned(), String::new()),
            ("\"workout\"".to_owned(), String::new()),
            (
                r#"["2026-11-24T18:30:00+01:00",null,[{"exercise":"plank","sets":[{"reps":8}]}]]"#.to_owned(),
                String::new(),
            ),
            (RIGHT.replace(r#"{"kg":102.55}"#, r#"{"kg":100,"lb":220}"#), load.clone()),
            (RIGHT.replace(r#"{"kg":102.55}"#, "102.55"), load.clone()),
            (RIGHT.replace(r#"{"kg":102.55}"#, "{}"), load.clone()),
            (RIGHT.replace(r#"{"kg":102.55}"#, r#"["kg",102.55]"#), load.clone()),
            (RIGHT.replace(r#"{"kg":102.55}"#, r#"{"st":16}"#), load.clone()),
            (RIGHT.replace("102.55", "null"), format!("{load}/kg")),
            (RIGHT.replace(r#"{"reps":8,"load":{"kg":102.55},"rpe":7.5}"#, "[8]"), set.to_owned()),
            (RIGHT.replace("\"reps\":8", "\"reps\":8.5"), format!("{set}/reps")),
            (RIGHT.replace("\"reps\":8", "\"reps\":\"8\""), format!("{set}/reps")),
            (RIGHT.replace("\"reps\":8", "\"reps\":true"), format!("{set}/reps")),
            (RIGHT.replace("\"reps\":8", "\"reps\":99999999999999999999"), format!("{set}/reps")),
            (RIGHT.replace("\"rpe\"", "\"r/p~e\""), format!("{set}/r~1p~0e")),
            (RIGHT.replace("{\"reps\"", "{\"x\":{},\"reps\""), format!("{set}/x")),
            (
                RIGHT.replace("\"sets\"", "\"planned\":{\"load\":{\"kg\":1},\"reps\":1,\"x.y\":1},\"sets\""),
                "/exercises/0/planned/x.y".to_owned(),
            ),
            (RIGHT.replace("plank", "pl\\u0000ank"), "/exercises/0/exercise".to_owned()),
            (RIGHT.replace("2026", "9999"), "/started_at".to_owned()),
        ];
        for (text, pointer) in cases {
            assert_eq!(refused::<Workout>(&Document::json(text.as_bytes()).unwrap()).0, pointer, "{text}");
            let packed = rmp_serde::to_vec_named(&serde_json::from_str::<Value>(&text).unwrap()).unwrap();
            assert_eq!(refused::<Workout>(&Document::message_pack(&packed).unwrap()).0, pointer, "{text}");
        }
    }

    #[test]
    fn a_field_that_stands_twice_is_refused_where_it_stands() {
        let twice = RIGHT.replace("\"reps\":8", "\"reps\":8,\"reps\":80");
        let at = ("/exercises/0/sets/0/reps".to_owned(), TWICE.to_owned());
        assert_eq!(refused::<Workout>(&Document::json(twice.as_bytes()).unwrap()), at);
        let preferences = br#"{"in_app":{"record_set":true,"record_set":false}}"#;
        assert_eq!(refused::<SetPreferences>(&Document::json(preferences).unwrap()).0, "/in_app");
        let unknown = br#"{"in_app":{},"x":1,"x":1}"#;
        assert_eq!(refused::<SetPreferences>(&Document::json(unknown).unwrap()).0, "/x");
        // Maps of one field each, which were joined.
        let packed = [&b"\x82"[..], b"\xa6in_app\x80", b"\xa6in_app\x80"].concat();
        assert_eq!(refused::<SetPreferences>(&Document::message_pack(&packed).unwrap()).0, "/in_app");
    }

    #[test]
    fn what_only_message_pack_can_say_is_refused_with_a_pointer() {
        let workout = |set: &[u8]| {
            let head =
                b"\x82\xaastarted_at\xb42026-11-24T18:30:00Z\xa9exercises\x91\x82\xa8exercise\xa5plank\xa4sets\x91";
            [&head[..], set].concat()
        };
        let set = |set: &[u8]| refused::<Workout>(&Document::message_pack(&workout(set)).unwrap());
        let at = |field: &str, flaw: &str| (format!("/exercises/0/sets/0/{field}"), flaw.to_owned());
        assert!(Document::message_pack(&workout(b"\x81\xa4reps\x08")).unwrap().read::<Workout>().is_ok());
        let nan = [&b"\x82\xa4reps\x08\xa3rpe\xcb"[..], &f64::NAN.to_be_bytes()].concat();
        assert_eq!(set(&nan), at("rpe", NOT_FINITE));
        let infinite = [&b"\x82\xa4reps\x08\xa3rpe\xca"[..], &f32::NEG_INFINITY.to_be_bytes()].concat();
        assert_eq!(set(&infinite), at("rpe", NOT_FINITE));
        assert_eq!(set(b"\x82\xa4reps\x08\x07\x01"), at("?", NO_NAME));
        assert_eq!(set(b"\x82\xa4reps\x08\xa3rpe\xc4\x01x"), at("rpe", BYTES));
        assert_eq!(set(b"\x82\xa4reps\x08\xa3rpe\xd6\xff\0\0\0\0"), at("rpe", BYTES), "a timestamp");
        let whole = workout(b"\x81\xa4reps\x08");
        assert_eq!(Document::message_pack(&[&whole[..], &whole[..]].concat()), None, "two values");
        assert_eq!(Document::message_pack(&whole[..whole.len() - 1]), None, "half a value");
        assert_eq!(Document::message_pack(&[0x91].repeat(100_000)), None, "nested without end");
    }

    #[test]
    fn a_number_says_the_same_however_it_is_spelt() {
        let read = |text: String| Document::json(text.as_bytes()).unwrap().read::<Workout>().unwrap();
        let right = read(RIGHT.to_owned());
        assert_eq!(read(RIGHT.replace("\"reps\":8", "\"reps\":8.0")), right);
        assert_eq!(read(RIGHT.replace("\"reps\":8", "\"reps\":0.8e1")), right);
        let float = rmp_serde::to_vec_named(&json!({ "kg": 102.55_f64 })).unwrap();
        let short = [&b"\x81\xa2kg\xca"[..], &102.55_f32.to_be_bytes()].concat();
        assert_eq!(Document::message_pack(&short), Document::message_pack(&float));
        assert_eq!(Document::json(b"[-0.0, -7.0]").unwrap(), Document::json(b"[0, -7]").unwrap());
    }
}

//! A body from one notation into the other, without its type: a client of an older edge gets what a newer service says.

use plyo_nats::Encoded;
use serde::{Deserialize, de::IgnoredAny};

/// Nothing that is nested deeper is passed on; deeper nesting would cost stack.
const MAX_DEPTH: usize = 128;

/// As compact JSON; `null` where it cannot be read.
pub(super) fn json(body: &Encoded) -> String {
    let mut text = Vec::with_capacity(body.size() * 3 / 2);
    let written = body.write_json(&mut text);
    let text = String::from_utf8(text).ok().filter(|_| written);
    text.unwrap_or_else(|| "null".to_owned())
}

/// As one MessagePack value; nil where it cannot be read.
pub(super) fn message_pack(body: &Encoded) -> Vec<u8> {
    const NIL: u8 = 0xc0;
    let bytes = match body {
        Encoded::MessagePack(bytes) => whole(bytes).map(<[u8]>::to_vec),
        Encoded::Json(json) => {
            let mut bytes = Vec::with_capacity(json.len());
            let mut read = serde_json::Deserializer::from_slice(json);
            let mut write = rmp_serde::Serializer::new(&mut bytes);
            let written = serde_transcode::transcode(&mut read, &mut write).is_ok() && read.end().is_ok();
            written.then_some(bytes)
        }
    };
    bytes.unwrap_or_else(|| vec![NIL])
}

/// The bytes of the value that these begin with, which is read to its end: half a value would swallow the rest of a frame.
fn whole(bytes: &[u8]) -> Option<&[u8]> {
    let mut read = rmp_serde::Deserializer::new(std::io::Cursor::new(bytes));
    read.set_max_depth(MAX_DEPTH);
    IgnoredAny::deserialize(&mut read).ok()?;
    bytes.get(..usize::try_from(read.position()).ok()?)
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use bytes::Bytes;
    use plyo_events::{Body, CommandKind, EventKind, Versioned};
    use serde_json::{Value, json};

    use super::*;

    fn packed(value: &impl serde::Serialize) -> Encoded {
        Encoded::MessagePack(rmp_serde::to_vec_named(value).unwrap().into())
    }

    #[test]
    fn every_message_that_was_ever_sent_says_the_same_without_its_type() {
        let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas/examples");
        let mut seen = 0;
        for directory in fs::read_dir(examples).unwrap().map(Result::unwrap) {
            let type_name = directory.file_name().into_string().unwrap();
            for path in fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path()) {
                if path.extension().is_some_and(|extension| extension == "msgpack") {
                    let body = Bytes::from(fs::read(&path).unwrap());
                    let typed = match CommandKind::parse(&type_name) {
                        Ok(Versioned { kind, version }) if version == kind.newest() => {
                            serde_json::to_string(&kind.decode(version, Body::MessagePack(&body)).unwrap())
                        }
                        Ok(_) => continue,
                        Err(_) => match EventKind::parse(&type_name).unwrap() {
                            Versioned { kind, version } if version == kind.newest() => {
                                serde_json::to_string(&kind.decode(version, Body::MessagePack(&body)).unwrap())
                            }
                            _ => continue,
                        },
                    };
                    assert_eq!(json(&Encoded::MessagePack(body.clone())), typed.unwrap(), "{}", path.display());
                    assert_eq!(message_pack(&Encoded::MessagePack(body.clone())), body, "{}", path.display());
                    seen += 1;
                }
            }
        }
        assert!(seen > 30, "{seen}");
    }

    #[test]
    fn a_body_says_the_same_in_both_notations_whichever_it_came_in() {
        let value = json!({ "kg": 37.5, "reps": [5, 5, -1], "note": null, "é\"\n": "\u{1f600}\r\n", "big": u64::MAX, "deep": [[{}]] });
        for body in [packed(&value), Encoded::Json(serde_json::to_string_pretty(&value).unwrap().into())] {
            let text = json(&body);
            assert!(!text.contains(['\n', '\r']), "a line break ends a field of a server-sent event: {text}");
            assert_eq!(serde_json::from_str::<Value>(&text).unwrap(), value);
            assert_eq!(rmp_serde::from_slice::<Value>(&message_pack(&body)).unwrap(), value);
        }
    }

    #[test]
    fn a_body_that_cannot_be_read_is_null_and_spoils_no_frame() {
        let whole = rmp_serde::to_vec_named(&json!({ "reps": [5, 5] })).unwrap();
        let half = whole[..whole.len() - 1].to_vec();
        for garbage in [vec![], b"\xc1garbage".to_vec(), half, [0x91].repeat(100_000)] {
            let body = Encoded::MessagePack(garbage.into());
            assert_eq!((json(&body).as_str(), message_pack(&body)), ("null", vec![0xc0]), "{body:?}");
        }
        for garbage in ["", "{", "{}{}", "{\"a\":1}]", &"[".repeat(100_000)] {
            let body = Encoded::Json(Bytes::copy_from_slice(garbage.as_bytes()));
            assert_eq!((json(&body).as_str(), message_pack(&body)), ("null", vec![0xc0]), "{garbage:.20}");
        }
        let more = Encoded::MessagePack([&whole[..], b"\xc1"].concat().into());
        assert_eq!((json(&more).as_str(), message_pack(&more)), (r#"{"reps":[5,5]}"#, whole));
    }
}

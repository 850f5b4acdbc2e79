//! What is sealed, wherever it stands in a message: found by its shape, so that it is opened without the message's type.

use memchr::memmem;
use serde_json::{Map, Value};

use super::DataKey;

/// The member that is the ciphertext; beside a text that nobody can open any more, it says so.
const SEALED: &str = "sealed";
/// The member of an export that has the text beside its ciphertext.
const TEXT: &str = "text";

/// Whether something may be sealed in it: in JSON, or in MessagePack.
pub fn has_sealed(body: &[u8]) -> bool {
    memmem::find(body, br#""sealed""#).is_some() || memmem::find(body, b"\xa6sealed").is_some()
}

/// JSON with the texts themselves in the place of what is sealed: `"name": "Zercher carry"`. Without its key it is
/// `"name": null, "sealed": true`. `None` of what is no JSON.
pub fn open(json: &[u8], key: Option<&DataKey>) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(json).ok()?;
    walk("", &mut value, &mut |field, place| {
        let text = place.get(SEALED).and_then(Value::as_str).and_then(|sealed| key?.open(field, sealed));
        let is_open = text.is_some();
        *place = text.into();
        is_open
    });
    serde_json::to_vec(&value).ok()
}

/// JSON with the texts beside what is sealed, which stays as it is. `None` of what is no JSON.
pub fn add_texts(json: &[u8], key: &DataKey) -> Option<Vec<u8>> {
    let mut value: Value = serde_json::from_slice(json).ok()?;
    walk("", &mut value, &mut |field, place| {
        let text = place.get(SEALED).and_then(Value::as_str).and_then(|sealed| key.open(field, sealed));
        if let (Value::Object(sealed), Some(text)) = (place, text) {
            sealed.insert(TEXT.to_owned(), text.into());
        }
        true
    });
    serde_json::to_vec(&value).ok()
}

/// Visits everything that is sealed, with the name of its field. Whether it could be opened goes beside the field.
fn walk(field: &str, value: &mut Value, visit: &mut impl FnMut(&str, &mut Value) -> bool) -> bool {
    match value {
        Value::Object(members) if is_sealed(members) => visit(field, value),
        Value::Object(members) => {
            let mut all_open = true;
            for (name, member) in members.iter_mut() {
                all_open &= walk(name, member, visit);
            }
            if !all_open {
                members.insert(SEALED.to_owned(), true.into());
            }
            true
        }
        Value::Array(items) => items.iter_mut().fold(true, |all_open, item| walk(field, item, visit) & all_open),
        _ => true,
    }
}

fn is_sealed(members: &Map<String, Value>) -> bool {
    members.get(SEALED).is_some_and(Value::is_string)
        && members.keys().all(|name| [SEALED, "equal", TEXT].contains(&name.as_str()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_is_sealed_is_opened_wherever_it_stands() {
        let key = DataKey::generate();
        let sealed = |field: &str, text: &str| serde_json::to_value(key.seal(field, text, Some("same"))).unwrap();
        let message = json!({
            "revision": 7, "name": sealed("name", "Zercher carry"),
            "sets": [{ "notes": [sealed("notes", "left knee"), "plain"] }],
        });
        let body = message.to_string();
        assert!(has_sealed(body.as_bytes()) && has_sealed(&rmp_serde::to_vec_named(&message).unwrap()));
        let opened: Value = serde_json::from_slice(&open(body.as_bytes(), Some(&key)).unwrap()).unwrap();
        assert_eq!(
            opened,
            json!({ "revision": 7, "name": "Zercher carry", "sets": [{ "notes": ["left knee", "plain"] }] })
        );
        let gone: Value = serde_json::from_slice(&open(body.as_bytes(), None).unwrap()).unwrap();
        let set = json!({ "notes": [null, "plain"], "sealed": true });
        assert_eq!(gone, json!({ "revision": 7, "name": null, "sealed": true, "sets": [set] }));
        let exported: Value = serde_json::from_slice(&add_texts(body.as_bytes(), &key).unwrap()).unwrap();
        assert_eq!(exported["name"]["text"], "Zercher carry");
        assert_eq!(exported["name"]["sealed"], message["name"]["sealed"]);
        let again: Value = serde_json::from_slice(&open(exported.to_string().as_bytes(), Some(&key)).unwrap()).unwrap();
        assert_eq!(again, opened);
    }

    #[test]
    fn what_only_looks_like_it_stays() {
        let message = json!({ "sealed": "an envelope", "kind": "letter", "why": { "sealed": true } });
        let body = message.to_string();
        let opened: Value = serde_json::from_slice(&open(body.as_bytes(), None).unwrap()).unwrap();
        assert_eq!(opened, message);
        assert!(!has_sealed(br#"{"name":"x"}"#) && !has_sealed(b"\x81\xa4name\xa1x"));
        assert_eq!(open(b"{", None), None);
    }
}

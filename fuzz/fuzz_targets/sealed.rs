//! Personal texts, keys, and messages with something sealed in them, or what looks like it.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plyo_sealing::{DataKey, KeyEncryptionKeys, add_texts, has_sealed, open};

fuzz_target!(|bytes: &[u8]| {
    let key = DataKey::from([7; 32]);
    has_sealed(bytes);
    for key in [Some(&key), None] {
        if let Some(opened) = open(bytes, key) {
            assert_eq!(open(&opened, key), Some(opened), "what is open stays open");
        }
    }
    add_texts(bytes, &key);
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let sealed = key.seal("name", text, Some(text)).sealed;
    assert_eq!(key.open("name", &sealed).as_deref(), Some(text));
    assert_eq!(key.open("note", &sealed), None);
    key.open("name", text);
    let _ = (DataKey::parse(text), KeyEncryptionKeys::parse(text));
});

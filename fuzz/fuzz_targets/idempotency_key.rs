//! An `Idempotency-Key`.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|key: &[u8]| {
    let is_visible = (1..=255).contains(&key.len()) && key.iter().all(u8::is_ascii_graphic);
    assert_eq!(plyo_edge::inside::idempotency_key(key), is_visible);
});

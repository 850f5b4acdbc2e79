//! A cursor of a socket, and entity tags.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &[u8]| plyo_edge::inside::cursor(text));

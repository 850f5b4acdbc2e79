//! A frame of a WebSocket, as text and as bytes, with the command that it has.

#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| plyo_edge::inside::frame(bytes));

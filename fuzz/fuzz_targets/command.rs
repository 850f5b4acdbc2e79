//! Every command in both notations: as clients send it, and as the stream has it, in every version that there was.

#![no_main]

use libfuzzer_sys::fuzz_target;
use plyo_events::{Body, CommandKind};

fuzz_target!(|bytes: &[u8]| {
    plyo_edge::inside::command(bytes);
    for kind in CommandKind::ALL {
        for version in kind.versions() {
            for body in [Body::Json(bytes), Body::MessagePack(bytes)] {
                let Ok(command) = kind.decode(*version, body) else { continue };
                let again = kind.decode(kind.newest(), Body::MessagePack(&command.encode()));
                assert!(again.is_ok_and(|again| again == command), "{kind} does not read as it was written");
            }
        }
    }
});

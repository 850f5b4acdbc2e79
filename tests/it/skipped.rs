//! Stories that cannot be told on this machine: said at once, and counted at the end of `make test`, so that nobody takes
//! them for told.

use std::{
    fs::File,
    io::{Write, stderr},
    thread,
};

/// Takes note that the story of this thread is left out, or a part of it, and why.
pub fn skip(why: &str) {
    let line = format!("skipped: {}: {why}\n", thread::current().name().unwrap_or("a story"));
    // libtest keeps what `eprintln!` says of a test that passes.
    stderr().write_all(line.as_bytes()).unwrap();
    if let Some(list) = std::env::var_os("PLYO_TEST_SKIPPED") {
        let mut list = File::options().create(true).append(true).open(list).unwrap();
        list.write_all(line.as_bytes()).unwrap();
    }
}

//! One test binary for everything.
#[test]
fn the_workspace_stands() {}

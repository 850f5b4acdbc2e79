//! Has the migrators made anew when a file of SQL comes or changes.

fn main() {
    // Each folder is a schema; cargo looks at everything in this one.
    println!("cargo:rerun-if-changed=.");
}

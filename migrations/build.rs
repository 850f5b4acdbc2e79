//! Has the migrators made anew when a file of SQL comes or changes.

fn main() {
    for schema in ["loop", "user", "user_credentials", "workout", "achievement", "notification"] {
        println!("cargo:rerun-if-changed={schema}");
    }
}

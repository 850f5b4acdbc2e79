//! Named places where a crash test may abort the process. Without the feature `failpoints` nothing of this is compiled in.

/// Passes a named place.
macro_rules! pass {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        fail::fail_point!($name);
    };
}
pub(crate) use pass;

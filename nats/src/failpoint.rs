//! Failpoints: places where a crash test can abort the process. Compiled in only with the feature `failpoints`.

/// Passes a named place.
macro_rules! failpoint {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        fail::fail_point!($name);
    };
}
pub(crate) use failpoint;

//! Named places of the loop where a crash test may abort the process, and planted bugs that its checker must find.
//! Without the feature `failpoints` nothing of this is compiled in.

/// Passes a named place.
macro_rules! pass {
    ($name:literal) => {
        #[cfg(feature = "failpoints")]
        fail::fail_point!($name);
    };
}
pub(crate) use pass;

/// Whether a bug is planted, by `FAILPOINTS=bug-…=return`.
#[cfg(feature = "failpoints")]
pub(crate) fn planted(bug: &str) -> bool {
    fail::eval(bug, |_| true).unwrap_or(false)
}

#[cfg(not(feature = "failpoints"))]
pub(crate) const fn planted(_bug: &str) -> bool {
    false
}

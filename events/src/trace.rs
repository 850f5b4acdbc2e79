//! The part of W3C Trace Context that messages carry.

use std::{fmt, num::NonZero, str::FromStr};

/// A `traceparent`: the trace of a message, and the span in it that sent the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traceparent {
    trace: NonZero<u128>,
    span: NonZero<u64>,
    flags: u8,
}

/// The text is not a `traceparent`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a traceparent is 00-<32 hex>-<16 hex>-<2 hex>, in lower case and neither id zero")]
pub struct TraceparentError;

/// The flag for recorded spans.
const SAMPLED: u8 = 0b01;
/// The flags of version 00: sampled, and random trace id.
const KNOWN_FLAGS: u8 = 0b11;

impl Traceparent {
    /// `None` if one of the ids is zero.
    pub fn new(trace: u128, span: u64, flags: u8) -> Option<Self> {
        Some(Self { trace: NonZero::new(trace)?, span: NonZero::new(span)?, flags: flags & KNOWN_FLAGS })
    }

    /// A new trace.
    pub fn mint() -> Self {
        let id = uuid::Uuid::new_v4();
        // A span id need only be unique within its trace, so bits of the message's id suffice: randomness is a system call.
        let (trace, span) = (NonZero::new(id.as_u128()), NonZero::new(id.as_u64_pair().1));
        Self { trace: trace.unwrap_or(NonZero::<u128>::MIN), span: span.unwrap_or(NonZero::<u64>::MIN), flags: SAMPLED }
    }

    pub const fn trace(self) -> u128 {
        self.trace.get()
    }

    pub const fn span(self) -> u64 {
        self.span.get()
    }

    pub const fn flags(self) -> u8 {
        self.flags
    }

    /// Whether the spans of the trace are recorded.
    pub const fn is_sampled(self) -> bool {
        self.flags & SAMPLED != 0
    }
}

impl fmt::Display for Traceparent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "00-{:032x}-{:016x}-{:02x}", self.trace, self.span, self.flags)
    }
}

impl FromStr for Traceparent {
    type Err = TraceparentError;

    /// A later version is read like version 00, as the standard requires.
    fn from_str(text: &str) -> Result<Self, TraceparentError> {
        let mut parts = text.split('-');
        let mut hex = |digits: usize| {
            let part = parts.next().ok_or(TraceparentError)?;
            let is_hex = part.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
            if part.len() != digits || !is_hex {
                return Err(TraceparentError);
            }
            u128::from_str_radix(part, 16).map_err(|_| TraceparentError)
        };
        let (version, trace, span, flags) = (hex(2)?, hex(32)?, hex(16)?, hex(2)?);
        if version == 0xff || (version == 0 && parts.next().is_some()) {
            return Err(TraceparentError);
        }
        // They have exactly this many digits.
        Self::new(trace, span as u64, flags as u8).ok_or(TraceparentError)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIVEN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    #[test]
    fn a_traceparent_is_written_as_it_was_read() {
        let read: Traceparent = GIVEN.parse().unwrap();
        assert_eq!((read.to_string().as_str(), read.is_sampled()), (GIVEN, true));
        let minted = Traceparent::mint();
        assert_eq!(minted.to_string().parse(), Ok(minted));
        assert_ne!(minted.trace(), Traceparent::mint().trace());
        let silent = GIVEN.replace("-01", "-00").parse::<Traceparent>().unwrap();
        assert!(!silent.is_sampled());
    }

    #[test]
    fn a_later_version_is_read_as_far_as_it_is_known() {
        let later = format!("{}-of-tomorrow", GIVEN.replacen("00-", "cc-", 1).replace("-01", "-09"));
        assert_eq!(later.parse::<Traceparent>().unwrap().to_string(), GIVEN);
    }

    #[test]
    fn garbage_is_no_trace() {
        let zero = |digits: &str| GIVEN.replace(digits, &"0".repeat(digits.len()));
        for wrong in [
            "",
            "00",
            "00-x-y-01",
            &GIVEN[1..],
            &GIVEN[..54],
            &format!("{GIVEN}-more"),
            &GIVEN.replacen("00-", "ff-", 1),
            &GIVEN.to_uppercase(),
            &GIVEN.replace("4bf", "4\r\n"),
            &GIVEN.replace("4bf", "+bf"),
            &zero("4bf92f3577b34da6a3ce929d0e0e4736"),
            &zero("00f067aa0ba902b7"),
        ] {
            assert_eq!(wrong.parse::<Traceparent>(), Err(TraceparentError), "{wrong:?}");
        }
    }
}

//! What a connection is about to do, which says how long it may take.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    time::Duration,
};

/// What is expected of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// The first byte of its first request.
    New,
    /// The rest of the head of a request.
    Head,
    /// Nothing: its request is being answered, or the connection is a socket, and who does that keeps the time.
    Busy,
    /// Another request, or none.
    Idle,
}

impl Phase {
    pub(super) const fn limit(self, is_over: bool) -> Option<Duration> {
        match self {
            Self::Busy => None,
            Self::New | Self::Head | Self::Idle if is_over => Some(Duration::from_secs(2)),
            Self::New | Self::Head => Some(Duration::from_secs(10)),
            // Longer than proxies keep an idle connection (nginx: 60 s), so that none sends a request into its end.
            Self::Idle => Some(Duration::from_secs(75)),
        }
    }
}

/// The phase of a connection, and how many it has had: a request that comes and goes between two looks is noticed.
#[derive(Clone, Default)]
pub(super) struct Progress(Arc<AtomicU32>);

/// A phase, as it was at some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Step(u32);

impl Step {
    pub(super) const fn phase(self) -> Phase {
        match self.0 % 4 {
            0 => Phase::New,
            1 => Phase::Head,
            2 => Phase::Busy,
            _ => Phase::Idle,
        }
    }
}

impl Progress {
    pub(super) fn step(&self) -> Step {
        Step(self.0.load(Ordering::Relaxed))
    }

    pub(super) fn enter(&self, phase: Phase) {
        let number = match phase {
            Phase::New => 0,
            Phase::Head => 1,
            Phase::Busy => 2,
            Phase::Idle => 3,
        };
        // Only the task of the connection changes it.
        let before = self.0.load(Ordering::Relaxed);
        self.0.store((before & !3).wrapping_add(4 + number), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phase_that_comes_again_is_another_step() {
        let progress = Progress::default();
        assert_eq!(progress.step().phase(), Phase::New);
        let mut steps = vec![progress.step()];
        for phase in [Phase::Head, Phase::Busy, Phase::Idle, Phase::Head, Phase::Busy, Phase::Idle] {
            progress.enter(phase);
            assert_eq!(progress.step().phase(), phase);
            assert!(!steps.contains(&progress.step()));
            steps.push(progress.step());
        }
    }
}

//! The ring against a list of everything that ever was.

use futures_util::FutureExt;
use jiff::Timestamp;
use plyo_events::EventKind;
use proptest::prelude::*;
use uuid::Uuid;

use super::*;

const EPOCH: u64 = 7;

/// Everything that ever was, searched from its start.
struct Naive {
    events: Vec<(u64, usize)>,
    start: u64,
    most: usize,
}

impl Naive {
    fn evicted(&self) -> &[(u64, usize)] {
        &self.events[..self.events.len().saturating_sub(self.most)]
    }

    fn head(&self) -> u64 {
        self.events.last().map_or(self.start, |(sequence, _)| *sequence)
    }

    fn after(&self, who: usize, sequence: u64) -> Vec<u64> {
        let own = self.events.iter().filter(|(at, of)| *of == who && *at > sequence);
        own.map(|(at, _)| *at).collect()
    }

    /// Whether an event of `who` after `sequence` was here once and is no more.
    fn lost(&self, who: usize, sequence: u64) -> bool {
        sequence < self.start || self.evicted().iter().any(|(at, of)| *of == who && *at > sequence)
    }

    /// Whether everybody's events after `sequence` are here.
    fn holds(&self, sequence: u64) -> bool {
        sequence >= self.evicted().last().map_or(self.start, |(last, _)| *last)
    }
}

fn event() -> Arc<Rendered> {
    Arc::new(Rendered::new(EventKind::WorkoutDeleted, Uuid::nil(), Uuid::nil(), Timestamp::UNIX_EPOCH, "{}"))
}

fn sequences(missed: &Missed) -> Vec<u64> {
    missed.events.iter().map(|(sequence, _)| *sequence).collect()
}

proptest! {
    #[test]
    fn nobody_misses_an_event_of_theirs_or_is_sent_away_for_those_of_others(
        start in 0_u64..5,
        most in 1_usize..12,
        steps in prop::collection::vec((0_usize..4, 1_u64..4, any::<bool>()), 0..60),
        page in 1_usize..6,
    ) {
        let users: Vec<UserId> = (0..4).map(|_| UserId::mint()).collect();
        let mut ring = Ring::new(EPOCH, start, most, usize::MAX);
        let mut naive = Naive { events: Vec::new(), start, most };
        let mut connected: Vec<Vec<Arc<Notify>>> = vec![Vec::new(); 4];
        for (who, hole, connects) in steps {
            match (connects, connected[who].pop()) {
                (true, Some(wake)) => ring.disconnect(users[who], &wake),
                (true, None) => connected[who].push(ring.connect(users[who])),
                (false, last) => connected[who].extend(last),
            }
            let sequence = naive.head() + hole;
            ring.append(sequence, users[who], event());
            naive.events.push((sequence, who));
            for wake in &connected[who] {
                prop_assert!(wake.notified().now_or_never().is_some());
            }
            prop_assert_eq!((ring.head(), ring.len()), (sequence, naive.events.len().min(most)));
            for (who, user) in users.iter().enumerate() {
                for from in 0..=sequence + 1 {
                    let expected = naive.after(who, from);
                    match ring.missed(EPOCH, *user, from, page) {
                        Ok(missed) => {
                            prop_assert!(!naive.lost(who, from), "{from} of {who} was lost");
                            prop_assert_eq!(sequences(&missed), &expected[..expected.len().min(page)]);
                            let rest = naive.after(who, missed.checkpoint);
                            prop_assert_eq!(rest, &expected[missed.events.len()..]);
                        }
                        Err(Gone::TooOld) => prop_assert!(!naive.holds(from), "{from} of {who} is there"),
                        Err(Gone::Future) => prop_assert!(from > sequence),
                        Err(Gone::Epoch) => prop_assert!(false, "the epoch is the same"),
                    }
                }
            }
        }
        prop_assert!(matches!(ring.missed(EPOCH + 1, users[0], start, page), Err(Gone::Epoch)));
    }
}

#[test]
fn a_quiet_connection_does_not_age_while_others_are_busy() {
    let (quiet, busy) = (UserId::mint(), UserId::mint());
    let mut ring = Ring::new(EPOCH, 0, 10, usize::MAX);
    let wake = ring.connect(quiet);
    (1..=1_000).for_each(|sequence| ring.append(sequence, busy, event()));
    ring.append(1_001, quiet, event());
    assert_eq!(sequences(&ring.missed(EPOCH, quiet, 0, 10).ok().unwrap()), [1_001]);
    assert_eq!(ring.missed(EPOCH, busy, 0, 10).err(), Some(Gone::TooOld));
    ring.disconnect(quiet, &wake);
    (1_002..=1_011).for_each(|sequence| ring.append(sequence, busy, event()));
    assert_eq!(ring.missed(EPOCH, quiet, 0, 10).err(), Some(Gone::TooOld));
    assert_eq!(ring.people.len(), 1);
}

#[test]
fn the_ring_is_bounded_in_bytes_too() {
    let user = UserId::mint();
    let mut ring = Ring::new(EPOCH, 0, 1_000, event().size() * 3);
    (1..=10).for_each(|sequence| ring.append(sequence, user, event()));
    assert_eq!(ring.len(), 3);
    assert_eq!(sequences(&ring.missed(EPOCH, user, 7, 10).ok().unwrap()), [8, 9, 10]);
}

#[test]
fn a_stream_created_anew_voids_every_place_and_wakes_everybody() {
    let user = UserId::mint();
    let mut ring = Ring::new(EPOCH, 0, 10, usize::MAX);
    let wake = ring.connect(user);
    ring.append(1, UserId::mint(), event());
    ring.begin_again(EPOCH + 1, 0);
    assert!(wake.notified().now_or_never().is_some());
    assert_eq!((ring.epoch(), ring.head(), ring.len()), (EPOCH + 1, 0, 0));
    assert_eq!(ring.missed(EPOCH, user, 1, 10).err(), Some(Gone::Epoch));
}

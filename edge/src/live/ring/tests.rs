//! The ring against a list of everything that ever was.

use futures_util::FutureExt;
use jiff::Timestamp;
use plyo_events::{Aggregate, Message, UserId};
use plyo_nats::{Encoded, Stored};
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

    fn after(&self, follows: &[usize], sequence: u64) -> Vec<u64> {
        let own = self.events.iter().filter(|(at, of)| follows.contains(of) && *at > sequence);
        own.map(|(at, _)| *at).collect()
    }

    /// Whether an event of one of these after `sequence` was here once and is no more.
    fn lost(&self, follows: &[usize], sequence: u64) -> bool {
        sequence < self.start || self.evicted().iter().any(|(at, of)| follows.contains(of) && *at > sequence)
    }

    /// Whether everybody's events after `sequence` are here.
    fn holds(&self, sequence: u64) -> bool {
        sequence >= self.evicted().last().map_or(self.start, |(last, _)| *last)
    }
}

fn event() -> Arc<Rendered> {
    let body = Encoded::Json("{}".into());
    let message = Message::first(Uuid::nil(), UserId::new(Uuid::nil()), Timestamp::UNIX_EPOCH, body);
    Arc::new(Stored { sequence: 0, type_name: "workout.deleted.v1".to_owned(), message }.into())
}

fn person() -> Subject {
    UserId::mint().into()
}

fn followed(ring: &mut Ring, subject: Subject) -> Arc<Wake> {
    let wake = Arc::<Wake>::default();
    ring.follow(subject, &wake);
    wake
}

fn sequences(missed: &Missed) -> Vec<u64> {
    missed.events.iter().map(|(sequence, ..)| *sequence).collect()
}

proptest! {
    #[test]
    fn nobody_misses_an_event_of_theirs_or_is_sent_away_for_those_of_others(
        start in 0_u64..5,
        most in 1_usize..12,
        steps in prop::collection::vec((0_usize..4, 1_u64..4, any::<bool>()), 0..60),
        page in 1_usize..6,
    ) {
        let mut subjects: Vec<Subject> = (0..3).map(|_| person()).collect();
        subjects.push(Subject::Aggregate(Aggregate::Group, subjects[0].uuid()));
        let mut ring = Ring::new(EPOCH, start, most, usize::MAX);
        let mut naive = Naive { events: Vec::new(), start, most };
        let mut connected: Vec<Vec<Arc<Wake>>> = vec![Vec::new(); 4];
        for (who, hole, connects) in steps {
            match (connects, connected[who].pop()) {
                (true, Some(wake)) => ring.unfollow(subjects[who], &wake),
                (true, None) => connected[who].push(followed(&mut ring, subjects[who])),
                (false, last) => connected[who].extend(last),
            }
            let sequence = naive.head() + hole;
            ring.append(sequence, subjects[who], event());
            naive.events.push((sequence, who));
            for wake in &connected[who] {
                prop_assert!(wake.woken().now_or_never().is_some());
            }
            prop_assert_eq!((ring.head(), ring.len()), (sequence, naive.events.len().min(most)));
            for follows in [&[0][..], &[1], &[2], &[3], &[0, 3], &[3, 1, 2], &[0, 1, 2, 3]] {
                let about: Vec<Subject> = follows.iter().map(|who| subjects[*who]).collect();
                for from in 0..=sequence + 1 {
                    let expected = naive.after(follows, from);
                    match ring.missed(EPOCH, &about, from, page) {
                        Ok(missed) => {
                            prop_assert!(!naive.lost(follows, from), "{from} of {follows:?} was lost");
                            prop_assert_eq!(sequences(&missed), &expected[..expected.len().min(page)]);
                            prop_assert!(missed.events.iter().all(|(_, subject, _)| about.contains(subject)));
                            let rest = naive.after(follows, missed.checkpoint);
                            prop_assert_eq!(rest, &expected[missed.events.len()..]);
                        }
                        Err(Gone::TooOld) => prop_assert!(!naive.holds(from), "{from} of {follows:?} is there"),
                        Err(Gone::Future) => prop_assert!(from > sequence),
                        Err(Gone::Epoch) => prop_assert!(false, "the epoch is the same"),
                    }
                }
            }
        }
        prop_assert!(matches!(ring.missed(EPOCH + 1, &subjects, start, page), Err(Gone::Epoch)));
    }
}

#[test]
fn a_quiet_connection_does_not_age_while_others_are_busy() {
    let (quiet, busy) = (person(), person());
    let mut ring = Ring::new(EPOCH, 0, 10, usize::MAX);
    let wake = followed(&mut ring, quiet);
    (1..=1_000).for_each(|sequence| ring.append(sequence, busy, event()));
    ring.append(1_001, quiet, event());
    assert_eq!(sequences(&ring.missed(EPOCH, &[quiet], 0, 10).ok().unwrap()), [1_001]);
    assert_eq!(ring.missed(EPOCH, &[busy], 0, 10).err(), Some(Gone::TooOld));
    assert_eq!(ring.missed(EPOCH, &[quiet, busy], 0, 10).err(), Some(Gone::TooOld));
    ring.unfollow(quiet, &wake);
    (1_002..=1_011).for_each(|sequence| ring.append(sequence, busy, event()));
    assert_eq!(ring.missed(EPOCH, &[quiet], 0, 10).err(), Some(Gone::TooOld));
    assert_eq!(ring.subjects.len(), 1);
}

#[test]
fn the_ring_is_bounded_in_bytes_too() {
    let user = person();
    let mut ring = Ring::new(EPOCH, 0, 1_000, event().size() * 3);
    (1..=10).for_each(|sequence| ring.append(sequence, user, event()));
    assert_eq!(ring.len(), 3);
    assert_eq!(sequences(&ring.missed(EPOCH, &[user], 7, 10).ok().unwrap()), [8, 9, 10]);
}

#[test]
fn a_stream_created_anew_voids_every_place_and_wakes_everybody() {
    let user = person();
    let mut ring = Ring::new(EPOCH, 0, 10, usize::MAX);
    let wake = followed(&mut ring, user);
    ring.append(1, person(), event());
    ring.begin_again(EPOCH + 1, 0);
    assert!(wake.woken().now_or_never().is_some());
    assert_eq!((ring.epoch(), ring.head(), ring.len()), (EPOCH + 1, 0, 0));
    assert_eq!(ring.missed(EPOCH, &[user], 1, 10).err(), Some(Gone::Epoch));
}

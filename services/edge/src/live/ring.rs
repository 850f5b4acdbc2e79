//! The recent events, rendered once, with an index by person.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use plyo_events::UserId;

/// An event as every client gets it but for its cursor: `"id":…,"type":…,"at":…,"data":…,"cid":…`.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub sequence: u64,
    pub user: UserId,
    pub rendered: Arc<str>,
}

/// Recent events in the order of the stream. What is after `before` and not here is nobody's event.
pub(crate) struct Ring {
    entries: VecDeque<Entry>,
    by_user: HashMap<UserId, VecDeque<u64>>,
    before: u64,
    head: u64,
    bytes: usize,
    most_events: usize,
}

/// Bound on rendered text.
const MOST_BYTES: usize = 256 * 1024 * 1024;

impl Ring {
    /// An empty ring of a stream that is followed from behind `before` on.
    pub(crate) fn new(before: u64, most_events: usize) -> Self {
        Self { entries: VecDeque::new(), by_user: HashMap::new(), before, head: before, bytes: 0, most_events }
    }

    pub(crate) fn append(&mut self, entry: Entry) {
        self.head = entry.sequence;
        self.bytes += entry.rendered.len();
        self.by_user.entry(entry.user).or_default().push_back(entry.sequence);
        self.entries.push_back(entry);
        while self.entries.len() > self.most_events || self.bytes > MOST_BYTES {
            self.evict();
        }
    }

    /// The last event's sequence.
    pub(crate) const fn head(&self) -> u64 {
        self.head
    }

    pub(crate) fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether everything after `sequence` is here.
    pub(crate) const fn covers(&self, sequence: u64) -> bool {
        sequence >= self.before
    }

    /// A person's next events after `sequence`, at most so many.
    pub(crate) fn next(&self, user: UserId, sequence: u64, most: usize) -> Vec<(u64, Arc<str>)> {
        let Some(own) = self.by_user.get(&user) else { return Vec::new() };
        let start = own.partition_point(|own| *own <= sequence);
        own.range(start..).take(most).filter_map(|sequence| Some((*sequence, self.rendered(*sequence)?))).collect()
    }

    fn rendered(&self, sequence: u64) -> Option<Arc<str>> {
        let place = self.entries.binary_search_by_key(&sequence, |entry| entry.sequence).ok()?;
        Some(Arc::clone(&self.entries[place].rendered))
    }

    fn evict(&mut self) {
        let Some(oldest) = self.entries.pop_front() else { return };
        self.before = oldest.sequence;
        self.bytes -= oldest.rendered.len();
        if let Some(own) = self.by_user.get_mut(&oldest.user) {
            own.pop_front();
            if own.is_empty() {
                self.by_user.remove(&oldest.user);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_finds_their_own_events_until_they_are_evicted() {
        let users = [UserId::mint(), UserId::mint(), UserId::mint()];
        let mut ring = Ring::new(9, 50);
        let mut all = Vec::new();
        // Sequences have holes: marks lie between events.
        for n in 0..200_u64 {
            let (sequence, user) = (10 + n * 3, users[(n * n % 7 % 3) as usize]);
            ring.append(Entry { sequence, user, rendered: format!("{sequence}").into() });
            all.push((sequence, user));
            let kept = &all[all.len().saturating_sub(50)..];
            let before = all.len().checked_sub(51).map_or(9, |evicted| all[evicted].0);
            assert!(ring.covers(before) && !ring.covers(before - 1));
            for user in users {
                let expected: Vec<u64> =
                    kept.iter().filter(|(_, of)| *of == user).map(|(sequence, _)| *sequence).collect();
                let found: Vec<u64> =
                    ring.next(user, before, 1_000).into_iter().map(|(sequence, _)| sequence).collect();
                assert_eq!(found, expected);
                if let [first, rest @ ..] = &expected[..] {
                    assert_eq!(ring.next(user, *first, 1_000).len(), rest.len());
                }
            }
        }
        assert_eq!((ring.len(), ring.head()), (50, 10 + 199 * 3));
    }
}

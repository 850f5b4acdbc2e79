//! The recent events, with an index by whom or what they are about. A connection holds a place in here and nothing else.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use plyo_events::Subject;

use super::{
    rendered::{Announcement, Rendered},
    wake::Wake,
};

/// Recent events in the order of the stream, found by whom they are about.
pub(super) struct Ring {
    epoch: u64,
    subjects: HashMap<Subject, Part>,
    order: VecDeque<Place>,
    /// Every event of the stream after this sequence is here.
    before: u64,
    head: u64,
    bytes: usize,
    max_events: usize,
    max_bytes: usize,
}

/// What the ring has about one subject: there while it has events or somebody follows it.
struct Part {
    events: VecDeque<(u64, Arc<Rendered>)>,
    /// Every event about it after this sequence is here. A subject about which nothing happens does not age.
    before: u64,
    followers: Vec<Arc<Wake>>,
}

struct Place {
    sequence: u64,
    subject: Subject,
    bytes: usize,
}

/// What a connection has missed.
pub(super) struct Missed {
    pub events: Vec<(u64, Subject, Arc<Rendered>)>,
    /// Nothing else that it follows lies before or at this sequence.
    pub checkpoint: u64,
}

/// Why a place in the stream cannot be gone on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Gone {
    /// The stream was created anew.
    Epoch,
    /// It lies behind the end of the stream.
    Future,
    /// Some events after it are here no more.
    TooOld,
}

impl Ring {
    /// An empty ring of a stream that is followed from behind `before` on. `max_bytes` bounds the rendered text.
    pub(super) fn new(epoch: u64, before: u64, max_events: usize, max_bytes: usize) -> Self {
        Self {
            epoch,
            subjects: HashMap::new(),
            order: VecDeque::new(),
            before,
            head: before,
            bytes: 0,
            max_events,
            max_bytes,
        }
    }

    /// Takes the next event of the stream and wakes those who follow what it is about.
    pub(super) fn append(&mut self, sequence: u64, subject: Subject, rendered: Arc<Rendered>) {
        let bytes = rendered.size();
        let part = self.part(subject);
        part.events.push_back((sequence, rendered));
        part.followers.iter().for_each(|follower| follower.wake());
        self.head = sequence;
        self.bytes += bytes;
        self.order.push_back(Place { sequence, subject, bytes });
        while self.order.len() > self.max_events || self.bytes > self.max_bytes {
            self.evict();
        }
    }

    /// The stream was created anew: everything is forgotten but who follows what, and they are woken to notice.
    pub(super) fn begin_again(&mut self, epoch: u64, before: u64) {
        let fresh = Self::new(epoch, before, self.max_events, self.max_bytes);
        let parts = std::mem::replace(self, fresh).subjects;
        for (subject, part) in parts.into_iter().filter(|(_, part)| !part.followers.is_empty()) {
            part.followers.iter().for_each(|follower| follower.wake());
            self.subjects.insert(subject, Part { followers: part.followers, ..Part::new(before) });
        }
    }

    pub(super) const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// The last event's sequence.
    pub(super) const fn head(&self) -> u64 {
        self.head
    }

    pub(super) fn len(&self) -> usize {
        self.order.len()
    }

    /// From now on `wake` is notified of whatever is about this subject.
    pub(super) fn follow(&mut self, subject: Subject, wake: &Arc<Wake>) {
        let followers = &mut self.part(subject).followers;
        if followers.is_empty() {
            // Almost everybody has one.
            followers.reserve_exact(1);
        }
        followers.push(Arc::clone(wake));
    }

    pub(super) fn unfollow(&mut self, subject: Subject, wake: &Arc<Wake>) {
        let Some(part) = self.subjects.get_mut(&subject) else { return };
        part.followers.retain(|follower| !Arc::ptr_eq(follower, wake));
        if part.is_unused() {
            self.subjects.remove(&subject);
        }
    }

    /// Tells those who follow this subject what nobody keeps.
    pub(super) fn tell(&self, subject: Subject, what: &Arc<Announcement>) {
        let followers = self.subjects.get(&subject).map(|part| &part.followers);
        followers.into_iter().flatten().for_each(|follower| follower.tell(what));
    }

    /// The next events about any of these subjects after `sequence`, in the order of the stream, at most so many.
    ///
    /// # Errors
    /// When it cannot be said what came after it.
    pub(super) fn missed(&self, epoch: u64, subjects: &[Subject], sequence: u64, most: usize) -> Result<Missed, Gone> {
        if epoch != self.epoch {
            return Err(Gone::Epoch);
        }
        if sequence > self.head {
            return Err(Gone::Future);
        }
        let mut events = Vec::new();
        for subject in subjects {
            let part = self.subjects.get(subject);
            if sequence < part.map_or(self.before, |part| part.before) {
                return Err(Gone::TooOld);
            }
            let next = part.into_iter().flat_map(|part| part.next(sequence, most));
            events.extend(next.map(|(own, event)| (*own, *subject, Arc::clone(event))));
        }
        if subjects.len() > 1 {
            events.sort_unstable_by_key(|(sequence, ..)| *sequence);
            events.truncate(most);
        }
        let checkpoint = match events.last() {
            Some((last, ..)) if events.len() == most => *last,
            _ => self.head,
        };
        Ok(Missed { events, checkpoint })
    }

    fn part(&mut self, subject: Subject) -> &mut Part {
        let before = self.before;
        self.subjects.entry(subject).or_insert_with(|| Part::new(before))
    }

    fn evict(&mut self) {
        let Some(oldest) = self.order.pop_front() else { return };
        self.before = oldest.sequence;
        self.bytes -= oldest.bytes;
        let Some(part) = self.subjects.get_mut(&oldest.subject) else { return };
        part.events.pop_front();
        part.before = oldest.sequence;
        if part.is_unused() {
            self.subjects.remove(&oldest.subject);
        }
    }
}

impl Part {
    const fn new(before: u64) -> Self {
        Self { events: VecDeque::new(), before, followers: Vec::new() }
    }

    fn is_unused(&self) -> bool {
        self.events.is_empty() && self.followers.is_empty()
    }

    fn next(&self, sequence: u64, most: usize) -> impl Iterator<Item = &(u64, Arc<Rendered>)> {
        let start = self.events.partition_point(|(own, _)| *own <= sequence);
        self.events.range(start..).take(most)
    }
}

#[cfg(test)]
mod tests;

//! The recent events, rendered once, with an index by person. A connection holds a place in here and nothing else.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use plyo_events::UserId;
use tokio::sync::Notify;

use super::rendered::Rendered;

/// Recent events in the order of the stream, found by whom they are about.
pub(super) struct Ring {
    epoch: u64,
    people: HashMap<UserId, Person>,
    order: VecDeque<Place>,
    /// Every event of the stream after this sequence is here.
    before: u64,
    head: u64,
    bytes: usize,
    most_events: usize,
    most_bytes: usize,
}

/// A person's part of the ring: there while they have events in it or are connected.
struct Person {
    events: VecDeque<(u64, Arc<Rendered>)>,
    /// Every event of this person after this sequence is here. A person about whom nothing happens does not age.
    before: u64,
    connections: Vec<Arc<Notify>>,
}

struct Place {
    sequence: u64,
    user: UserId,
    bytes: usize,
}

/// What a connection has missed.
pub(super) struct Missed {
    pub events: Vec<(u64, Arc<Rendered>)>,
    /// Nothing else of this person lies before or at this sequence.
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
    /// An empty ring of a stream that is followed from behind `before` on. `most_bytes` bounds the rendered text.
    pub(super) fn new(epoch: u64, before: u64, most_events: usize, most_bytes: usize) -> Self {
        Self {
            epoch,
            people: HashMap::new(),
            order: VecDeque::new(),
            before,
            head: before,
            bytes: 0,
            most_events,
            most_bytes,
        }
    }

    /// Takes the next event of the stream and wakes those whom it is about.
    pub(super) fn append(&mut self, sequence: u64, user: UserId, rendered: Arc<Rendered>) {
        let bytes = rendered.size();
        let before = self.before;
        let person = self.people.entry(user).or_insert_with(|| Person::new(before));
        person.events.push_back((sequence, rendered));
        person.connections.iter().for_each(|connection| connection.notify_one());
        self.head = sequence;
        self.bytes += bytes;
        self.order.push_back(Place { sequence, user, bytes });
        while self.order.len() > self.most_events || self.bytes > self.most_bytes {
            self.evict();
        }
    }

    /// The stream was created anew: everything is forgotten but who is connected, and they are woken to notice.
    pub(super) fn begin_again(&mut self, epoch: u64, before: u64) {
        let fresh = Self::new(epoch, before, self.most_events, self.most_bytes);
        let people = std::mem::replace(self, fresh).people;
        for (user, person) in people.into_iter().filter(|(_, person)| !person.connections.is_empty()) {
            person.connections.iter().for_each(|connection| connection.notify_one());
            self.people.insert(user, Person { connections: person.connections, ..Person::new(before) });
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

    /// A connection of this person is woken by what it gets here.
    pub(super) fn connect(&mut self, user: UserId) -> Arc<Notify> {
        let wake = Arc::new(Notify::new());
        let before = self.before;
        let person = self.people.entry(user).or_insert_with(|| Person::new(before));
        // Almost everybody has one.
        person.connections.reserve_exact(1);
        person.connections.push(Arc::clone(&wake));
        wake
    }

    pub(super) fn disconnect(&mut self, user: UserId, wake: &Arc<Notify>) {
        let Some(person) = self.people.get_mut(&user) else { return };
        person.connections.retain(|connection| !Arc::ptr_eq(connection, wake));
        if person.is_absent() {
            self.people.remove(&user);
        }
    }

    /// A person's next events after `sequence`, at most so many.
    ///
    /// # Errors
    /// When it cannot be said what came after it.
    pub(super) fn missed(&self, epoch: u64, user: UserId, sequence: u64, most: usize) -> Result<Missed, Gone> {
        let person = self.people.get(&user);
        if epoch != self.epoch {
            return Err(Gone::Epoch);
        }
        if sequence > self.head {
            return Err(Gone::Future);
        }
        if sequence < person.map_or(self.before, |person| person.before) {
            return Err(Gone::TooOld);
        }
        let events = person.map_or_else(Vec::new, |person| person.next(sequence, most));
        let checkpoint = match events.last() {
            Some((last, _)) if events.len() == most => *last,
            _ => self.head,
        };
        Ok(Missed { events, checkpoint })
    }

    fn evict(&mut self) {
        let Some(oldest) = self.order.pop_front() else { return };
        self.before = oldest.sequence;
        self.bytes -= oldest.bytes;
        let Some(person) = self.people.get_mut(&oldest.user) else { return };
        person.events.pop_front();
        person.before = oldest.sequence;
        if person.is_absent() {
            self.people.remove(&oldest.user);
        }
    }
}

impl Person {
    const fn new(before: u64) -> Self {
        Self { events: VecDeque::new(), before, connections: Vec::new() }
    }

    fn is_absent(&self) -> bool {
        self.events.is_empty() && self.connections.is_empty()
    }

    fn next(&self, sequence: u64, most: usize) -> Vec<(u64, Arc<Rendered>)> {
        let start = self.events.partition_point(|(own, _)| *own <= sequence);
        self.events.range(start..).take(most).cloned().collect()
    }
}

#[cfg(test)]
mod tests;

//! The states that a lane has in its head: what was learnt from the first so many workouts of a person. They follow from the
//! tables, so that one that is not here is only slower.

use std::collections::HashMap;

use plyo_events::UserId;
use uuid::Uuid;

use crate::domain::state::Training;

/// People in each of two generations: some 40 KB each.
const MAX_PEOPLE: usize = 300;

#[derive(Default)]
pub(super) struct Minds {
    young: HashMap<UserId, Mind>,
    old: HashMap<UserId, Mind>,
    /// Who is concerned by the messages of this batch: the first of them, and whether there are more.
    concerned: HashMap<UserId, (Uuid, bool)>,
    /// Of those whom several concern, the state at the start of the batch: what the first brings, another may undo.
    bases: HashMap<UserId, Mind>,
    has_changed: bool,
}

/// What was learnt from the first `workouts` of a person.
#[derive(Clone)]
pub(super) struct Mind {
    pub workouts: u32,
    pub training: Training,
}

impl Minds {
    /// A message of a batch asks for what it needs. All of them do before any is handled, so that what a batch relies on is not
    /// forgotten before its end: those go that were not needed since the younger generation was filled.
    pub fn turn(&mut self) {
        if !self.has_changed {
            return;
        }
        self.has_changed = false;
        self.concerned.clear();
        self.bases.clear();
        if self.young.len() > MAX_PEOPLE {
            self.old = std::mem::take(&mut self.young);
        }
    }

    pub fn concern(&mut self, user: UserId, message: Uuid) {
        let (first, are_several) = self.concerned.entry(user).or_insert((message, false));
        *are_several |= *first != message;
    }

    /// From `number` on the workouts are others than they were.
    pub fn change(&mut self, user: UserId, number: u32) {
        self.has_changed = true;
        if self.bases.get(&user).is_some_and(|base| base.workouts > number) {
            self.bases.remove(&user);
        }
        if self.get(user).is_some_and(|mind| mind.workouts > number) {
            self.take(user);
            if let Some(base) = self.bases.get(&user).cloned() {
                self.put(user, base);
            }
        }
    }

    /// Keeps the state of the start of the batch, where it may be needed again.
    pub fn keep(&mut self, user: UserId, mind: &Mind) {
        if self.concerned.get(&user).is_some_and(|(_, are_several)| *are_several) {
            self.bases.entry(user).or_insert_with(|| mind.clone());
        }
    }

    /// After how many workouts the state is that is known, kept from being forgotten.
    pub fn touch(&mut self, user: UserId) -> Option<u32> {
        if let Some((user, mind)) = self.old.remove_entry(&user) {
            self.young.insert(user, mind);
        }
        self.young.get(&user).map(|mind| mind.workouts)
    }

    pub fn get(&self, user: UserId) -> Option<&Mind> {
        self.young.get(&user).or_else(|| self.old.get(&user))
    }

    pub fn take(&mut self, user: UserId) -> Option<Mind> {
        self.young.remove(&user).or_else(|| self.old.remove(&user))
    }

    pub fn put(&mut self, user: UserId, mind: Mind) {
        self.young.insert(user, mind);
    }
}

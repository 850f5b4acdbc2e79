//! The states that a lane has in its head: what was learnt from the first so many workouts of a person. They follow from the
//! tables, so that one that is not here is only slower.

use plyo_events::UserId;
use std::collections::HashMap;

use crate::domain::state::Training;

/// People in each of two generations: some 40 KB each.
const MOST: usize = 1_000;

#[derive(Default)]
pub(super) struct Minds {
    young: HashMap<UserId, Mind>,
    old: HashMap<UserId, Mind>,
}

/// What was learnt from the first `workouts` of a person.
#[derive(Clone)]
pub(super) struct Mind {
    pub workouts: u32,
    pub training: Training,
}

impl Minds {
    /// Forgets those that were not needed since the younger generation was filled. Called before a message of a batch asks
    /// for what it needs: what a batch relies on is not forgotten before its end, for nothing is put in meanwhile.
    pub fn turn(&mut self) {
        if self.young.len() > MOST {
            self.old = std::mem::take(&mut self.young);
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

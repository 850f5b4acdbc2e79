//! What follows from a situation, takes long and is asked for by every proposal: worked out once.

use std::{cell::RefCell, collections::HashMap, hash::Hash, rc::Rc};

use jiff::civil::DateTime;
use plyo_events::training::ExerciseSlug;

use super::rack::Rack;
use crate::domain::{safety::Week, state::Forecast};

#[derive(Debug, Default)]
pub(super) struct Memo {
    pub racks: Known<ExerciseSlug, Rc<Rack>>,
    pub weeks: Known<DateTime, Week>,
    /// By exercise, repetitions and moment.
    pub forecasts: Known<(ExerciseSlug, u16, DateTime), Option<Forecast>>,
}

#[derive(Debug)]
pub(super) struct Known<K, V>(RefCell<HashMap<K, V>>);

impl<K, V> Default for Known<K, V> {
    fn default() -> Self {
        Self(RefCell::default())
    }
}

impl<K: Clone + Eq + Hash, V: Clone> Known<K, V> {
    /// What is known under a key, or is found now.
    pub fn get(&self, key: &K, find: impl FnOnce() -> V) -> V {
        if let Some(known) = self.0.borrow().get(key) {
            return known.clone();
        }
        let found = find();
        self.0.borrow_mut().insert(key.clone(), found.clone());
        found
    }
}

//! Everything that a recommendation is made from.

use std::rc::Rc;

use jiff::civil::DateTime;

use super::{memo::Memo, rack::Rack};
use crate::domain::{
    exercise::Exercise,
    profile::{Profile, days_between},
    state::{Guidance, Knowledge, Lift, Training},
};

/// Days for which a note of pain holds more than the exercise that it is on.
pub(super) const PAIN_DAYS: u32 = 14;

/// The same situation always gives the same recommendations.
#[derive(Debug)]
pub struct Situation<'a> {
    pub knowledge: Knowledge<'a>,
    pub profile: &'a Profile,
    pub training: &'a Training,
    pub guidance: &'a Guidance,
    /// On the clock of the wall where the person is.
    pub now: DateTime,
    /// For the rare exploration; the id of what caused the recommendations.
    pub seed: u64,
    pub(super) memo: Memo,
}

impl<'a> Situation<'a> {
    pub fn new(
        knowledge: Knowledge<'a>,
        profile: &'a Profile,
        training: &'a Training,
        guidance: &'a Guidance,
        now: DateTime,
        seed: u64,
    ) -> Self {
        Self { knowledge, profile, training, guidance, now, seed, memo: Memo::default() }
    }

    /// The loads of a lift as the person did it.
    pub(super) fn rack(&self, exercise: &Exercise) -> Rc<Rack> {
        let rack = || Rc::new(self.rack_of(exercise, self.training.lift(&exercise.slug).as_deref()));
        self.memo.racks.get(&exercise.slug, rack)
    }

    /// The loads of a lift as it was done on one of two machines, or never.
    pub(super) fn rack_of(&self, exercise: &Exercise, lift: Option<&Lift>) -> Rack {
        Rack::of(self.knowledge.exercises, self.profile, self.training, exercise, lift)
    }

    /// The exercises that hurt within the last two weeks.
    pub(super) fn sore(&self) -> impl Iterator<Item = &Exercise> {
        let today = self.now.date();
        let fresh = self.guidance.pains().filter(move |(_, at)| days_between(at.date(), today) <= PAIN_DAYS);
        fresh.filter_map(|(slug, _)| self.knowledge.exercises.iter().find(|exercise| exercise.slug.as_str() == slug))
    }

    /// Whether an exercise is one to be proposed, in repetitions, is at hand, and spares what is injured and what hurt.
    pub(super) fn may_do(&self, exercise: &Exercise) -> bool {
        exercise.counts_reps
            && self.profile.has_equipment_for(exercise)
            && !self.profile.injured(self.now.date()).overlaps(exercise.joints())
            && self.guidance.hurts(exercise.slug.as_str()).is_empty()
            && !self.sore().any(|sore| is_same_movement(sore, exercise))
    }
}

/// Whether two exercises move the body in the same way. Patterns that gather many movements are told apart by the main muscle.
fn is_same_movement(one: &Exercise, other: &Exercise) -> bool {
    one.pattern == other.pattern && (!one.gathers() || one.primary.first() == other.primary.first())
}

//! A person's workouts in order of time, and what is learnt from them. Whatever order they come in, what is learnt is the fold
//! of those that stand, by start and then id; what comes late, or changes later, is folded again from a state before it.

use std::borrow::Cow;

use plyo_events::{Event, EventId, Message, UserId, WorkoutId};

use super::{State, event_id, minds::Mind};
use crate::{
    catalogue::knowledge,
    domain::state::{Training, stored::Stored as _},
    notes::{Note, Place},
    store::{LearnerRow, NoteRow, PlaceRow, SnapshotRow, Timeline},
};

/// Workouts between the states that are kept.
const EVERY: u32 = 16;
/// Of these the latest are kept, and of those before one in so many.
const LATEST: u32 = 4;
const ONE_IN: u32 = 8;

impl State {
    /// Asks for what a change of a person's workouts takes: `moved` leaves its place, something comes to `to`.
    pub(super) fn want_learner(&mut self, user: UserId, moved: Option<WorkoutId>, to: Option<Place>) {
        self.learners.want((user,));
        let from = moved.map(|id| (user, id));
        if let Some(key) = from {
            self.places.want(key);
        }
        let Some(LearnerRow { workouts, timeline, .. }) = self.learners.peek(&(user,)) else { return };
        let workouts = *workouts;
        let from = from.and_then(|key| self.places.peek(&key)).filter(|place| !place.deleted);
        let from = from.map(|row| (row.start, row.workout_id.uuid()));
        let first = [from, to].into_iter().flatten().map(|place| timeline.first_that_may_move(workouts, place)).min();
        let first = first.unwrap_or(workouts);
        let snapshot = timeline.snapshot_before(first);
        let read = match (self.minds.touch(user), snapshot) {
            (Some(known), _) if known <= first => known,
            (_, None) => 0,
            (_, Some(snapshot)) => {
                self.snapshots.want((user, snapshot));
                let is_unreadable = |row: &SnapshotRow| training_of(row).is_none();
                if self.snapshots.peek(&(user, snapshot)).is_some_and(is_unreadable) { 0 } else { snapshot }
            }
        };
        // What leaves its place may leave the one before it as the latest.
        let read = if moved.is_some() { read.min(first.saturating_sub(1)) } else { read };
        (read..workouts).for_each(|number| self.notes.want((user, number)));
    }

    /// Puts a workout in its place. `earlier` is the event that told of it before.
    pub(super) fn learn(&mut self, user: UserId, note: Note, earlier: Option<EventId>) {
        let mut learner = self.learner(user);
        let (place, event) = (note.place(), EventId::new(note.event));
        let workout_id = WorkoutId::new(note.workout);
        let (start, deleted) = (note.start, false);
        self.places.put(PlaceRow { user_id: user, workout_id, start, event_id: event, earlier, deleted });
        let number = self.number_of(&learner, place);
        for behind in (number..learner.workouts).rev() {
            self.move_note(user, behind, behind + 1);
        }
        self.notes.put(NoteRow { user_id: user, number, note });
        learner.workouts += 1;
        self.changed(learner, number);
        if number + 1 == self.learner(user).workouts {
            self.go_on(user);
        }
    }

    /// Takes a workout out of its place; gives the event that told of it. One that is not known (an operator dropped its
    /// event) has none.
    pub(super) fn forget(&mut self, user: UserId, id: WorkoutId, event: &Message<Event>) -> Option<EventId> {
        let row = self.places.get(&(user, id)).filter(|place| !place.deleted)?.clone();
        let told = row.event_id;
        let mut learner = self.learner(user);
        let place = (row.start, id.uuid());
        // What is before it stands before it, so this is its number.
        let number = self.number_of(&learner, place);
        self.places.put(PlaceRow { event_id: event_id(event), earlier: Some(told), deleted: true, ..row });
        for behind in number + 1..learner.workouts {
            self.move_note(user, behind, behind - 1);
        }
        learner.workouts -= 1;
        self.notes.remove(&(user, learner.workouts));
        self.changed(learner, number);
        Some(told)
    }

    pub(super) fn learner(&self, user_id: UserId) -> LearnerRow {
        let none = || LearnerRow { user_id, workouts: 0, timeline: Timeline::default() };
        self.learners.get(&(user_id,)).cloned().unwrap_or_else(none)
    }

    /// The latest workout.
    pub(super) fn latest(&self, user: UserId) -> Option<&Note> {
        let workouts = self.learners.get(&(user,)).map_or(0, |learner| learner.workouts);
        self.notes.peek(&(user, workouts.checked_sub(1)?)).map(|row| &row.note)
    }

    pub(super) fn is_latest(&self, user: UserId, workout: WorkoutId) -> bool {
        self.latest(user).is_some_and(|note| note.workout == workout.uuid())
    }

    /// What was learnt from all workouts.
    pub(super) fn training(&self, user: UserId) -> Cow<'_, Training> {
        let learner = self.learner(user);
        let mut mind = match self.minds.get(user) {
            Some(mind) if mind.workouts == learner.workouts => return Cow::Borrowed(&mind.training),
            Some(mind) => mind.clone(),
            None => self.before(&learner, learner.workouts),
        };
        self.fold(user, &mut mind, learner.workouts);
        Cow::Owned(mind.training)
    }

    /// How many workouts stand before a place. Whoever may come between them has asked for those that may move, so that one
    /// that is not known stands before.
    fn number_of(&self, learner: &LearnerRow, place: Place) -> u32 {
        let stands_behind = |number: &u32| {
            let known = self.notes.peek(&(learner.user_id, *number));
            known.is_some_and(|row| row.note.place() >= place)
        };
        let behind = (0..learner.workouts).rev().take_while(stands_behind).count();
        learner.workouts - behind as u32
    }

    fn move_note(&mut self, user: UserId, from: u32, to: u32) {
        let Some(row) = self.notes.get(&(user, from)).cloned() else { return };
        self.notes.put(NoteRow { number: to, ..row });
    }

    /// From `number` on the workouts are others than they were: what rested on them goes.
    fn changed(&mut self, mut learner: LearnerRow, number: u32) {
        let (user, workouts) = (learner.user_id, learner.workouts);
        let Timeline { last, marks, snapshots } = &mut learner.timeline;
        marks.truncate(number.div_ceil(EVERY) as usize);
        for mark in (marks.len() as u32..workouts.div_ceil(EVERY)).map(|mark| mark * EVERY) {
            marks.extend(self.notes.peek(&(user, mark)).map(|row| row.note.place()));
        }
        if workouts == 0 {
            *last = None;
        } else if let Some(row) = self.notes.peek(&(user, workouts - 1)) {
            *last = Some(row.note.place());
        }
        let gone: Vec<u32> = snapshots.extract_if(.., |snapshot| *snapshot > number).collect();
        gone.into_iter().for_each(|snapshot| self.snapshots.remove(&(user, snapshot)));
        self.minds.change(user, number);
        self.learners.put(learner);
    }

    /// Learns from what came behind all others, and keeps the state now and then.
    fn go_on(&mut self, user: UserId) {
        let mut learner = self.learner(user);
        let workouts = learner.workouts;
        let mut mind = self.minds.take(user).unwrap_or_else(|| self.before(&learner, workouts));
        self.minds.keep(user, &mind);
        self.fold(user, &mut mind, workouts);
        if workouts.is_multiple_of(EVERY) {
            let training = mind.training.to_bytes();
            self.snapshots.put(SnapshotRow { user_id: user, workouts, training });
            learner.timeline.snapshots.push(workouts);
            let is_passed =
                |snapshot: &mut u32| *snapshot + LATEST * EVERY <= workouts && !snapshot.is_multiple_of(ONE_IN * EVERY);
            let passed: Vec<u32> = learner.timeline.snapshots.extract_if(.., is_passed).collect();
            passed.into_iter().for_each(|snapshot| self.snapshots.remove(&(user, snapshot)));
            self.learners.put(learner);
        }
        self.minds.put(user, mind);
    }

    /// The latest state that is kept of at most so many workouts; one that cannot be read is none.
    fn before(&self, learner: &LearnerRow, workouts: u32) -> Mind {
        let mut kept = learner.timeline.snapshots.iter().rev().copied().filter(|snapshot| *snapshot <= workouts);
        let known = kept.find_map(|snapshot| {
            let row = self.snapshots.peek(&(learner.user_id, snapshot))?;
            Some(Mind { workouts: snapshot, training: training_of(row)? })
        });
        known.unwrap_or_else(|| Mind { workouts: 0, training: Training::new(knowledge().global) })
    }

    fn fold(&self, user: UserId, mind: &mut Mind, workouts: u32) {
        for number in mind.workouts..workouts {
            if let Some(row) = self.notes.get(&(user, number)) {
                mind.training.fold(knowledge(), &row.note.workout());
            }
        }
        mind.workouts = workouts;
    }
}

fn training_of(row: &SnapshotRow) -> Option<Training> {
    Training::from_bytes(&row.training).ok()
}

impl Timeline {
    /// The first number that may belong to another workout once something comes to a place or leaves it.
    fn first_that_may_move(&self, workouts: u32, place: Place) -> u32 {
        if self.last.is_none_or(|last| last < place) {
            return workouts;
        }
        let marks = self.marks.partition_point(|mark| *mark <= place);
        (marks.saturating_sub(1) as u32) * EVERY
    }

    fn snapshot_before(&self, workouts: u32) -> Option<u32> {
        self.snapshots.iter().rev().copied().find(|snapshot| *snapshot <= workouts)
    }
}

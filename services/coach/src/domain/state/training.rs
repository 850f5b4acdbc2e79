//! What the workouts of one person tell: the state that they are folded into, and what it foresees.

use std::{borrow::Cow, collections::BTreeMap};

use jiff::civil::DateTime;
use plyo_events::{EventId, training::ExerciseSlug};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{Lift, TopSet};
use crate::domain::{
    event::{Performed, Workout},
    exercise::{Exercise, Exercises},
    global::Global,
    models::{
        conformal::Conformal,
        effort::{Effort, Try},
        experts::{Errors, Forecasts},
        habits::Habits,
        load::TrainingLoad,
        muscles::Muscles,
        regressor::{Features, Regressor},
        time::{from_minutes, minutes_of},
    },
};

/// What is known beforehand: the global starting point and the facts about exercises.
#[derive(Clone, Copy, Debug)]
pub struct Knowledge<'a> {
    pub global: &'a Global,
    pub exercises: &'a Exercises,
}

/// Everything that was learnt from workouts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Training {
    /// Workouts so far.
    pub sessions: u32,
    pub lifts: BTreeMap<ExerciseSlug, Lift>,
    /// Of those that there was no more room for, the last time.
    stubs: BTreeMap<ExerciseSlug, TopSet>,
    pub habits: Habits,
    pub muscles: Muscles,
    pub load: TrainingLoad,
    /// Minutes since 1970 of the first and the last workout.
    span: Option<(i64, i64)>,
    /// Of the last [`Training::MAX_WORKOUTS`] workouts, latest last: the event that told of each.
    events: Vec<[u8; 16]>,
    regressor: Regressor,
    errors: Errors,
    range80: Conformal,
    range90: Conformal,
}

/// What load is asked for.
#[derive(Clone, Copy, Debug)]
pub struct Ask<'a> {
    pub exercise: &'a ExerciseSlug,
    /// Repetitions of the top set, 1 to 20.
    pub reps: u8,
    pub on: DateTime,
    /// The smallest change of load, in kilograms.
    pub step_kg: f64,
    /// The plan that is followed, where it is known.
    pub routine: Option<&'a str>,
}

/// The load of the top set that is foreseen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Forecast {
    /// On the grid of the plates, in kilograms.
    pub load_kg: f64,
    /// Before it was put on the grid.
    pub exact_kg: f64,
    /// What is lifted in 80 and in 90 of 100 cases, in kilograms.
    pub range80_kg: (f64, f64),
    pub range90_kg: (f64, f64),
    /// What each way to foresee it says, in kilograms.
    pub experts: Forecasts,
}

/// What was lifted, and what had been foreseen for these repetitions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lifted {
    pub top: TopSet,
    /// `None` the first time.
    pub forecast: Option<Forecast>,
}

impl Default for Training {
    fn default() -> Self {
        Self::new(Global::shipped())
    }
}

impl Training {
    /// Workouts whose events are remembered.
    pub const MAX_WORKOUTS: usize = 80;
    /// Lifts that are remembered; when there are more, of the one that was not done for longest the last time is kept.
    pub const LIFTS: usize = 72;
    /// Lifts of which that is all.
    pub const STUBS: usize = 72;

    /// Before the first workout.
    pub fn new(global: &Global) -> Self {
        Self {
            sessions: 0,
            lifts: BTreeMap::new(),
            stubs: BTreeMap::new(),
            habits: Habits::default(),
            muscles: Muscles::default(),
            load: TrainingLoad::default(),
            span: None,
            events: Vec::new(),
            regressor: global.first_regressor(),
            errors: global.errors,
            range80: global.range80,
            range90: global.range90,
        }
    }

    /// Before the first workout of a person whose sessions count as much as those of the people before.
    pub(crate) fn going_on(global: &Global) -> Self {
        Self { regressor: global.regressor.clone(), ..Self::new(global) }
    }

    /// What changes of load follow, for those who come after.
    pub(crate) fn into_regressor(self) -> Regressor {
        self.regressor
    }

    /// Folds a workout that began after all before it; [`super::History`] sees to the order. Returns what was lifted.
    pub fn fold(&mut self, knowledge: Knowledge<'_>, workout: &Workout) -> Vec<Lifted> {
        let minute = minutes_of(workout.start);
        let mut lifted = Vec::new();
        let done = workout.performed();
        // As it was before the workout, of which every lift ends the time away of those like it.
        let left_of = |performed: &Performed| self.left(knowledge.exercises, &performed.exercise, workout.start);
        let left: Vec<f64> = done.iter().map(left_of).collect();
        for (performed, left) in done.iter().zip(left) {
            let mark = mark_of(workout.routine.as_deref());
            let is_help = knowledge.exercises.is_assisted(&performed.exercise);
            if let Some(top) = TopSet::of(performed, self.sessions, minute, mark, is_help) {
                lifted.push(self.learn(knowledge, workout, performed, top, left));
            }
            self.rate(knowledge, performed);
            if let Some(lift) = self.lifts.get_mut(&performed.exercise) {
                lift.note_loads(&performed.sets);
            }
        }
        self.forget_lifts();
        let exercises: Vec<&ExerciseSlug> = workout.exercises.iter().map(|performed| &performed.exercise).collect();
        self.habits.observe(workout.start, &exercises);
        self.muscles.observe(knowledge.exercises, workout.start, &done);
        self.load.observe(workout);
        let (first, last) = self.span.unwrap_or((minute, minute));
        self.span = Some((first, last.max(minute)));
        if self.events.len() == Self::MAX_WORKOUTS {
            self.events.remove(0);
        }
        self.events.push(workout.event.uuid().into_bytes());
        self.sessions = self.sessions.saturating_add(1);
        lifted
    }

    /// What is known of a lift, and be it the last time alone.
    pub fn lift(&self, exercise: &ExerciseSlug) -> Option<Cow<'_, Lift>> {
        let of_stub = || Some(Cow::Owned(Lift::new(*self.stubs.get(exercise)?, self.errors)));
        self.lifts.get(exercise).map(Cow::Borrowed).or_else(of_stub)
    }

    /// The load of the next top set; `None` for a lift that was never done with a load.
    pub fn forecast(&self, knowledge: Knowledge<'_>, ask: &Ask<'_>) -> Option<Forecast> {
        let left = self.left(knowledge.exercises, ask.exercise, ask.on);
        self.foresee(knowledge.global, ask, left).map(|(forecast, _)| forecast)
    }

    /// The event that told of a session; `None` when it is not one of the last [`Training::MAX_WORKOUTS`].
    pub fn evidence(&self, session: u32) -> Option<EventId> {
        let ago = self.sessions.checked_sub(session)? as usize;
        let place = self.events.len().checked_sub(ago)?;
        Some(EventId::new(Uuid::from_bytes(*self.events.get(place)?)))
    }

    /// How late among the remembered workouts the one stands that an event told of.
    pub fn told_at(&self, event: EventId) -> Option<usize> {
        self.events.iter().position(|one| *one == event.uuid().into_bytes())
    }

    /// The moment of the first and of the last workout.
    pub fn span(&self) -> Option<(DateTime, DateTime)> {
        self.span.map(|(first, last)| (from_minutes(first), from_minutes(last)))
    }

    /// How strong the person is beside the population's medians: 1 for the same, `None` without a comparable lift. The
    /// geometric mean over the lifts, in which each counts as long as it is done.
    pub fn strength_factor(&self, knowledge: Knowledge<'_>) -> Option<f64> {
        self.strength_factor_on(knowledge, |_| true)
    }

    fn strength_factor_on(&self, knowledge: Knowledge<'_>, is_wanted: impl Fn(&ExerciseSlug) -> bool) -> Option<f64> {
        let ratio = |(slug, lift): (&ExerciseSlug, &Lift)| {
            let [_, median, _] = knowledge.global.exercises.get(slug)?.one_rep_max_kg?;
            Some(lift.epley_level() - median.ln())
        };
        let ratios: Vec<f64> = self
            .lifts
            .iter()
            .filter(|(slug, _)| is_wanted(slug) && !knowledge.exercises.is_assisted(slug))
            .filter_map(ratio)
            .collect();
        (!ratios.is_empty()).then(|| (ratios.iter().sum::<f64>() / ratios.len() as f64).exp())
    }

    /// The same beside an exercise: at most as strong as on lifts with its main muscle, where there are any.
    pub fn strength_factor_for(&self, knowledge: Knowledge<'_>, exercise: &Exercise) -> Option<f64> {
        let main = exercise.primary.first();
        let is_alike = |slug: &ExerciseSlug| {
            main.is_some() && knowledge.exercises.get(slug).is_some_and(|other| other.primary.first() == main)
        };
        let of_all = self.strength_factor_on(knowledge, |_| true)?;
        Some(self.strength_factor_on(knowledge, is_alike).map_or(of_all, |of_muscle| of_muscle.min(of_all)))
    }

    /// `left` is what time away leaves of the load.
    fn foresee(&self, global: &Global, ask: &Ask<'_>, left: f64) -> Option<(Forecast, Features)> {
        let lift = self.lift(ask.exercise)?;
        let mixture = &global.settings.mixture;
        let (experts, features) = lift.forecasts(&self.regressor, ask, mark_of(ask.routine));
        let exact_kg = left * mixture.mix(&experts, &self.errors, &lift.errors);
        let range = |range: &Conformal| (exact_kg * (-range.half_width).exp(), exact_kg * range.half_width.exp());
        let forecast = Forecast {
            load_kg: mixture.on_grid(exact_kg, lift.last().load_kg, ask.step_kg),
            exact_kg,
            range80_kg: range(&self.range80),
            range90_kg: range(&self.range90),
            experts,
        };
        Some((forecast, features))
    }

    /// Learns from a top set: first how wrong the forecasts were, then what they will rest on.
    fn learn(
        &mut self,
        knowledge: Knowledge<'_>,
        workout: &Workout,
        performed: &Performed,
        top: TopSet,
        left: f64,
    ) -> Lifted {
        if let Some(stub) = self.stubs.remove(&performed.exercise) {
            self.lifts.insert(performed.exercise.clone(), Lift::new(stub, self.errors));
        }
        let ask = Ask {
            exercise: &performed.exercise,
            reps: top.reps,
            on: workout.start,
            step_kg: workout.step_kg(),
            routine: workout.routine.as_deref(),
        };
        let foreseen = self.foresee(knowledge.global, &ask, left);
        let forecast = foreseen.map(|(forecast, _)| forecast);
        let (Some((forecast_then, features)), Some(lift)) = (foreseen, self.lifts.get_mut(&performed.exercise)) else {
            self.lifts.insert(performed.exercise.clone(), Lift::new(top, self.errors));
            return Lifted { top, forecast };
        };
        let settings = &knowledge.global.settings;
        let error = (top.load_kg / forecast_then.exact_kg).ln().abs();
        // Obeying makes errors zero, and a range narrower than a plate would forbid every rise.
        if !top.asked.is_coachs() {
            self.range80.observe(error, settings.range_rate);
            self.range90.observe(error, settings.range_rate);
        }
        self.errors.observe(&forecast_then.experts, top.load_kg, settings.mixture.memory);
        lift.errors.observe(&forecast_then.experts, top.load_kg, settings.mixture.memory_of_lift);
        self.regressor.observe(&features, (top.load_kg / lift.last().load_kg).ln());
        lift.observe(top);
        Lifted { top, forecast }
    }

    /// Learns how hard the sets of an exercise felt.
    fn rate(&mut self, knowledge: Knowledge<'_>, performed: &Performed) {
        let Some(lift) = self.lifts.get_mut(&performed.exercise) else { return };
        let start = &knowledge.global.settings.effort;
        for (set, rpe) in tries(performed) {
            match &mut lift.effort {
                Some(effort) => effort.observe(start, &set, rpe),
                None => lift.effort = Some(Effort::new(start, &set, rpe)),
            }
        }
    }

    fn forget_lifts(&mut self) {
        while self.lifts.len() > Self::LIFTS {
            let oldest = self.lifts.iter().min_by_key(|(_, lift)| lift.last().session).map(|(slug, _)| slug.clone());
            let Some((slug, lift)) = oldest.and_then(|oldest| self.lifts.remove_entry(&oldest)) else { return };
            self.stubs.insert(slug, *lift.last());
        }
        while self.stubs.len() > Self::STUBS {
            let oldest = self.stubs.iter().min_by_key(|(_, top)| top.session).map(|(slug, _)| slug.clone());
            let Some(oldest) = oldest else { return };
            self.stubs.remove(&oldest);
        }
    }
}

/// The sets of an exercise whose effort was logged, as they looked before they were done.
pub fn tries(performed: &Performed) -> Vec<(Try, f64)> {
    let work = performed.sets.iter().filter(|set| set.is_work());
    let mut last_rpe = None;
    let mut tries = Vec::new();
    for (before, set) in work.enumerate() {
        if let Some(rpe) = set.effort().filter(|_| set.tells_strength()) {
            let set = Try { ln_kg: set.load_kg.ln(), reps: f64::from(set.reps), before: before as f64, last_rpe };
            tries.push((set, rpe));
        }
        last_rpe = set.effort();
    }
    tries
}

/// A mark of a plan's name, 0 for no plan (FNV-1a, folded to 16 bits).
fn mark_of(routine: Option<&str>) -> u16 {
    let mix = |hash: u32, byte: u8| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
    let hash = |name: &str| name.bytes().fold(0x811c_9dc5, mix);
    routine.map_or(0, |name| (((hash(name) >> 16) ^ hash(name)) as u16).max(1))
}

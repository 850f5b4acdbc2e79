//! The write side of the achievements.

use std::collections::BTreeMap;

use jiff::civil::Date;
use plyo_events::{
    Command, Emit, Event, EventKind, Message, Reject, UserId,
    achievement::{AchievementRevoked, AchievementUnlocked},
    workout::{RecordChanges, WorkoutCompleted, WorkoutCorrected, WorkoutDeleted, WorkoutSummary},
};
use plyo_nats::{Incoming, Reactor, Rows, Table, Tables};

use crate::{
    domain::{self, RULES},
    store::{Lift, ProgressRow, StandingRow, Unlocked, UnlockedRow, WeekRow},
};

#[cfg(test)]
mod tests;

#[derive(Clone, Debug)]
pub(crate) struct Achievements;

#[derive(Default)]
pub(crate) struct State {
    progress: Rows<ProgressRow>,
    weeks: Rows<WeekRow>,
    standing: Rows<StandingRow>,
    unlocked: Rows<UnlockedRow>,
}

impl Tables for State {
    fn tables(&mut self) -> Vec<&mut dyn Table> {
        let Self { progress, weeks, standing, unlocked } = self;
        vec![progress, weeks, standing, unlocked]
    }
}

impl Reactor for Achievements {
    const NAME: &'static str = "achievement";
    const READS: &'static [EventKind] =
        &[EventKind::WorkoutCompleted, EventKind::WorkoutCorrected, EventKind::WorkoutDeleted];
    type State = State;

    fn needs(&self, message: Incoming<'_>, state: &mut State) {
        let Incoming::Event(event) = message else { return };
        let user = event.user();
        match &event.body {
            Event::WorkoutCompleted(WorkoutCompleted { summary, records, .. }) => {
                state.want(user, [summary], records);
            }
            Event::WorkoutCorrected(WorkoutCorrected { before, summary, records, .. }) => {
                state.want(user, [before, summary], records);
            }
            Event::WorkoutDeleted(WorkoutDeleted { before, records, .. }) => state.want(user, [before], records),
            // Own events, in a replay.
            _ => return state.unlocked.want((user,)),
        }
        state.progress.want((user,));
        state.unlocked.want((user,));
    }

    fn decide(&self, _: &State, _: &Message<Command>) -> Result<Emit, Reject> {
        Err(Reject::invalid("unknown_command", "the achievement service takes no commands"))
    }

    /// Every rule is held against what is unlocked.
    fn react(&self, state: &State, event: &Message<Event>) -> Emit {
        let user = event.user();
        let (progress, unlocked) = (state.progress(user), state.unlocked.get(&(user,)));
        let changes = RULES.iter().filter_map(|rule| {
            let value = progress.metric(rule.metric);
            let is_met = value >= rule.threshold;
            let is_unlocked = unlocked.is_some_and(|row| row.codes.contains_key(rule.code));
            if is_met == is_unlocked {
                return None;
            }
            let (code, metric, threshold) = (rule.code.to_owned(), rule.metric, rule.threshold);
            Some(if is_met {
                AchievementUnlocked { code, metric, threshold, value }.into()
            } else {
                AchievementRevoked { code, metric, threshold, value }.into()
            })
        });
        Emit::nothing().events(changes)
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        let user = event.user();
        match &event.body {
            Event::WorkoutCompleted(WorkoutCompleted { summary, records, .. }) => {
                state.count(user, summary);
                state.follow(user, records);
            }
            Event::WorkoutCorrected(WorkoutCorrected { before, summary, records, .. }) => {
                state.uncount(user, before);
                state.count(user, summary);
                state.follow(user, records);
            }
            Event::WorkoutDeleted(WorkoutDeleted { before, records, .. }) => {
                state.uncount(user, before);
                state.follow(user, records);
            }
            Event::AchievementUnlocked(unlocked) => {
                let mut row = state.unlocked(user);
                let at = event.stored_time();
                row.codes.insert(unlocked.code.clone(), Unlocked { value: unlocked.value, at });
                state.unlocked.put(row);
            }
            Event::AchievementRevoked(revoked) => {
                let mut row = state.unlocked(user);
                row.codes.remove(&revoked.code);
                if row.codes.is_empty() { state.unlocked.remove(&(user,)) } else { state.unlocked.put(row) }
            }
            _ => {}
        }
    }
}

impl State {
    /// The weeks that decide which streaks go through these workouts, and the lifts whose records change.
    fn want<const N: usize>(&mut self, user: UserId, summaries: [&WorkoutSummary; N], records: &RecordChanges) {
        for summary in summaries {
            domain::weeks_around(domain::monday(summary.local_date)).for_each(|monday| self.weeks.want((user, monday)));
        }
        lifts(user, records).for_each(|(lift, _)| self.standing.want(lift));
    }

    fn follow(&mut self, user: UserId, records: &RecordChanges) {
        for (lift, stands) in lifts(user, records) {
            if stands { self.stand(lift) } else { self.fall(&lift) }
        }
    }

    fn unlocked(&self, user_id: UserId) -> UnlockedRow {
        self.unlocked.get(&(user_id,)).cloned().unwrap_or(UnlockedRow { user_id, codes: BTreeMap::new() })
    }

    fn progress(&self, user: UserId) -> ProgressRow {
        self.progress.get(&(user,)).cloned().unwrap_or(ProgressRow::none(user))
    }

    fn week(&self, user: UserId, monday: Date) -> WeekRow {
        self.weeks.get(&(user, monday)).cloned().unwrap_or(WeekRow::none(user, monday))
    }

    /// Counts a workout: the first of its day may complete runs of days, the first of its week runs of weeks.
    fn count(&mut self, user: UserId, summary: &WorkoutSummary) {
        let (date, monday) = (summary.local_date, domain::monday(summary.local_date));
        let (mut progress, mut week) = (self.progress(user), self.week(user, monday));
        progress.workouts += 1;
        progress.tonnage_g += summary.tonnage_g;
        if week.is_empty() {
            progress.four_week_runs += self.week_runs(user, monday);
        }
        let day = week.day(date);
        if *day == 0 {
            progress.seven_day_runs += self.day_runs(user, date);
        }
        *day += 1;
        self.weeks.put(week);
        self.progress.put(progress);
    }

    /// Takes back what [`State::count`] did. A workout on a day without any was never counted (an operator dropped its
    /// event), so there is nothing to take back.
    fn uncount(&mut self, user: UserId, summary: &WorkoutSummary) {
        let (date, monday) = (summary.local_date, domain::monday(summary.local_date));
        let (mut progress, mut week) = (self.progress(user), self.week(user, monday));
        let day = week.day(date);
        if *day == 0 {
            return;
        }
        *day -= 1;
        if *day == 0 {
            progress.seven_day_runs -= self.day_runs(user, date);
        }
        if week.is_empty() {
            progress.four_week_runs -= self.week_runs(user, monday);
            self.weeks.remove(&(user, monday));
        } else {
            self.weeks.put(week);
        }
        progress.workouts -= 1;
        // Another workout of that day may be the one that was dropped, with another tonnage.
        progress.tonnage_g = progress.tonnage_g.saturating_sub(summary.tonnage_g);
        self.progress.put(progress);
    }

    fn day_runs(&self, user: UserId, date: Date) -> u64 {
        let is_active = |date: Date| {
            self.weeks.get(&(user, domain::monday(date))).is_some_and(|week| week.days[domain::weekday(date)] > 0)
        };
        domain::day_runs(date, is_active)
    }

    fn week_runs(&self, user: UserId, monday: Date) -> u64 {
        domain::week_runs(monday, |monday| self.weeks.get(&(user, monday)).is_some())
    }

    /// A record of this lift stands: the first, or another in its place.
    fn stand(&mut self, lift: Lift) {
        if self.standing.get(&lift).is_some() {
            return;
        }
        let mut progress = self.progress(lift.0);
        progress.records += 1;
        self.progress.put(progress);
        let (user_id, exercise, kind) = lift;
        self.standing.put(StandingRow { user_id, exercise, kind });
    }

    /// No record of this lift stands, until another is set.
    fn fall(&mut self, lift: &Lift) {
        if self.standing.get(lift).is_none() {
            return;
        }
        let mut progress = self.progress(lift.0);
        progress.records -= 1;
        self.progress.put(progress);
        self.standing.remove(lift);
    }
}

/// The lifts whose record falls, and then those of which one stands: it may be the same.
fn lifts(user: UserId, records: &RecordChanges) -> impl Iterator<Item = (Lift, bool)> {
    let fall = records.withdrawn.iter().map(move |record| ((user, record.exercise.clone(), record.kind), false));
    let stand = records.set.iter().map(move |record| ((user, record.exercise.clone(), record.kind), true));
    fall.chain(stand)
}

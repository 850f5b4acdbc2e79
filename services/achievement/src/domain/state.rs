//! The state that rules are compared with, and the fold that changes it.

use std::collections::BTreeMap;

use jiff::civil::Date;
use plyo_events::{
    Event, Message, Output, UserId,
    achievement::{AchievementRevoked, AchievementUnlocked, Metric},
    workout::{
        CustomExerciseMerged, RecordChanges, WorkoutCompleted, WorkoutCorrected, WorkoutDeleted, WorkoutSummary,
    },
};
use plyo_nats::{Rows, Table, Tables};

use super::{
    RULES,
    rows::{Lift, ProgressRow, StandingRow, Unlocked, UnlockedRow, WeekRow},
};

#[derive(Default)]
pub(crate) struct State {
    pub progress: Rows<ProgressRow>,
    pub weeks: Rows<WeekRow>,
    pub standing: Rows<StandingRow>,
    pub unlocked: Rows<UnlockedRow>,
}

impl Tables for State {
    fn tables(&mut self) -> Vec<&mut dyn Table> {
        let Self { progress, weeks, standing, unlocked } = self;
        vec![progress, weeks, standing, unlocked]
    }
}

impl State {
    /// Compares every rule with what is unlocked.
    pub(crate) fn tell(&self, event: &Message<Event>) -> Output {
        let user = event.user();
        let (progress, unlocked) = (self.progress(user), self.unlocked.get(&(user,)));
        let changes = RULES.iter().filter_map(|rule| {
            let value = progress.metric(rule.metric);
            let is_met = value >= rule.threshold;
            let is_unlocked = unlocked.is_some_and(|row| row.codes.contains_key(rule.code));
            if is_met == is_unlocked {
                return None;
            }
            let (code, metric, threshold) = (rule.code.to_owned(), rule.metric, rule.threshold);
            Some(if is_met {
                AchievementUnlocked { code, metric, threshold, value, quiet: is_quiet(event, metric) }.into()
            } else {
                AchievementRevoked { code, metric, threshold, value }.into()
            })
        });
        Output::nothing().events(changes)
    }

    /// The only way it changes.
    pub(crate) fn evolve(&mut self, event: &Message<Event>) {
        let user = event.user();
        match &event.body {
            Event::WorkoutCompleted(WorkoutCompleted { summary, records, .. }) => {
                self.count(user, summary);
                self.follow(user, records);
            }
            Event::WorkoutCorrected(WorkoutCorrected { before, summary, records, .. }) => {
                self.uncount(user, before);
                self.count(user, summary);
                self.follow(user, records);
            }
            Event::WorkoutDeleted(WorkoutDeleted { before, records, .. }) => {
                self.uncount(user, before);
                self.follow(user, records);
            }
            Event::CustomExerciseMerged(CustomExerciseMerged { records, .. }) => self.follow(user, records),
            Event::AchievementUnlocked(unlocked) => {
                let mut row = self.unlocked(user);
                let at = event.stored_time();
                row.codes.insert(unlocked.code.clone(), Unlocked { value: unlocked.value, at });
                self.unlocked.put(row);
            }
            Event::AchievementRevoked(revoked) => {
                let mut row = self.unlocked(user);
                row.codes.remove(&revoked.code);
                if row.codes.is_empty() { self.unlocked.remove(&(user,)) } else { self.unlocked.put(row) }
            }
            _ => {}
        }
    }

    /// The weeks that determine the streaks through these workouts, and the lifts whose records change.
    pub(crate) fn want<const N: usize>(
        &mut self,
        user: UserId,
        summaries: [&WorkoutSummary; N],
        records: &RecordChanges,
    ) {
        for summary in summaries {
            super::weeks_around(super::monday(summary.local_date)).for_each(|monday| self.weeks.want((user, monday)));
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

    /// Counts a workout: the first of its day can complete runs of days, the first of its week runs of weeks.
    fn count(&mut self, user: UserId, summary: &WorkoutSummary) {
        let (date, monday) = (summary.local_date, super::monday(summary.local_date));
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

    /// Reverts [`State::count`]. A workout on a day without any was never counted (an operator dropped its event), so there
    /// is nothing to revert.
    fn uncount(&mut self, user: UserId, summary: &WorkoutSummary) {
        let (date, monday) = (summary.local_date, super::monday(summary.local_date));
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
        // The dropped workout may be another one of that day, with another tonnage.
        progress.tonnage_g = progress.tonnage_g.saturating_sub(summary.tonnage_g);
        self.progress.put(progress);
    }

    fn day_runs(&self, user: UserId, date: Date) -> u64 {
        let is_active = |date: Date| {
            self.weeks.get(&(user, super::monday(date))).is_some_and(|week| week.days[super::weekday(date)] > 0)
        };
        super::day_runs(date, is_active)
    }

    fn week_runs(&self, user: UserId, monday: Date) -> u64 {
        super::week_runs(monday, |monday| self.weeks.get(&(user, monday)).is_some())
    }

    /// This lift has a record: the first, or a new one.
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

    /// This lift has no record, until one is set.
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

/// Whether nothing is to be celebrated: a workout that was written down late, or records that beat none or are doubtful.
fn is_quiet(event: &Message<Event>, metric: Metric) -> bool {
    let (Event::WorkoutCompleted(WorkoutCompleted { workout, records, .. })
    | Event::WorkoutCorrected(WorkoutCorrected { workout, records, .. })) = &event.body
    else {
        return false;
    };
    let beats_none = || records.set.iter().all(|record| record.previous.is_none() || record.doubtful);
    workout.is_back_filled(event.time) || (metric == Metric::Records && beats_none())
}

/// The lifts that lose a record, then those that get one: they may be the same.
fn lifts(user: UserId, records: &RecordChanges) -> impl Iterator<Item = (Lift, bool)> {
    let fall = records.withdrawn.iter().map(move |record| ((user, record.exercise.clone(), record.kind), false));
    let stand = records.set.iter().map(move |record| ((user, record.exercise.clone(), record.kind), true));
    fall.chain(stand)
}

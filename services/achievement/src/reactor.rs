//! The write side of the achievements.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::{Timestamp, civil::Date};
use plyo_events::{
    Command, Emit, Event, EventKind, Message, Reject, UserId,
    achievement::{AchievementRevoked, AchievementUnlocked},
    workout::WorkoutSummary,
};
use plyo_nats::{Batch, Load, Reactor, Rows, Save};
use sqlx::PgConnection;

use crate::{
    domain::{self, RULES},
    store::{self, Codes, Lift, ProgressRow, StandingRow, UnlockedRow, WeekRow},
};

#[cfg(test)]
mod tests;

pub(crate) struct Achievements;

#[derive(Default)]
pub(crate) struct State {
    progress: Rows<ProgressRow>,
    weeks: Rows<WeekRow>,
    standing: Rows<StandingRow>,
    /// What the batch unlocks; what was unlocked before is not read, but for its code.
    unlocked: Rows<UnlockedRow>,
    codes: Codes,
}

impl Reactor for Achievements {
    const NAME: &'static str = "achievement";
    const READS: &'static [EventKind] = &[
        EventKind::WorkoutCompleted,
        EventKind::WorkoutCorrected,
        EventKind::WorkoutDeleted,
        EventKind::RecordSet,
        EventKind::RecordWithdrawn,
    ];
    const TABLES: &'static [&'static str] = store::TABLES;
    type State = State;

    async fn load(&self, db: &mut PgConnection, batch: &Batch) -> Result<State> {
        let users = batch.users();
        let mut load = Load::default();
        let progress = load.rows(users.iter().map(|user| (*user,)))?;
        let weeks = store::weeks_around(&mut load, &mondays(batch));
        let standing = load.rows(lifts(batch))?;
        let codes = store::codes(&mut load, &users);
        let mut loaded = load.run(db).await?;
        Ok(State {
            progress: loaded.rows(progress)?,
            weeks: loaded.rows(weeks)?,
            standing: loaded.rows(standing)?,
            unlocked: Rows::default(),
            codes: loaded.values(codes)?.into_iter().collect(),
        })
    }

    fn decide(&self, _: &State, _: &Message<Command>) -> Result<Emit, Reject> {
        Err(Reject::invalid("unknown_command", "the achievement service takes no commands"))
    }

    /// Every rule is held against what is unlocked.
    fn react(&self, state: &State, event: &Message<Event>) -> Emit {
        let user = event.user;
        let (progress, codes) = (state.progress(user), state.codes.get(&user));
        let changes = RULES.iter().filter_map(|rule| {
            let value = progress.metric(rule.metric);
            let is_met = value >= rule.threshold;
            let is_unlocked = codes.is_some_and(|codes| codes.contains(rule.code));
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
        let user = event.user;
        match &event.body {
            Event::WorkoutCompleted(completed) => state.count(user, &completed.summary),
            Event::WorkoutCorrected(corrected) => {
                state.uncount(user, &corrected.before);
                state.count(user, &corrected.summary);
            }
            Event::WorkoutDeleted(deleted) => state.uncount(user, &deleted.before),
            Event::RecordSet(set) => {
                set.records.iter().for_each(|record| state.stand((user, record.exercise.clone(), record.kind)));
            }
            Event::RecordWithdrawn(withdrawn) => {
                withdrawn.records.iter().for_each(|record| state.fall(&(user, record.exercise.clone(), record.kind)));
            }
            Event::AchievementUnlocked(unlocked) => {
                state.codes.entry(user).or_default().insert(unlocked.code.clone());
                state.unlocked.put(UnlockedRow {
                    user_id: user,
                    code: unlocked.code.clone(),
                    value: unlocked.value,
                    // Postgres keeps microseconds: the fold must not know more.
                    unlocked_at: Timestamp::from_microsecond(event.time.as_microsecond()).unwrap_or(event.time),
                });
            }
            Event::AchievementRevoked(revoked) => {
                state.codes.entry(user).or_default().remove(&revoked.code);
                state.unlocked.remove(&(user, revoked.code.clone()));
            }
            _ => {}
        }
    }

    async fn save(&self, db: &mut PgConnection, state: State) -> Result<()> {
        let mut save = Save::default();
        save.rows(state.progress)?;
        save.rows(state.weeks)?;
        save.rows(state.standing)?;
        save.rows(state.unlocked)?;
        save.run(db).await
    }
}

impl State {
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

/// The weeks in which the batch changes a day.
fn mondays(batch: &Batch) -> BTreeSet<(UserId, Date)> {
    let dates = |event: &Event| match event {
        Event::WorkoutCompleted(completed) => [Some(completed.summary.local_date), None],
        Event::WorkoutCorrected(corrected) => [Some(corrected.before.local_date), Some(corrected.summary.local_date)],
        Event::WorkoutDeleted(deleted) => [Some(deleted.before.local_date), None],
        _ => [None, None],
    };
    let mondays = |event: &Message<Event>| {
        let user = event.user;
        dates(&event.body).into_iter().flatten().map(move |date| (user, domain::monday(date)))
    };
    batch.events().flat_map(mondays).collect()
}

/// The lifts whose records the batch changes.
fn lifts(batch: &Batch) -> BTreeSet<Lift> {
    let mut lifts = BTreeSet::new();
    for Message { user, body, .. } in batch.events() {
        match body {
            Event::RecordSet(set) => lifts.extend(set.records.iter().map(|it| (*user, it.exercise.clone(), it.kind))),
            Event::RecordWithdrawn(withdrawn) => {
                lifts.extend(withdrawn.records.iter().map(|it| (*user, it.exercise.clone(), it.kind)));
            }
            _ => {}
        }
    }
    lifts
}

//! The write side of the achievements.

use std::collections::BTreeSet;

use anyhow::Result;
use jiff::{Timestamp, civil::Date};
use plyo_events::{
    Command, Emit, Event, EventKind, Message, Reject, UserId,
    achievement::{AchievementRevoked, AchievementUnlocked},
    training::ExerciseSlug,
    workout::{RecordKind, WorkoutSummary},
};
use plyo_nats::{Batch, Reactor, Rows};
use sqlx::PgConnection;

use crate::{
    domain::{self, RULES},
    store::{self, ProgressRow, StandingRow, UnlockedRow, WeekRow},
};

pub(crate) struct Achievements;

#[derive(Default)]
pub(crate) struct State {
    progress: Rows<ProgressRow>,
    weeks: Rows<WeekRow>,
    standing: Rows<StandingRow>,
    unlocked: Rows<UnlockedRow>,
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
        let weeks: BTreeSet<_> = batch
            .events()
            .flat_map(|event| dates(&event.body).into_iter().map(|date| (event.user, date)))
            .flat_map(|(user, date)| domain::weeks_around(date).map(move |monday| (user, monday)))
            .collect();
        let lifts: Vec<_> = batch.events().filter_map(lift).collect();
        Ok(State {
            progress: Rows::load(&mut *db, users.iter().map(|user| (*user,))).await?,
            weeks: Rows::load(&mut *db, weeks).await?,
            standing: Rows::load(&mut *db, lifts).await?,
            unlocked: store::unlocked(db, &users).await?,
        })
    }

    fn decide(&self, _: &State, _: &Message<Command>) -> Result<Emit, Reject> {
        Err(Reject::invalid("unknown_command", "the achievement service takes no commands"))
    }

    /// Every rule is held against what is unlocked.
    fn react(&self, state: &State, event: &Message<Event>) -> Emit {
        let user = event.user;
        let Some(progress) = state.progress.get(&(user,)) else { return Emit::nothing() };
        let changes = RULES.iter().filter_map(|rule| {
            let (code, metric, threshold) = (rule.code.to_owned(), rule.metric, rule.threshold);
            let value = progress.metric(metric);
            let is_met = value >= threshold;
            let is_unlocked = state.unlocked.get(&(user, code.clone())).is_some();
            match (is_met, is_unlocked) {
                (true, false) => Some(AchievementUnlocked { code, metric, threshold, value }.into()),
                (false, true) => Some(AchievementRevoked { code, metric, threshold, value }.into()),
                _ => None,
            }
        });
        Emit::nothing().events(changes)
    }

    fn evolve(&self, state: &mut State, event: &Message<Event>) {
        let user = event.user;
        match &event.body {
            Event::WorkoutCompleted(completed) => state.add(user, &completed.summary),
            Event::WorkoutCorrected(corrected) => {
                state.take(user, &corrected.before);
                state.add(user, &corrected.summary);
            }
            Event::WorkoutDeleted(deleted) => state.take(user, &deleted.before),
            Event::RecordSet(record) => state.stands(user, &record.exercise, record.kind, true),
            Event::RecordWithdrawn(record) => state.stands(user, &record.exercise, record.kind, false),
            Event::AchievementUnlocked(unlocked) => state.unlocked.put(UnlockedRow {
                user_id: user,
                code: unlocked.code.clone(),
                value: unlocked.value,
                unlocked_at: Timestamp::from_microsecond(event.time.as_microsecond()).unwrap_or(event.time),
            }),
            Event::AchievementRevoked(revoked) => state.unlocked.remove(&(user, revoked.code.clone())),
            _ => {}
        }
    }

    async fn save(&self, db: &mut PgConnection, state: State) -> Result<()> {
        state.progress.save(&mut *db).await?;
        state.weeks.save(&mut *db).await?;
        state.standing.save(&mut *db).await?;
        state.unlocked.save(db).await
    }
}

impl State {
    fn progress(&self, user: UserId) -> ProgressRow {
        self.progress.get(&(user,)).cloned().unwrap_or(ProgressRow::none(user))
    }

    fn add(&mut self, user: UserId, summary: &WorkoutSummary) {
        let mut progress = self.progress(user);
        progress.workouts += 1;
        progress.tonnage_g += summary.tonnage_g;
        let (date, monday) = (summary.local_date, domain::monday(summary.local_date));
        let new_week = !self.is_active_week(user, monday);
        if self.change_day(user, date, |count| count + 1) == 1 {
            progress.seven_day_runs += domain::day_runs(date, |date| self.is_active_day(user, date));
        }
        if new_week {
            progress.four_week_runs += domain::week_runs(monday, |monday| self.is_active_week(user, monday));
        }
        self.progress.put(progress);
    }

    fn take(&mut self, user: UserId, summary: &WorkoutSummary) {
        let mut progress = self.progress(user);
        progress.workouts = progress.workouts.saturating_sub(1);
        progress.tonnage_g = progress.tonnage_g.saturating_sub(summary.tonnage_g);
        let (date, monday) = (summary.local_date, domain::monday(summary.local_date));
        if self.change_day(user, date, |count| count.saturating_sub(1)) == 0 {
            let runs = domain::day_runs(date, |date| self.is_active_day(user, date));
            progress.seven_day_runs = progress.seven_day_runs.saturating_sub(runs);
        }
        if !self.is_active_week(user, monday) {
            let runs = domain::week_runs(monday, |monday| self.is_active_week(user, monday));
            progress.four_week_runs = progress.four_week_runs.saturating_sub(runs);
        }
        self.progress.put(progress);
    }

    /// Counts the lifts whose record stands.
    fn stands(&mut self, user: UserId, exercise: &ExerciseSlug, kind: RecordKind, stands: bool) {
        let row = StandingRow { user_id: user, exercise: exercise.clone(), kind };
        let key = (user, exercise.clone(), kind);
        let stood = self.standing.get(&key).is_some();
        let mut progress = self.progress(user);
        match (stood, stands) {
            (false, true) => {
                progress.records += 1;
                self.standing.put(row);
            }
            (true, false) => {
                progress.records = progress.records.saturating_sub(1);
                self.standing.remove(&key);
            }
            _ => {}
        }
        self.progress.put(progress);
    }

    /// Changes how many workouts a day has; a week without any leaves no row. Gives the new count.
    fn change_day(&mut self, user_id: UserId, date: Date, change: impl Fn(u32) -> u32) -> u32 {
        let monday = domain::monday(date);
        let mut week = self.weeks.get(&(user_id, monday)).cloned().unwrap_or(WeekRow { user_id, monday, days: [0; 7] });
        let day = &mut week.days[domain::weekday(date)];
        *day = change(*day);
        let count = *day;
        if week.days == [0; 7] {
            self.weeks.remove(&(user_id, monday));
        } else {
            self.weeks.put(week);
        }
        count
    }

    fn is_active_day(&self, user: UserId, date: Date) -> bool {
        self.weeks.get(&(user, domain::monday(date))).is_some_and(|week| week.days[domain::weekday(date)] > 0)
    }

    fn is_active_week(&self, user: UserId, monday: Date) -> bool {
        self.weeks.get(&(user, monday)).is_some()
    }
}

/// The local dates that an event is about.
fn dates(event: &Event) -> Vec<Date> {
    match event {
        Event::WorkoutCompleted(completed) => vec![completed.summary.local_date],
        Event::WorkoutCorrected(corrected) => vec![corrected.before.local_date, corrected.summary.local_date],
        Event::WorkoutDeleted(deleted) => vec![deleted.before.local_date],
        _ => Vec::new(),
    }
}

fn lift(event: &Message<Event>) -> Option<(UserId, ExerciseSlug, RecordKind)> {
    match &event.body {
        Event::RecordSet(record) => Some((event.user, record.exercise.clone(), record.kind)),
        Event::RecordWithdrawn(record) => Some((event.user, record.exercise.clone(), record.kind)),
        _ => None,
    }
}

//! What was sent, and whether the world says the same: the checker of every crash test.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    sync::atomic::{AtomicBool, Ordering},
    time::Duration,
};

use plyo_events::{
    Command, CommandId, Event, Message, UserId,
    training::{ExerciseSlug, Load, LocalTime, SetKind},
    workout::{ExerciseEntry, LogWorkout, Set, Workout},
};
use plyo_nats::{CommandPublisher, SendError, Tail};
use uuid::Uuid;

use crate::platform::Fixture;

/// The commands of a test in the order in which each user sent them.
#[derive(Default)]
pub struct Ledger {
    sent: BTreeMap<UserId, Vec<Uuid>>,
}

impl Ledger {
    /// Logs workouts of ten users side by side, twenty each at least and on until it is `over`; each user's one after
    /// another, each until it is acknowledged.
    pub async fn keep_logging(publisher: &CommandPublisher, over: &AtomicBool) -> Self {
        let users = (0..10).map(|_| UserId::mint());
        let sending = users.map(async |user| {
            let mut ids = Vec::new();
            while ids.len() < 20 || !over.load(Ordering::Relaxed) {
                let command = log(user, 5);
                send(publisher, &command).await;
                ids.push(command.id);
                // A pace that leaves the processes under test their share of two cores.
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
            (user, ids)
        });
        Self { sent: futures_util::future::join_all(sending).await.into_iter().collect() }
    }

    pub fn add(&mut self, user: UserId, ids: Vec<Uuid>) {
        self.sent.entry(user).or_default().extend(ids);
    }

    pub fn absorb(&mut self, other: Self) {
        self.sent.extend(other.sent);
    }

    /// What is wrong: nothing, if every acknowledged command has exactly its events, once, in its user's order.
    pub async fn check(&self, fixture: &Fixture, services: &[&str]) -> Vec<String> {
        let mut wrong = Vec::new();
        let events = events(fixture).await;
        let mut ids = HashSet::new();
        for event in &events {
            if !ids.insert(event.id) {
                wrong.push(format!("event {} twice: {:?}", event.id, event.body.kind()));
            }
        }
        let mut completed: HashMap<UserId, Vec<Uuid>> = HashMap::new();
        let mut unlocked: HashMap<UserId, Vec<String>> = HashMap::new();
        for event in events {
            match &event.body {
                Event::WorkoutCompleted(_) => completed.entry(event.user()).or_default().push(event.causation),
                Event::AchievementUnlocked(achievement) => {
                    unlocked.entry(event.user()).or_default().push(achievement.code.clone())
                }
                _ => {}
            }
        }
        for (user, sent) in &self.sent {
            let there = completed.remove(user).unwrap_or_default();
            if &there != sent {
                let (a, b): (BTreeSet<_>, BTreeSet<_>) = (there.iter().collect(), sent.iter().collect());
                wrong.push(format!(
                    "{user}: {} completed, {} sent, {} missing, {} too many, or in another order",
                    there.len(),
                    sent.len(),
                    b.difference(&a).count(),
                    a.difference(&b).count()
                ));
            }
            let mut codes = unlocked.remove(user).unwrap_or_default();
            codes.sort_unstable();
            let expected = expected(services, sent.len() as u64);
            if codes != expected {
                wrong.push(format!("{user}: the achievements {codes:?} instead of {expected:?}"));
            }
            for service in services.iter().filter_map(|service| service.strip_prefix("tally:")) {
                let mut db = fixture.database(service).await;
                let n: Option<i64> = sqlx::query_scalar("SELECT n FROM tally WHERE user_id = $1")
                    .bind(user.uuid())
                    .fetch_optional(&mut db)
                    .await
                    .unwrap();
                if n != Some(sent.len() as i64) {
                    wrong.push(format!("{service} counts {n:?} for {user}, not {}", sent.len()));
                }
            }
        }
        if !completed.is_empty() {
            wrong.push(format!("workouts of {} users that sent none", completed.len()));
        }
        wrong.extend(fixture.verify(services).await);
        wrong
    }
}

/// The achievements of somebody who logged so many workouts of [`log`]'s kind, 500 kg each on one day; sorted.
fn expected(services: &[&str], workouts: u64) -> Vec<String> {
    let mut codes: Vec<String> = if services.contains(&"tally:achievement") {
        (1..=workouts).filter(|n| n % 5 == 0).map(|n| format!("workouts_{n}")).collect()
    } else if services.contains(&"achievement") {
        let of_real = [
            ("records_1", 1),
            ("workouts_1", 1),
            ("workouts_10", 10),
            ("workouts_50", 50),
            ("workouts_100", 100),
            ("tonnage_1_t", 2),
            ("tonnage_10_t", 20),
            ("tonnage_100_t", 200),
            ("tonnage_500_t", 1_000),
            ("tonnage_1000_t", 2_000),
        ];
        of_real.iter().filter(|(_, least)| workouts >= *least).map(|(code, _)| (*code).to_owned()).collect()
    } else {
        Vec::new()
    };
    codes.sort_unstable();
    codes
}

/// A workout of one set.
pub fn log(user: UserId, reps: u32) -> Message<Command> {
    let set = Set {
        reps: Some(reps.try_into().unwrap()),
        load: Some(Load::Kg(100.0.try_into().unwrap())),
        duration_s: None,
        rpe: None,
        rir: None,
        distance: None,
        tempo: None,
        kind: SetKind::Working,
    };
    let exercise: ExerciseSlug = "barbell-back-squat".to_owned().try_into().unwrap();
    let started_at: LocalTime = "2026-11-24T18:30:00+01:00".to_owned().try_into().unwrap();
    let workout = Workout {
        started_at,
        ended_at: None,
        exercises: vec![ExerciseEntry { exercise, sets: vec![set], planned: None }],
    };
    let now = jiff::Timestamp::now();
    Message::first(CommandId::mint().uuid(), user, now, Command::from(LogWorkout { workout }))
}

/// Sends a command until it is acknowledged: a timeout means unknown, and the same command again tells.
pub async fn send(publisher: &CommandPublisher, command: &Message<Command>) {
    loop {
        match publisher.send(command, "fingerprint").await {
            Ok(_) => return,
            Err(SendError::Unavailable(_) | SendError::Unknown) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}

/// Every event there is that can be read.
pub async fn events(fixture: &Fixture) -> Vec<Message<Event>> {
    let mut tail = Tail::open(&fixture.nats().await, u64::MAX).await.unwrap();
    let mut events = Vec::new();
    while tail.behind() > 0 {
        let more = tokio::time::timeout(Duration::from_secs(10), tail.next()).await.expect("events come");
        events.extend(more.unwrap().iter().filter_map(|stored| stored.decode().ok()));
    }
    events
}

//! A backlog that is drained through all reactions: how fast, and at what cost.

use std::{
    collections::HashMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use plyo_demo::training;
use plyo_servers::settled::{command_streams, events};
use serde_json::Value;
use tokio::task::JoinSet;

use crate::{
    cost::{Cpu, Wal},
    edge::WORKOUTS,
    fixture::Fixture,
    http::{Http, command, post},
};

const CONNECTIONS: usize = 100;
const DRAIN_TIMEOUT: Duration = Duration::from_secs(180);

/// What people ask for.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Mix {
    /// Twelve weeks of training each, as in the demo.
    Logs,
    /// Of twenty commands one corrects and one deletes what was logged a moment ago.
    Mixed,
}

/// What became of a backlog.
pub struct Drained {
    pub commands: u64,
    pub events: u64,
    /// From the start of the services until nothing is under way.
    pub seconds: f64,
    /// Until the last event was stored: a lane that has nothing to do writes its position some 50 ms later.
    pub last_event: f64,
    /// For each command.
    pub cpu: Cpu,
    pub wal_bytes: f64,
    pub wal_records: f64,
}

/// Posts everything while no service runs, then lets these run.
pub async fn drain(fixture: &Fixture, people: usize, mix: Mix, roles: &str) -> Result<Drained> {
    let commands = fill(fixture, people, mix).await?;
    let nats = fixture.nats().await?;
    let mut db = fixture.database().await?;
    let first = events(&nats).await?.last;
    let wal = Wal::read(&mut db).await?;
    let (started, started_at) = (Instant::now(), Timestamp::now());
    let mut platform = fixture.start(roles)?;
    let processes = fixture.processes(&platform)?;
    let before = Cpu { services: 0.0, ..processes.cpu()? };
    fixture.ready(&mut platform).await?;
    fixture.settle_of(roles, DRAIN_TIMEOUT).await?;
    let seconds = started.elapsed().as_secs_f64();
    let each = commands as f64;
    let cpu = processes.cpu()?.since(&before, each);
    drop(platform);
    let events = events(&nats).await?;
    let written = Wal::read(&mut db).await?;
    Ok(Drained {
        commands,
        events: events.last - first,
        seconds,
        last_event: events.last_at.duration_since(started_at).as_secs_f64(),
        cpu,
        wal_bytes: (written.bytes - wal.bytes) as f64 / each,
        wal_records: (written.records - wal.records) as f64 / each,
    })
}

impl Drained {
    pub fn per_second(&self) -> f64 {
        self.commands as f64 / self.seconds
    }
}

impl fmt::Display for Drained {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { commands, events, seconds, last_event, cpu, wal_bytes, wal_records } = self;
        let (per_second, cores) = (self.per_second(), std::thread::available_parallelism().map_or(1, Into::into));
        let busy = 100.0 * cpu.all() * per_second / 1e6 / f64::from(cores as u32);
        writeln!(
            f,
            "{commands} commands came to {events} events in {seconds:.2} s, the last after {last_event:.2} s: {per_second:.0} commands/s"
        )?;
        writeln!(f, "each took {cpu} of CPU; the {cores} cores were busy with that to {busy:.0} %")?;
        write!(f, "each took {wal_bytes:.0} bytes of WAL in {wal_records:.1} records")
    }
}

/// Posts what people ask for while no service runs but the user service, which the edge needs; gives how much that is.
async fn fill(fixture: &Fixture, people: usize, mix: Mix) -> Result<u64> {
    let platform = fixture.serve("edge,user").await?;
    let workouts = Arc::new(lately(Timestamp::now()));
    let tokens = fixture.tokens(people).await?;
    let mut posting = JoinSet::new();
    for first in 0..CONNECTIONS.min(people) {
        let own: Vec<(usize, String)> = tokens.iter().cloned().enumerate().skip(first).step_by(CONNECTIONS).collect();
        posting.spawn(post_all(Http::connect(&platform.authority).await?, own, Arc::clone(&workouts), mix));
    }
    let mut posted = 0;
    while let Some(poster) = posting.join_next().await {
        posted += poster??;
    }
    let waiting: u64 = command_streams(&fixture.nats().await?).await?.iter().map(|stream| stream.messages).sum();
    ensure!(waiting == posted, "{waiting} commands wait, not {posted}");
    Ok(posted)
}

/// The training of twelve weeks within the last day: of what is logged later, nothing is celebrated or recommended, and a
/// drain would be half the work.
fn lately(now: Timestamp) -> Vec<Value> {
    let mut workouts = training::twelve_weeks(TimeZone::UTC.to_datetime(now).date());
    let end = now.as_second() - 3_600;
    for (back, workout) in (0..).zip(workouts.iter_mut().rev()) {
        let start = Timestamp::from_second(end - 24 * 60 * back).unwrap_or(now);
        workout["started_at"] = start.to_string().into();
        workout["ended_at"] = (start + SignedDuration::from_mins(20)).to_string().into();
    }
    workouts
}

/// Week by week, so that those who train at the same time follow each other.
async fn post_all(mut http: Http, people: Vec<(usize, String)>, workouts: Arc<Vec<Value>>, mix: Mix) -> Result<u64> {
    let mut posted = 0;
    let mut logged = HashMap::new();
    for (n, workout) in workouts.iter().enumerate() {
        for (person, token) in &people {
            let request = post(WORKOUTS, token, &format!("week-{n}"), "respond-async", &workout.to_string());
            let answer = http.exchange(&request, 202).await?;
            posted += 1;
            if mix == Mix::Logs {
                continue;
            }
            let answer: Value = serde_json::from_slice(answer)?;
            // The workout has the id of the command that logs it.
            let id = answer["command_id"].as_str().context("a command's id")?;
            logged.insert((*person, n), format!("{WORKOUTS}/{id}"));
            // The eighteenth part of the logs, in turn for different people: no workout is met by both.
            let (method, back, body) = match (n + person) % 18 {
                8 => ("PUT", 1, Some(with_a_repetition_less)),
                17 => ("DELETE", 2, None),
                _ => continue,
            };
            let Some(path) = n.checked_sub(back).and_then(|n| logged.get(&(*person, n))) else { continue };
            let body = body.map_or_else(String::new, |body| body(&workouts[n - back]));
            http.exchange(&command(method, path, token, &format!("change-{n}"), "respond-async", &body), 202).await?;
            posted += 1;
        }
    }
    Ok(posted)
}

/// Whatever record it set, it did not.
fn with_a_repetition_less(workout: &Value) -> String {
    let mut workout = workout.clone();
    for exercise in workout["exercises"].as_array_mut().into_iter().flatten() {
        for set in exercise["sets"].as_array_mut().into_iter().flatten() {
            if let Some(reps) = set["reps"].as_u64() {
                set["reps"] = (reps - 1).into();
            }
        }
    }
    workout.to_string()
}

//! The coach on the stream: from POST to its recommendation on that client's WebSocket, how fast its tables are folded again,
//! and what a backlog takes with it beside one without.

use std::time::Instant;

use anyhow::{Context, Result};
use jiff::{Timestamp, tz::TimeZone};
use plyo_demo::training;
use plyo_servers::Durability;

use crate::{
    Bench,
    drain::{Mix, drain},
    figures::{Figures, percentile},
    fixture::{ALL, Fixture, WITHOUT_COACH},
    push::{Pushed, at_rate},
};

/// People who log twelve weeks of training each, as in the demo.
const PEOPLE: usize = 400;
/// Workouts a second, for so many seconds.
const RATE: usize = 300;
const SECONDS: usize = 10;
/// Workouts of each person: those of their last days, in order of time.
const WORKOUTS: usize = 3;

pub async fn measure(bench: Bench) -> Result<Figures> {
    let mut figures = Figures::default();
    push(&bench, &mut figures).await?;
    let people = bench.scale.of(PEOPLE);
    let fixture = Fixture::new(&bench.revision, Durability::Always).await?;
    let without = drain(&fixture, people, Mix::Logs, WITHOUT_COACH).await?;
    eprintln!("without the coach: {without}");
    let fixture = Fixture::new(&bench.revision, Durability::Always).await?;
    // What `plyo` takes to start and to make tables is not what a workout costs.
    let start = rebuild(&fixture)?;
    let with = drain(&fixture, people, Mix::Logs, ALL).await?;
    eprintln!("with the coach: {with}");
    figures.add("coached_pipeline_share", with.per_second() / without.per_second(), "").at_least(0.75);
    let seconds = rebuild(&fixture)? - start;
    figures.add("coach_rebuild_per_s", with.commands as f64 / seconds, "/s").at_least(15_000.0);
    Ok(figures)
}

async fn push(bench: &Bench, figures: &mut Figures) -> Result<()> {
    let fixture = Fixture::new(&bench.revision, Durability::Always).await?;
    let platform = fixture.serve(ALL).await?;
    // The coach speaks only after what was done lately.
    let workouts = training::twelve_weeks(TimeZone::UTC.to_datetime(Timestamp::now()).date());
    let last = workouts.iter().skip(workouts.len().saturating_sub(WORKOUTS));
    let pushed = Pushed::recommendations(last.map(ToString::to_string).collect());
    at_rate(&fixture, &platform.authority, 50, 200, &pushed).await?;
    let mut took = at_rate(&fixture, &platform.authority, RATE, bench.scale.of(RATE * SECONDS), &pushed).await?;
    for (share, name, most) in [(0.5, "p50", 12.0), (0.99, "p99", 40.0)] {
        figures.add(format!("coach_push_{name}_ms"), percentile(&mut took, share), "ms").at_most(most);
    }
    Ok(())
}

/// Folds the coach's tables again and puts them in place; gives the seconds that `plyo` ran.
fn rebuild(fixture: &Fixture) -> Result<f64> {
    let started = Instant::now();
    fixture.operate(&["rebuild", "coach"]).context("rebuild the coach")?;
    Ok(started.elapsed().as_secs_f64())
}

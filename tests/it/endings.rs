//! How a story ends: without a dead letter that it does not tell of, and with everything published that was decided.

use std::{
    sync::{Mutex, atomic::AtomicBool, atomic::Ordering},
    thread,
    time::{Duration, Instant},
};

use anyhow::Result;
use plyo_nats::{dead, streams};
use plyo_servers::settled;
use sqlx::{Connection, PgConnection};
use tokio::{runtime::Handle, task::block_in_place};

use crate::{
    child::{Role, Server},
    platform::{Fixture, schema},
};

/// How long a process has to publish what waits.
const WITHIN: Duration = Duration::from_secs(30);

/// What a story says of its end, and what ran in it.
#[derive(Default)]
pub struct Ending {
    has_dead_letters: AtomicBool,
    ran: Mutex<Vec<&'static str>>,
}

impl Ending {
    /// These services run in the story, or are going to.
    pub fn note(&self, services: &[&'static str]) {
        self.ran.lock().unwrap().extend(services);
    }
}

impl Fixture {
    /// Says that the story ends with dead letters.
    pub fn ends_with_dead_letters(&self) {
        self.ending.has_dead_letters.store(true, Ordering::Relaxed);
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        // A story that fails has said why.
        if thread::panicking() {
            return;
        }
        let wrong = block_in_place(|| Handle::current().block_on(async { tokio::join!(letters(self), waiting(self)) }));
        let (letters, waiting) = (wrong.0.expect("DEAD can be read"), wrong.1.expect("outboxes can be read"));
        assert_eq!(letters, Vec::<String>::new(), "the story does not say that it ends with dead letters");
        assert_eq!(waiting, Vec::<String>::new(), "these have not published everything");
    }
}

async fn letters(fixture: &Fixture) -> Result<Vec<String>> {
    if fixture.ending.has_dead_letters.load(Ordering::Relaxed) {
        return Ok(Vec::new());
    }
    let nats = (**fixture).nats().await?;
    if streams::is_missing(&nats, "DEAD").await? {
        return Ok(Vec::new());
    }
    let letters = dead::list(&nats).await?;
    Ok(letters.into_iter().map(|letter| format!("{}: {}", letter.service, letter.reason)).collect())
}

/// The services whose outboxes are not empty, and do not become so. What a process leaves behind that is killed, its next
/// owner has to publish: one is started for that.
async fn waiting(fixture: &Fixture) -> Result<Vec<String>> {
    let mut db = PgConnection::connect(&fixture.dsn()).await?;
    // Whoever still runs.
    let mut waiting = settled::unpublished(&mut db).await?;
    let soon = Instant::now() + Duration::from_millis(200);
    while !waiting.is_empty() && Instant::now() < soon {
        tokio::time::sleep(Duration::from_millis(20)).await;
        waiting = settled::unpublished(&mut db).await?;
    }
    if waiting.is_empty() {
        return Ok(waiting);
    }
    let services: Vec<&'static str> = {
        let ran = fixture.ending.ran.lock().unwrap();
        let last = |service: &String| ran.iter().rev().find(|name| schema(name) == service);
        waiting.iter().filter_map(last).copied().collect()
    };
    let _next = Server::start(&Role { lanes: 0, ..fixture.role(&services) });
    let end = Instant::now() + WITHIN;
    while !waiting.is_empty() && Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(20)).await;
        waiting = settled::unpublished(&mut db).await?;
    }
    Ok(waiting)
}

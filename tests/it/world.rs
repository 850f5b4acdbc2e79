//! The world outside: a TCP server that drops, stalls, and is not there at all, and the smallest effect, which calls it.

use std::{
    collections::HashMap,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use anyhow::{Context, Result};
use plyo_events::{
    Command, CommandKind, Event, EventKind, Message, ReminderId,
    workout::{CancelReminder, MoveReminder, SetReminder, WorkoutCompleted},
};
use plyo_nats::{Effect, Performed};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};
use uuid::Uuid;

use crate::child;

/// A call that the world took, and what it was told then.
#[derive(Clone, Debug)]
pub struct Call {
    pub event: Uuid,
    pub attempt: u32,
    /// The process that called.
    pub caller: u32,
    pub accepted: bool,
}

/// A server that is called about each event. It takes note of every call.
pub struct World {
    pub address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    /// Says to everybody that it is busy.
    pub busy: Arc<AtomicBool>,
    serving: tokio::task::JoinHandle<()>,
}

/// Calls about these numbers of repetitions go a way of their own.
pub mod reps {
    /// The first call of each is dropped, the second stalls, the third is accepted.
    pub const HARD: u32 = 5;
    /// It is accepted after longer than a request stays with somebody who shows no progress.
    pub const SLOW: u32 = 12;
    /// The world never wants it.
    pub const UNWANTED: u32 = 13;
    /// The first attempt panics before it calls.
    pub const PANICS: u32 = 14;
    /// The service refuses the report: whom it is about is gone.
    pub const GONE: u32 = 15;
}

/// Longer than the `ack_wait` of `nats/streams/consumers/performer.json`.
const SLOWLY: Duration = Duration::from_secs(12);

impl World {
    /// Nobody listens there yet: calls are refused until it opens.
    pub async fn closed() -> SocketAddr {
        TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap()
    }

    pub async fn open_at(address: SocketAddr) -> Self {
        let listener = TcpListener::bind(address).await.unwrap();
        let (calls, busy) = (Arc::<Mutex<Vec<Call>>>::default(), Arc::<AtomicBool>::default());
        let (noted, is_busy) = (Arc::clone(&calls), Arc::clone(&busy));
        let serving = tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (noted, is_busy) = (Arc::clone(&noted), Arc::clone(&is_busy));
                tokio::spawn(async move {
                    // A caller that hung up has its own story.
                    let _ = answer(stream, &noted, &is_busy).await;
                });
            }
        });
        Self { address, calls, busy, serving }
    }

    pub async fn open() -> Self {
        Self::open_at(Self::closed().await).await
    }

    pub fn calls(&self) -> Vec<Call> {
        self.calls.lock().unwrap().clone()
    }

    /// How often it accepted each.
    pub fn accepted(&self) -> HashMap<Uuid, u32> {
        let mut accepted = HashMap::new();
        for call in self.calls().iter().filter(|call| call.accepted) {
            *accepted.entry(call.event).or_default() += 1;
        }
        accepted
    }
}

impl Drop for World {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Reads `<event> <reps> <attempt> <process>`, and answers `ok`, `never` or `busy`, or drops the line, or keeps it waiting.
async fn answer(mut stream: TcpStream, calls: &Mutex<Vec<Call>>, busy: &AtomicBool) -> Result<()> {
    let mut line = String::new();
    BufReader::new(&mut stream).read_line(&mut line).await?;
    let mut words = line.split_whitespace();
    let mut word = || words.next().context("a word");
    let (event, reps): (Uuid, u32) = (word()?.parse()?, word()?.parse()?);
    let mut call = Call { event, attempt: word()?.parse()?, caller: word()?.parse()?, accepted: false };
    let earlier = {
        let calls = calls.lock().unwrap();
        calls.iter().filter(|call| call.event == event).count()
    };
    let hard = reps == reps::HARD && !busy.load(Ordering::SeqCst);
    call.accepted = !busy.load(Ordering::SeqCst) && reps != reps::UNWANTED && !(hard && earlier < 2);
    let accepted = call.accepted;
    calls.lock().unwrap().push(call);
    match (hard, earlier) {
        (true, 0) => return Ok(()),
        (true, 1) => {
            // Until the caller gives up.
            stream.read_to_end(&mut Vec::new()).await?;
            return Ok(());
        }
        _ => {}
    }
    if reps == reps::SLOW {
        tokio::time::sleep(SLOWLY).await;
    }
    let said: &[u8] = match (accepted, reps) {
        (true, _) => b"ok\n",
        (false, reps::UNWANTED) => b"never\n",
        (false, _) => b"busy\n",
    };
    Ok(stream.write_all(said).await?)
}

/// Calls the world about each workout, and reports what it said.
pub struct Calls;

impl Effect for Calls {
    const NAME: &'static str = "call";
    const PERFORMS: &'static [EventKind] = &[EventKind::WorkoutCompleted];
    const REPORTS: &'static [CommandKind] =
        &[CommandKind::SetReminder, CommandKind::CancelReminder, CommandKind::MoveReminder];

    async fn perform(&self, event: &Message<Event>, attempt: u32) -> Performed {
        let Event::WorkoutCompleted(WorkoutCompleted { summary, .. }) = &event.body else {
            panic!("it performs workouts only");
        };
        assert!(summary.reps != reps::PANICS || attempt > 1, "a panic that is planted in an effect");
        let patience = if summary.reps == reps::SLOW { 2 * SLOWLY } else { Duration::from_millis(300) };
        let said = tokio::time::timeout(patience, call(event.id, summary.reps, attempt)).await;
        let reminder_id = ReminderId::new(event.id);
        match said.ok().and_then(Result::ok).as_deref() {
            Some("ok") if summary.reps == reps::GONE => {
                Performed::Done(Command::from(MoveReminder { reminder_id, due_at: event.time, if_revision: None }))
            }
            Some("ok") => Performed::Done(Command::from(SetReminder { due_at: event.time })),
            Some("never") => Performed::GaveUp(Command::from(CancelReminder { reminder_id, if_revision: None })),
            _ => Performed::RetryAfter(Duration::from_millis(200)),
        }
    }
}

async fn call(event: Uuid, reps: u32, attempt: u32) -> Result<String> {
    let mut stream = TcpStream::connect(child::world()).await?;
    stream.write_all(format!("{event} {reps} {attempt} {}\n", std::process::id()).as_bytes()).await?;
    let mut said = String::new();
    stream.read_to_string(&mut said).await?;
    Ok(said.trim().to_owned())
}

//! Passwords: Argon2id on dedicated threads, so that log-ins can neither starve the runtime nor exhaust memory.

use std::{
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use anyhow::{Context, Result, anyhow};
use argon2::{Algorithm, Argon2, Params, PasswordHash, PasswordHasher, PasswordVerifier, Version};
use plyo_events::user::BUSY;
use plyo_nats::QueryError;
use tokio::sync::oneshot;

use crate::domain::Password;

/// A few hashing threads with a short queue. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Passwords {
    queue: SyncSender<Job>,
    /// The hash of a dummy password: an unknown e-mail address costs as much as a known one.
    nobodys: Arc<str>,
}

/// The result of comparing a password with a hash. No `Debug`: a hash is a secret.
#[derive(PartialEq, Eq)]
pub(crate) enum Verdict {
    Wrong,
    Right {
        /// A hash with the current parameters, if the stored one has others.
        renewed: Option<String>,
    },
}

type Job = Box<dyn FnOnce(&Argon2<'static>) + Send>;

/// Memory in KiB, passes and lanes as OWASP recommends for Argon2id: 19 MiB and about 13 ms.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// The prefix of every hash with these parameters.
const CURRENT: &str = "$argon2id$v=19$m=19456,t=2,p=1$";

/// Less than a second of work for one thread: longer waits are rejected instead.
const QUEUE: usize = 64;

impl Passwords {
    /// Starts half as many threads as there are cores, at least one and at most four. They end with the last clone.
    ///
    /// # Errors
    /// When a thread cannot be started.
    pub(crate) fn start() -> Result<Self> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        Self::start_with((cores / 2).clamp(1, 4), QUEUE)
    }

    fn start_with(threads: usize, queue: usize) -> Result<Self> {
        let params = Params::new(MEMORY_KIB, PASSES, LANES, None).map_err(|error| anyhow!("Argon2: {error}"))?;
        let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
        let nobodys = hash(&argon2, &rand::random::<[u8; 32]>())?.into();
        let (queue, queued) = sync_channel(queue);
        let queued = Arc::new(Mutex::new(queued));
        for number in 0..threads {
            let (argon2, queued) = (argon2.clone(), Arc::clone(&queued));
            let thread = thread::Builder::new().name(format!("passwords-{number}"));
            thread.spawn(move || work(&argon2, &queued)).context("start a password thread")?;
        }
        Ok(Self { queue, nobodys })
    }

    /// A salted hash as a PHC string.
    ///
    /// # Errors
    /// `busy` (too many) when the queue is full.
    pub(crate) async fn hash(&self, password: Password) -> Result<String, QueryError> {
        Ok(self.run(move |argon2| hash(argon2, password.normal.as_bytes())).await??)
    }

    /// Compares a password with a stored hash; without one it takes as long and always fails.
    ///
    /// # Errors
    /// `busy` (too many) when the queue is full.
    pub(crate) async fn verify(&self, password: Password, stored: Option<String>) -> Result<Verdict, QueryError> {
        let nobodys = Arc::clone(&self.nobodys);
        let verdict = self.run(move |argon2| match stored {
            Some(stored) => verify(argon2, &password, &stored),
            None => verify(argon2, &password, &nobodys).map(|_| Verdict::Wrong),
        });
        Ok(verdict.await??)
    }

    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Argon2<'static>) -> T + Send + 'static,
    ) -> Result<T, QueryError> {
        let (answer, answered) = oneshot::channel();
        let job: Job = Box::new(move |argon2| {
            // If nobody is waiting any more, the work would be wasted.
            if !answer.is_closed() {
                let _ = answer.send(job(argon2));
            }
        });
        self.queue.try_send(job).map_err(|_| BUSY)?;
        answered.await.map_err(|_| QueryError::Failed(anyhow!("a password thread has ended")))
    }
}

fn work(argon2: &Argon2<'static>, queued: &Mutex<Receiver<Job>>) {
    loop {
        let job = queued.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(job) = job else { return };
        job(argon2);
    }
}

fn hash(argon2: &Argon2<'static>, password: &[u8]) -> Result<String> {
    let hash = argon2.hash_password(password).map_err(|error| anyhow!("hash a password: {error}"))?;
    Ok(hash.to_string())
}

fn verify(argon2: &Argon2<'static>, Password { normal, typed }: &Password, stored: &str) -> Result<Verdict> {
    let parsed = PasswordHash::new(stored).map_err(|_| anyhow!("cannot parse a stored hash"))?;
    // The stored hash includes its parameters; ours do not matter here.
    let is_right = |password: &str| match argon2.verify_password(password.as_bytes(), &parsed) {
        Ok(()) => Ok(true),
        Err(argon2::password_hash::Error::PasswordInvalid) => Ok(false),
        Err(error) => Err(anyhow!("compare a password: {error}")),
    };
    let is_right_normally = is_right(normal)?;
    if is_right_normally && stored.starts_with(CURRENT) {
        return Ok(Verdict::Right { renewed: None });
    }
    let was_right_as_typed = match typed {
        Some(typed) if !is_right_normally => is_right(typed)?,
        _ => false,
    };
    if !is_right_normally && !was_right_as_typed {
        return Ok(Verdict::Wrong);
    }
    Ok(Verdict::Right { renewed: Some(hash(argon2, normal.as_bytes())?) })
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::channel;

    use super::*;

    const PASSWORD: &str = "correct horse";

    fn typed(password: &str) -> Password {
        Password::read(password.to_owned())
    }

    #[tokio::test]
    async fn a_password_is_right_only_for_its_own_hash() {
        let passwords = Passwords::start().unwrap();
        let stored = passwords.hash(typed(PASSWORD)).await.unwrap();
        let other = passwords.hash(typed(PASSWORD)).await.unwrap();
        assert!(stored.starts_with(CURRENT), "{stored}");
        assert_ne!(stored, other, "every hash has its own salt");
        let verify = async |password: &str, stored| passwords.verify(typed(password), stored).await.unwrap();
        assert!(verify(PASSWORD, Some(stored.clone())).await == Verdict::Right { renewed: None });
        assert!(verify("wrong", Some(stored)).await == Verdict::Wrong);
        assert!(verify(PASSWORD, None).await == Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_hash_by_older_parameters_is_renewed() {
        let passwords = Passwords::start().unwrap();
        let older = Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(8 * 1024, 1, 1, None).unwrap());
        let stored = hash(&older, PASSWORD.as_bytes()).unwrap();
        let verify = async |password: &str, stored| passwords.verify(typed(password), Some(stored)).await.unwrap();
        let Verdict::Right { renewed: Some(renewed) } = verify(PASSWORD, stored.clone()).await else {
            panic!("it was right and is renewed")
        };
        assert!(renewed.starts_with(CURRENT));
        assert!(verify(PASSWORD, renewed).await == Verdict::Right { renewed: None });
        assert!(verify("wrong", stored).await == Verdict::Wrong);
    }

    #[tokio::test]
    async fn a_hash_of_what_was_typed_is_renewed_by_one_of_its_normal_form() {
        let passwords = Passwords::start().unwrap();
        let current =
            Argon2::new(Algorithm::Argon2id, Version::V0x13, Params::new(MEMORY_KIB, PASSES, LANES, None).unwrap());
        let decomposed = "cafe\u{301} noir";
        let stored = hash(&current, decomposed.as_bytes()).unwrap();
        let verify = async |password: &str, stored: &str| {
            passwords.verify(typed(password), Some(stored.to_owned())).await.unwrap()
        };
        assert!(verify("caf\u{e9} noir", &stored).await == Verdict::Wrong, "its owner never typed it so");
        let Verdict::Right { renewed: Some(renewed) } = verify(decomposed, &stored).await else {
            panic!("it was right")
        };
        for password in [decomposed, "caf\u{e9} noir"] {
            assert!(verify(password, &renewed).await == Verdict::Right { renewed: None });
        }
    }

    #[tokio::test]
    async fn a_full_queue_refuses_at_once() {
        let passwords = Passwords::start_with(1, 1).unwrap();
        let (started, has_started) = channel();
        let (release, released) = channel::<()>();
        let hold = move |_: &Argon2<'static>| {
            started.send(()).unwrap();
            released.recv().unwrap();
        };
        passwords.queue.try_send(Box::new(hold)).unwrap();
        has_started.recv().unwrap();
        // The only thread is busy; this fills the only place in the queue.
        passwords.queue.try_send(Box::new(|_| ())).unwrap();
        let refused = passwords.hash(typed(PASSWORD)).await.err().unwrap();
        assert!(matches!(refused, QueryError::Rejected(rejection) if rejection.code == "busy"));
        release.send(()).unwrap();
    }
}

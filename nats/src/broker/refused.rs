//! Streams that accept no writes until their server is restarted, as after a full disk: operators need to know, since
//! nats-server keeps refusing when there is space again.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::broker::pub_acks::{PubAck, PublishError};

/// A stream without writes since then may have recovered.
const RECENTLY: Duration = Duration::from_secs(60);
/// A single publish may fail for reasons of its own.
const FEW: u64 = 3;

/// By stream, the publishes that failed since the last success.
#[derive(Debug, Default)]
pub(crate) struct Refused(Mutex<BTreeMap<String, Failed>>);

#[derive(Debug)]
struct Failed {
    count: u64,
    last: Instant,
    reason: String,
}

impl Refused {
    /// Records the result of a publish.
    pub(crate) fn note(&self, subject: &str, ack: &Result<PubAck, PublishError>) {
        let mut refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Called for each publish, and almost none fails.
        if ack.is_ok() && refused.is_empty() {
            return;
        }
        let Some(stream) = stream(subject) else { return };
        let error = match ack {
            Ok(_) => {
                refused.remove(&stream);
                return;
            }
            // The server works as intended: the fence keeps others out.
            Err(PublishError::Refused { code: PublishError::WRONG_LAST_SEQUENCE, .. } | PublishError::NoStream) => {
                return;
            }
            Err(error) => error,
        };
        let failed = refused.entry(stream).or_insert(Failed { count: 0, last: Instant::now(), reason: String::new() });
        (failed.count, failed.last, failed.reason) = (failed.count + 1, Instant::now(), error.to_string());
    }

    /// The reasons, one line per stream.
    pub(crate) fn told(&self) -> Vec<String> {
        let refused = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = refused.iter().filter(|(_, failed)| failed.count >= FEW && failed.last.elapsed() < RECENTLY);
        let tell = |(stream, Failed { count, reason, .. }): (&String, &Failed)| {
            format!(
                "nats-server does not accept writes to {stream}: {count} failed since the last success ({reason}); free disk space and restart it"
            )
        };
        recent.map(tell).collect()
    }
}

/// The stream that has a subject.
fn stream(subject: &str) -> Option<String> {
    let mut tokens = subject.split('.');
    Some(match tokens.next()? {
        "evt" | "mark" => "EVENTS".to_owned(),
        "at" => "SCHEDULE".to_owned(),
        "dead" => "DEAD".to_owned(),
        "$O" => format!("OBJ_{}", tokens.next()?),
        "cmd" => crate::broker::streams::commands(tokens.next()?),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_named_once_several_writes_failed_and_until_one_is_stored() {
        let refused = Refused::default();
        let full = || Err(PublishError::Refused { code: 10_047, description: "insufficient storage".to_owned() });
        let fenced =
            || Err(PublishError::Refused { code: PublishError::WRONG_LAST_SEQUENCE, description: String::new() });
        for _ in 0..5 {
            refused.note("evt.workout.completed.x", &fenced());
        }
        refused.note("cmd.workout.log.x", &full());
        refused.note("cmd.workout.log.x", &Err(PublishError::Unknown));
        assert_eq!(refused.told(), Vec::<String>::new());
        refused.note("cmd.workout.log.x", &full());
        let told = refused.told();
        assert_eq!(told.len(), 1);
        assert!(told[0].contains("COMMANDS_workout: 3 failed") && told[0].contains("insufficient storage"), "{told:?}");
        refused.note("cmd.user.register.x", &Ok(PubAck { seq: 1, duplicate: false }));
        assert_eq!(refused.told().len(), 1, "another stream is well");
        refused.note("cmd.workout.log.x", &Ok(PubAck { seq: 1, duplicate: false }));
        assert_eq!(refused.told(), Vec::<String>::new());
    }
}

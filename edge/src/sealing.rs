//! Personal texts: sealed before a command enters the stream, opened for the person whom they are about.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

use bytes::Bytes;
use plyo_events::{
    Command, Rejection, Sealed, Subject, UserId, Violation, sealed::GetDataKey, training::ExerciseName,
    user::USER_NOT_FOUND,
};
use plyo_exercises::name_key;
use plyo_nats::{AskError, Nats};
use plyo_sealing::DataKey;
use tokio::time::{Duration, Instant};

use crate::{live::Rendered, problem::Problem};

/// The keys of people, which the user service hands out.
pub(crate) struct Sealing {
    nats: Nats,
    known: Mutex<HashMap<UserId, (Option<DataKey>, Instant)>>,
}

/// The field of a message that it is sealed for.
const NAME: &str = "name";
/// How long a key is remembered, also after it was destroyed: nobody who was erased can ask for their texts any more.
const HOLDS_FOR: Duration = Duration::from_secs(60);
const MAX_KEYS: usize = 10_000;

impl Sealing {
    pub(crate) fn new(nats: &Nats) -> Self {
        Self { nats: nats.clone(), known: Mutex::default() }
    }

    /// Seals the texts of a command.
    pub(crate) async fn seal(&self, user: UserId, command: &mut Command) -> Result<(), Problem> {
        let Some(name) = texts(command) else { return Ok(()) };
        let Sealed::Open(text) = name else {
            let violation = Violation { pointer: "/name".to_owned(), detail: "it must be a string".to_owned() };
            return Err(Rejection::violations(vec![violation]).into());
        };
        let key = self.key(user, true).await?.ok_or(Rejection::from(USER_NOT_FOUND))?;
        let sealed = key.seal(NAME, text.as_str(), Some(&name_key(text.as_str())));
        *name = Sealed::Closed(sealed);
        Ok(())
    }

    /// JSON about a person, for that person.
    pub(crate) async fn open(&self, user: UserId, json: Bytes) -> Result<Bytes, Problem> {
        if !plyo_sealing::has_sealed(&json) {
            return Ok(json);
        }
        let key = self.key(user, false).await?;
        Ok(plyo_sealing::open(&json, key.as_ref()).map_or(json, Bytes::from))
    }

    /// Opens the texts of an event before it is sent, once for all connections. While the user service is away it is sent as it
    /// travelled: a stream does not wait for it.
    pub(crate) async fn open_event(&self, subject: Subject, event: &Rendered) {
        let Some((user, json)) = subject.user().zip(event.sealed()) else { return };
        if let Ok(opened) = self.open(user, json).await {
            event.open(opened);
        }
    }

    /// `None` once it is destroyed, or if it never was.
    async fn key(&self, user: UserId, create: bool) -> Result<Option<DataKey>, AskError> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner).get(&user).cloned();
        if let Some((key, asked)) = known
            && asked.elapsed() < HOLDS_FOR
            && (key.is_some() || !create)
        {
            return Ok(key);
        }
        let answer = plyo_nats::request(&self.nats, &GetDataKey { user, create }).await?;
        let key = answer.key.and_then(|text| DataKey::parse(&text).ok());
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_KEYS {
            known.retain(|_, (_, asked)| asked.elapsed() < HOLDS_FOR / 2);
        }
        if known.len() < MAX_KEYS {
            known.insert(user, (key.clone(), Instant::now()));
        }
        Ok(key)
    }
}

/// The personal text that a command brings.
fn texts(command: &mut Command) -> Option<&mut Sealed<ExerciseName>> {
    match command {
        Command::CreateExercise(create) => Some(&mut create.exercise.name),
        Command::ChangeExercise(change) => Some(&mut change.exercise.name),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, path::Path};

    use plyo_events::{Body, CommandKind};

    use super::*;

    #[test]
    fn every_command_with_a_personal_text_has_it_sealed() {
        let schemas = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas");
        let mut seen = 0;
        for directory in fs::read_dir(schemas.join("examples")).unwrap().map(Result::unwrap) {
            let type_name = directory.file_name().into_string().unwrap();
            let Ok(found) = CommandKind::parse(&type_name) else { continue };
            let schema = fs::read_to_string(schemas.join(format!("{type_name}.json"))).unwrap();
            let examples = fs::read_dir(directory.path()).unwrap().map(|file| file.unwrap().path());
            for example in examples.filter(|path| path.extension().is_some_and(|extension| extension == "json")) {
                let json = fs::read(&example).unwrap();
                let mut command = found.kind.decode(found.version, Body::Json(&json)).unwrap();
                assert_eq!(texts(&mut command).is_some(), schema.contains("x-sealed"), "{}", example.display());
                seen += usize::from(schema.contains("x-sealed"));
            }
        }
        assert!(seen > 2, "{seen}");
    }
}

//! Commands over a socket: the same way as over HTTP, beside what the socket goes on pushing.

use std::time::Duration;

use axum::{extract::ws::Message, http::HeaderMap};
use plyo_events::{
    Command, CommandId, CommandKind,
    workout::{LogWorkout, Workout},
};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tracing::Instrument as _;

use crate::{
    EdgeState, body,
    caller::Caller,
    live::frames::{self, Format, ServerFrame},
    problem::Problem,
    submit::{Submission, Submitted, command_id, fingerprint, idempotency_key, submit},
    trace,
};

/// A `cmd` frame.
pub(super) struct Ask {
    pub n: u64,
    pub key: Option<String>,
    pub kind: String,
    pub data: Value,
}

/// Sends a command and answers it with `ok` or `err` when its outcome is there.
pub(super) fn start(state: EdgeState, caller: Caller, format: Format, answers: UnboundedSender<Message>, ask: Ask) {
    let span = trace::socket_command(&ask.kind);
    let answering = async move {
        let n = ask.n;
        let message = match perform(&state, caller, ask).await {
            Ok(result) => frames::write(&ServerFrame::Ok { n, result: Some(result) }, format),
            Err(problem) => {
                let (code, temporary) = (problem.code.as_str(), problem.is_temporary());
                frames::write(&ServerFrame::Err { n, code, temporary, problem: Some(&problem) }, format)
            }
        };
        // The socket may be gone.
        let _ = answers.send(message);
    };
    tokio::spawn(answering.instrument(span));
}

async fn perform(state: &EdgeState, caller: Caller, ask: Ask) -> Result<Value, Problem> {
    state.callers.still_valid(&caller, jiff::Timestamp::now())?;
    state.limits.user(caller.user)?;
    let data = serde_json::to_vec(&ask.data).unwrap_or_default();
    let command = decode(&ask.kind, &data)?;
    let key = ask.key.as_deref().map(|key| idempotency_key(key.as_bytes())).transpose()?;
    let submission = Submission {
        user: caller.user,
        id: key.map_or_else(CommandId::mint, |key| command_id(caller.user, &ask.kind, key)),
        fingerprint: fingerprint(&ask.kind, &data),
        command,
        traceparent: trace::traceparent(&HeaderMap::new()),
        wait: Duration::from_secs(2),
    };
    let id = submission.id;
    match submit(state, submission).await? {
        Submitted::Done(result) => Ok(result),
        Submitted::Pending => Ok(serde_json::json!({ "status": "pending", "command_id": id })),
    }
}

fn decode(kind: &str, data: &[u8]) -> Result<Command, Problem> {
    let unknown = || Problem::invalid("unknown_command", format!("there is no command `{kind}` for clients"));
    let found = CommandKind::parse(kind).ok().filter(|found| found.version == found.kind.newest());
    Ok(match found.ok_or_else(unknown)?.kind {
        // Read without its flattening, which would hide unknown fields.
        CommandKind::LogWorkout => LogWorkout { workout: crate::routes::valid(body::decode::<Workout>(data)?)? }.into(),
        CommandKind::CorrectWorkout => {
            let correct: plyo_events::workout::CorrectWorkout = body::decode(data)?;
            plyo_events::workout::CorrectWorkout { workout: crate::routes::valid(correct.workout)?, ..correct }.into()
        }
        CommandKind::DeleteWorkout => body::decode::<plyo_events::workout::DeleteWorkout>(data)?.into(),
        CommandKind::SetReminder => body::decode::<plyo_events::workout::SetReminder>(data)?.into(),
        CommandKind::MoveReminder => body::decode::<plyo_events::workout::MoveReminder>(data)?.into(),
        CommandKind::CancelReminder => body::decode::<plyo_events::workout::CancelReminder>(data)?.into(),
        CommandKind::ReadNotification => body::decode::<plyo_events::notification::ReadNotification>(data)?.into(),
        CommandKind::ReadAllNotifications => {
            body::decode::<plyo_events::notification::ReadAllNotifications>(data)?.into()
        }
        CommandKind::SetPreferences => body::decode::<plyo_events::notification::SetPreferences>(data)?.into(),
        _ => return Err(unknown()),
    })
}

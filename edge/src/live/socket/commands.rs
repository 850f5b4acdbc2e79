//! Commands over a socket: the same way as over HTTP, beside what the socket goes on pushing.

use axum::extract::ws::Message;
use plyo_events::{Command, CommandKind, rejection::UNKNOWN_COMMAND};
use serde_json::Value;
use tokio::sync::mpsc::UnboundedSender;
use tracing::Instrument as _;

use crate::{
    EdgeState,
    caller::Caller,
    document::Document,
    limits::Standing,
    live::frames::{self, Format, ServerFrame},
    operations::socket_command,
    problem::Problem,
    submit::{Pending, Submission, Submitted, submit},
    trace,
};

/// A `cmd` frame.
pub(super) struct Ask {
    pub n: u64,
    pub key: Option<String>,
    pub kind: String,
    /// What its data says.
    pub command: Result<Command, Problem>,
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
    state.limits.user(caller.user, &Standing::default())?;
    let command = ask.command?;
    caller.scopes.check(socket_command(command.kind()).and_then(|command| command.scope))?;
    let submission = Submission::new(state, caller.user, ask.key.as_deref().map(str::as_bytes), command).await?;
    let (id, body_at) = (submission.id, submission.command.kind().body_at());
    match submit(state, submission).await.map_err(|problem| problem.within(body_at))? {
        Submitted::Done(result) => Ok(result),
        Submitted::Pending => Ok(serde_json::to_value(Pending::new(id)).unwrap_or_default()),
    }
}

/// Reads the data of a `cmd` frame.
pub(super) fn decode(type_name: &str, data: &Document<'_>) -> Result<Command, Problem> {
    let found = CommandKind::parse(type_name).ok().filter(|found| found.version == found.kind.newest());
    let command = found.and_then(|found| socket_command(found.kind));
    let unknown = || UNKNOWN_COMMAND.because(format!("there is no command `{type_name}` for clients"));
    (command.ok_or_else(unknown)?.decode)(data)
}

//! Commands to the user service that tell of a change here: written in the statement that makes the change, and deleted when they
//! are stored. So a process that dies in between loses none; whoever sends next sends them, too.

mod store;

use anyhow::Result;
use jiff::Timestamp;
use plyo_events::{Body, Command, CommandId, CommandKind, Message, UserId, user::TRY_AGAIN};
use plyo_nats::{CommandPublisher, QueryError};
use sqlx::PgPool;
use uuid::Uuid;

/// A command that waits. No `Debug`: nobody logs it.
struct Unsent {
    user: UserId,
    cause: Uuid,
    kind: String,
    body: serde_json::Value,
}

/// Sends what waits of a user, while the request that it is of is answered.
pub(crate) fn send_beside(pool: &PgPool, commands: &CommandPublisher, user: UserId) {
    let (pool, commands) = (pool.clone(), commands.clone());
    tokio::spawn(async move {
        // It waits for the next who sends.
        let _ = send(&pool, &commands, user).await;
    });
}

/// Sends what waits of a user.
///
/// # Errors
/// `try_again` (unavailable) when some may not have been stored; they stay.
pub(crate) async fn send(pool: &PgPool, commands: &CommandPublisher, user: UserId) -> Result<(), QueryError> {
    let unsent = store::of_user(pool, user).await?;
    send_all(pool, commands, unsent).await
}

/// Sends what has waited for some seconds, whoever it is of: nobody else is sending it.
///
/// # Errors
/// When some may not have been stored; they stay.
pub(crate) async fn send_late(pool: &PgPool, commands: &CommandPublisher) -> Result<(), QueryError> {
    let unsent = store::late(pool).await?;
    send_all(pool, commands, unsent).await
}

async fn send_all(pool: &PgPool, commands: &CommandPublisher, unsent: Vec<Unsent>) -> Result<(), QueryError> {
    for Unsent { user, cause, kind, body } in unsent {
        let command = command(&kind, &body)?;
        // The cause identifies the body: a session, a log-in or a change of credentials is told of once.
        let id = CommandId::derive(cause, command.kind().name());
        let message = Message::first(id.uuid(), user, Timestamp::now(), command);
        if let Err(error) = commands.send(&message, &cause.to_string()).await {
            tracing::warn!(%error, kind, "a command is sent later");
            return Err(TRY_AGAIN.into());
        }
        store::forget(pool, user, cause, &kind).await?;
    }
    Ok(())
}

fn command(kind: &str, body: &serde_json::Value) -> Result<Command> {
    let versioned = CommandKind::parse(kind)?;
    Ok(versioned.kind.decode(versioned.version, Body::Json(body.to_string().as_bytes()))?)
}

//! The commands that wait to be sent.

use anyhow::Result;
use plyo_events::UserId;
use serde_json::Value;
use sqlx::PgPool;
use uuid::Uuid;

use super::Unsent;

type Row = (Uuid, Uuid, String, Value);

pub(super) async fn of_user(pool: &PgPool, user: UserId) -> Result<Vec<Unsent>> {
    let sql = "SELECT user_id, cause, kind, body FROM unsent_command WHERE user_id = $1 ORDER BY created_at";
    let rows: Vec<Row> = sqlx::query_as(sql).bind(user.uuid()).fetch_all(pool).await?;
    Ok(rows.into_iter().map(unsent).collect())
}

pub(super) async fn late(pool: &PgPool) -> Result<Vec<Unsent>> {
    let sql = "SELECT user_id, cause, kind, body FROM unsent_command
               WHERE created_at < now() - interval '5 seconds' ORDER BY created_at LIMIT 1000";
    let rows: Vec<Row> = sqlx::query_as(sql).fetch_all(pool).await?;
    Ok(rows.into_iter().map(unsent).collect())
}

pub(super) async fn forget(pool: &PgPool, user: UserId, cause: Uuid, kind: &str) -> Result<()> {
    let sql = "DELETE FROM unsent_command WHERE user_id = $1 AND cause = $2 AND kind = $3";
    sqlx::query(sql).bind(user.uuid()).bind(cause).bind(kind).execute(pool).await?;
    Ok(())
}

fn unsent((user, cause, kind, body): Row) -> Unsent {
    Unsent { user: UserId::new(user), cause, kind, body }
}

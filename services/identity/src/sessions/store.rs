//! The table of sessions, as their owner sees it.

use anyhow::Result;
use jiff::Timestamp;
use plyo_events::{
    SessionId, UserId,
    user::{SessionView, WhichSessions},
};
use sqlx::PgPool;
use uuid::Uuid;

/// Those that a refresh token can still prolong.
pub(crate) async fn list(pool: &PgPool, user: UserId, current: SessionId) -> Result<Vec<SessionView>> {
    let rows: Vec<(Uuid, Option<String>, i64, i64)> = sqlx::query_as(
        "SELECT session_id, device, (extract(epoch FROM started_at) * 1000000)::bigint,
                (extract(epoch FROM last_used_at) * 1000000)::bigint
         FROM session s
         WHERE user_id = $1 AND ended_by IS NULL AND EXISTS (
             SELECT FROM refresh_token t
             WHERE t.user_id = s.user_id AND t.session_id = s.session_id AND t.expires_at > now())
         ORDER BY last_used_at DESC, session_id",
    )
    .bind(user.uuid())
    .fetch_all(pool)
    .await?;
    let view = |(session, device, started_at, last_used_at): (Uuid, Option<String>, i64, i64)| {
        let session_id = SessionId::new(session);
        Ok(SessionView {
            session_id,
            device: device.map(|device| device.try_into().map_err(anyhow::Error::msg)).transpose()?,
            started_at: Timestamp::from_microsecond(started_at)?,
            last_used_at: Timestamp::from_microsecond(last_used_at)?,
            is_current: session_id == current,
        })
    };
    rows.into_iter().map(view).collect()
}

/// Ends them, and says how many that were. What tells of it waits to be sent.
pub(super) async fn end(pool: &PgPool, user: UserId, which: WhichSessions) -> Result<u64> {
    let (one, other_than) = match which {
        WhichSessions::One(session) => (Some(session.uuid()), None),
        WhichSessions::AllBut(session) => (None, Some(session.uuid())),
        WhichSessions::All => (None, None),
    };
    let sql = "WITH ended AS (
                   UPDATE session SET ended_by = 'ended'
                   WHERE user_id = $1 AND ended_by IS NULL AND ($2::uuid IS NULL OR session_id = $2)
                     AND ($3::uuid IS NULL OR session_id <> $3)
                   RETURNING user_id, session_id, ended_by
               )
               INSERT INTO unsent_command (user_id, cause, kind, body)
               SELECT user_id, session_id, 'user.revoke_session.v1',
                      jsonb_build_object('session_id', session_id, 'reason', ended_by)
               FROM ended";
    Ok(sqlx::query(sql).bind(user.uuid()).bind(one).bind(other_than).execute(pool).await?.rows_affected())
}

/// Whether this is, or was until lately, a session of this user.
pub(super) async fn exists(pool: &PgPool, user: UserId, session: SessionId) -> Result<bool> {
    let sql = "SELECT EXISTS (SELECT FROM session WHERE user_id = $1 AND session_id = $2)";
    Ok(sqlx::query_scalar(sql).bind(user.uuid()).bind(session.uuid()).fetch_one(pool).await?)
}

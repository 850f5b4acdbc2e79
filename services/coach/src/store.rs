//! The tables of the coach and every statement on them.

use anyhow::Result;
use plyo_events::{
    EventId, RecommendationId, UserId, WorkoutId,
    coach::{Goals, Recommendation, RecommendationStatus, WithdrawalReason},
    profile::About,
    training::ExerciseSlug,
    user::{Locale, TimeZoneName},
};
use plyo_nats::{Value, row, unpack};
use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use uuid::Uuid;

use crate::{
    domain::{event::Kind, state::Guidance},
    notes::{Note, Place},
};

// Fed by the events of other services.

row! {
    /// How a person wants to be spoken to.
    pub(crate) struct ReaderRow: "reader" {
        [user_id: UserId]
        locale: Locale as text,
        time_zone: TimeZoneName as text,
    }
}

row! {
    /// What a person said about themselves.
    pub(crate) struct PersonRow: "person" {
        [user_id: UserId]
        about: About as packed,
    }
}

row! {
    /// What there is of a person's workouts.
    pub(crate) struct LearnerRow: "learner" {
        [user_id: UserId]
        workouts: u32,
        timeline: Timeline as packed,
    }
}

/// Where workouts stand, so that few of them have to be read.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Timeline {
    pub last: Option<Place>,
    /// The place of each sixteenth, from the first.
    pub marks: Vec<Place>,
    /// After how many workouts the states were that are kept.
    pub snapshots: Vec<u32>,
}

row! {
    /// The workouts of a person, numbered from 0 in order of time.
    pub(crate) struct NoteRow: "note" (forgotten) {
        [user_id: UserId, number: u32]
        note: Note,
    }
}

row! {
    /// Where a workout stands, and which events told of it last and before that. It is left behind when it is deleted.
    pub(crate) struct PlaceRow: "place" (forgotten) {
        [user_id: UserId, workout_id: WorkoutId]
        start: u64,
        event_id: EventId,
        earlier: Option<EventId>,
        deleted: bool,
    }
}

row! {
    /// What was learnt from the first so many workouts: see `domain::state::stored`. One that this version cannot read is
    /// not read: the workouts are folded again.
    pub(crate) struct SnapshotRow: "snapshot" (forgotten) {
        [user_id: UserId, workouts: u32]
        training: Vec<u8>,
    }
}

// Fed by the coach's own events.

row! {
    /// What became of what was recommended, what may still be answered, and what the person trains for. All of it is only
    /// ever added to, so that what an earlier version wrote can be read.
    pub(crate) struct CounselRow: "counsel" {
        [user_id: UserId]
        guidance: Guidance as packed,
        goals: Goals as packed,
        open: Vec<Open> as packed,
    }
}

/// A recommendation that may still be answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Open {
    pub id: Uuid,
    pub kind: Option<Kind>,
    pub subject: String,
    pub lifts: Vec<(ExerciseSlug, Option<f64>)>,
    /// The events that it rests on.
    pub evidence: Vec<Uuid>,
    pub is_accepted: bool,
}

row! {
    pub(crate) struct RecommendationRow: "recommendation" (forgotten) {
        [user_id: UserId, recommendation_id: RecommendationId]
        body: Recommendation as packed,
    }
}

row! {
    /// What became of a recommendation that was answered, followed or withdrawn.
    pub(crate) struct FateRow: "fate" (forgotten) {
        [user_id: UserId, recommendation_id: RecommendationId]
        status: RecommendationStatus as text,
        withdrawn: Option<WithdrawalReason> as packed,
    }
}

impl CounselRow {
    pub(crate) fn none(user_id: UserId) -> Self {
        Self { user_id, guidance: Guidance::default(), goals: Goals::default(), open: Vec::new() }
    }

    pub(crate) fn open(&self, id: RecommendationId) -> Option<&Open> {
        self.open.iter().find(|open| open.id == id.uuid())
    }
}

/// Everything that an answer about a person takes.
#[derive(Debug, Default)]
pub(crate) struct Known {
    pub workouts: u32,
    /// The latest state that is kept, and after how many workouts it was.
    pub snapshot: Option<(u32, Vec<u8>)>,
    /// The last workout that it learnt from, and those since; without it, all.
    pub notes: Vec<Note>,
    pub guidance: Guidance,
    pub goals: Goals,
    pub about: Option<About>,
    pub open: Vec<Open>,
    pub locale: Option<String>,
    pub time_zone: Option<String>,
}

pub(crate) async fn known(pool: &PgPool, user: UserId) -> Result<Known> {
    type Found = (
        Option<i32>,
        Option<i32>,
        Option<Vec<u8>>,
        Option<Vec<Vec<u8>>>,
        Option<Vec<u8>>,
        Option<Vec<u8>>,
        Option<Vec<u8>>,
        Option<Vec<u8>>,
        Option<String>,
        Option<String>,
    );
    // One statement, so that nothing is between the state and the workouts since.
    let (workouts, number, training, notes, guidance, goals, open, about, locale, time_zone): Found = sqlx::query_as(
        "SELECT l.workouts, s.workouts, s.training,
                (SELECT array_agg(n.note ORDER BY n.number) FROM note n
                 WHERE n.user_id = $1 AND n.number >= coalesce(s.workouts, 1) - 1),
                c.guidance, c.goals, c.open, p.about, r.locale, r.time_zone
         FROM (VALUES ($1::uuid)) AS person(user_id)
         LEFT JOIN learner l USING (user_id) LEFT JOIN counsel c USING (user_id) LEFT JOIN reader r USING (user_id)
         LEFT JOIN person p USING (user_id)
         LEFT JOIN LATERAL (SELECT workouts, training FROM snapshot WHERE user_id = $1 ORDER BY workouts DESC LIMIT 1) s
                ON true",
    )
    .bind(user.uuid())
    .fetch_one(pool)
    .await?;
    let packed = |bytes: Option<Vec<u8>>| bytes.unwrap_or_default();
    Ok(Known {
        workouts: workouts.map_or(0, i32::cast_unsigned),
        snapshot: number.zip(training).map(|(number, training)| (number.cast_unsigned(), training)),
        notes: read(notes.unwrap_or_default())?,
        guidance: unpack_or_default(&packed(guidance))?,
        goals: unpack_or_default(&packed(goals))?,
        about: about.as_deref().map(unpack).transpose()?,
        open: unpack_or_default(&packed(open))?,
        locale,
        time_zone,
    })
}

/// All workouts of a person in order, for a state that cannot be read.
pub(crate) async fn notes(pool: &PgPool, user: UserId) -> Result<Vec<Note>> {
    let sql = "SELECT note FROM note WHERE user_id = $1 ORDER BY number";
    read(sqlx::query_scalar(sql).bind(user.uuid()).fetch_all(pool).await?)
}

/// A recommendation, and what became of it.
pub(crate) type Found = (Recommendation, Option<RecommendationStatus>, Option<WithdrawalReason>);

pub(crate) async fn recommendations(pool: &PgPool, user: UserId, ids: &[Uuid]) -> Result<Vec<Found>> {
    let rows: Vec<(Vec<u8>, Option<String>, Option<Vec<u8>>)> = sqlx::query_as(
        "SELECT r.body, f.status, f.withdrawn FROM recommendation r LEFT JOIN fate f USING (user_id, recommendation_id)
         WHERE r.user_id = $1 AND r.recommendation_id = ANY($2)",
    )
    .bind(user.uuid())
    .bind(ids)
    .fetch_all(pool)
    .await?;
    let found = |(body, status, withdrawn): (Vec<u8>, Option<String>, Option<Vec<u8>>)| -> Result<Found> {
        let status = status.map(|status| serde_json::from_value(status.into())).transpose()?;
        let withdrawn: Option<Option<WithdrawalReason>> = withdrawn.as_deref().map(unpack).transpose()?;
        Ok((unpack(&body)?, status, withdrawn.flatten()))
    };
    rows.into_iter().map(found).collect()
}

fn read(notes: Vec<Vec<u8>>) -> Result<Vec<Note>> {
    notes.iter().map(|note| Note::read(note)).collect()
}

fn unpack_or_default<T: Default + serde::de::DeserializeOwned>(bytes: &[u8]) -> Result<T> {
    if bytes.is_empty() { Ok(T::default()) } else { unpack(bytes) }
}

//! Changes a service's number of lanes: rows stay; positions and outbox move to the new lanes.

use anyhow::{Context, Result, bail};
use sqlx::{Connection, PgConnection};

use crate::{
    broker::{Nats, streams, subject::PARTITIONS},
    lane::{Lane, owner::Owner, position::Position, session, store},
};

/// Changes a stopped service to this many lanes; returns the previous number.
///
/// # Errors
/// When one of its lanes has an owner, or the number does not divide the partitions.
pub async fn change(nats: &Nats, dsn: &str, service: &'static str, count: u8) -> Result<u8> {
    let wanted = Lane::all(service, count)?;
    let mut connection = connect(dsn, service).await?;
    let had = store::lanes(&mut connection, service, None).await?;
    if had.len() == wanted.len() {
        return Ok(count);
    }
    // Every current or new lane: a service that starts meanwhile stands by.
    let mut owners = Vec::new();
    for lane in Lane::all(service, PARTITIONS)? {
        let mut connection = connect(dsn, service).await?;
        if !store::try_lock(&mut connection, lane).await? {
            bail!("{service} is running: stop it first (lane {} has an owner)", lane.index);
        }
        match had.iter().find(|had| had.index == lane.index) {
            // It publishes its outbox, and its epoch marker fences off the former owner.
            Some(had) => {
                owners.push((Some(Owner::take(connection, nats.without_reconnecting().await?, *had).await?), None))
            }
            None => owners.push((None, Some(connection))),
        }
    }
    if owners.iter().any(|(owner, _)| owner.as_ref().is_some_and(|owner| !owner.lost.is_empty())) {
        bail!(
            "the tables of {service} are behind EVENTS, as after restoring a backup: start it once so that it catches up"
        );
    }
    let owned: Vec<&Owner> = owners.iter().filter_map(|(owner, _)| owner.as_ref()).collect();
    let state = streams::state(nats, "EVENTS").await?;
    let positions: Vec<Position> = wanted.iter().map(|lane| position(*lane, &owned, state.last)).collect();
    let mut transaction = connection.begin().await?;
    store::clear_lanes(&mut transaction).await?;
    for (lane, position) in wanted.iter().zip(&positions) {
        store::enter(&mut transaction, *lane, position).await?;
    }
    transaction.commit().await.context("write the lanes")?;
    for lane in &had {
        for stream in ["EVENTS", &streams::commands(service)] {
            streams::delete_consumer(nats, stream, &lane.consumer()).await?;
        }
    }
    Ok(u8::try_from(had.len())?)
}

/// A session that waits until the other lanes are taken, which may take more than the usual ten seconds on a busy machine.
/// All have the same limit, and the one that writes waits longest: it ends before a lock does.
async fn connect(dsn: &str, service: &str) -> Result<PgConnection> {
    let mut connection = session::connect(dsn, service).await?;
    sqlx::query("SET idle_session_timeout = '60s'").execute(&mut connection).await?;
    Ok(connection)
}

/// Where a lane starts: at the position of the slowest former lane of its partitions, with each partition's own position.
fn position(lane: Lane, owned: &[&Owner], confirmed: u64) -> Position {
    let (mut events_ahead, mut commands_ahead) = (vec![0; usize::from(PARTITIONS)], vec![0; usize::from(PARTITIONS)]);
    let (mut applied, mut commands) = (u64::MAX, u64::MAX);
    let mut created = (String::new(), String::new());
    for partition in lane.partitions() {
        let Some(owner) = owned.iter().find(|owner| owner.lane.covers(partition)) else { continue };
        let (events, handled) = (owner.position.now.applied(partition), owner.position.now.handled(partition));
        events_ahead[usize::from(partition)] = events;
        commands_ahead[usize::from(partition)] = handled;
        applied = applied.min(events);
        commands = commands.min(handled);
        created = (owner.position.now.events_created.clone(), owner.position.now.commands_created.clone());
    }
    let ahead = |by_partition: Vec<u64>, through: u64| {
        if by_partition.iter().all(|sequence| *sequence <= through) { Vec::new() } else { by_partition }
    };
    Position {
        events_ahead: ahead(events_ahead, applied),
        commands_ahead: ahead(commands_ahead, commands),
        applied,
        commands,
        // Every own event is in the stream: each owner has published its outbox.
        confirmed,
        applied_at: None,
        confirmed_id: None,
        events_created: created.0,
        commands_created: created.1,
    }
}

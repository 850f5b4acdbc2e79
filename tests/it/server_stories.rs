//! Private servers end and start again with what they stored, and say who may say what on NATS.

use std::{os::unix::fs::PermissionsExt, time::Duration};

use plyo_nats::{Nats, NatsConfig, raw, streams};
use plyo_servers::{Postgres, nkeys};

use crate::{
    platform::{Fixture, REAL, eventually},
    skipped::skip,
};

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_are_killed_start_again_where_they_were_with_what_they_stored() {
    let mut fixture = Fixture::new().await;
    let (nats_url, dsn) = (fixture.nats_server.url(), fixture.dsn());
    let before = streams::state(&fixture.nats().await, "EVENTS").await.unwrap();
    {
        let mut db = fixture.database("workout").await;
        sqlx::query("CREATE TABLE kept AS SELECT 7 AS number").execute(&mut db).await.unwrap();
        fixture.postgres.kill();
        assert!(sqlx::query("SELECT 1").execute(&mut db).await.is_err(), "a session does not outlive its server");
    }
    fixture.postgres.restart().unwrap();
    fixture.nats_server.kill();
    fixture.nats_server.restart().unwrap();
    assert_eq!((fixture.nats_server.url(), fixture.dsn()), (nats_url, dsn));
    let mut db = fixture.database("workout").await;
    let kept: i32 = sqlx::query_scalar("SELECT number FROM kept").fetch_one(&mut db).await.unwrap();
    assert_eq!(kept, 7);
    assert_eq!(streams::state(&fixture.nats().await, "EVENTS").await.unwrap(), before);
}

#[test]
fn a_postgres_that_goes_leaves_no_shared_memory_behind() {
    let directory = tempfile::Builder::new().permissions(std::fs::Permissions::from_mode(0o755)).tempdir().unwrap();
    let mut postgres = Postgres::start(&directory.path().join("postgres"), None).unwrap();
    let mut owners = vec![postmaster(&postgres)];
    postgres.kill();
    postgres.restart().unwrap();
    owners.push(postmaster(&postgres));
    postgres.pause();
    drop(postgres);
    let segments = std::fs::read_to_string("/proc/sysvipc/shm").unwrap();
    let left: Vec<&str> = segments
        .lines()
        .filter(|line| line.split_whitespace().nth(4).is_some_and(|by| owners.iter().any(|o| o == by)))
        .collect();
    assert_eq!(left, Vec::<&str>::new(), "of {owners:?}");
}

/// The process id of its first process, which makes the shared memory.
fn postmaster(postgres: &Postgres) -> String {
    let status = std::fs::read_to_string(postgres.data().join("postmaster.pid")).unwrap();
    status.lines().next().unwrap().to_owned()
}

#[test]
fn root_keeps_the_data_of_postgres_elsewhere_when_its_user_cannot_reach_it() {
    if !nix::unistd::Uid::effective().is_root() {
        skip("only root runs Postgres as another user");
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::set_permissions(directory.path(), std::fs::Permissions::from_mode(0o700)).unwrap();
    let mut postgres = Postgres::start(&directory.path().join("postgres"), None).unwrap();
    let place = postgres.data().to_owned();
    assert!(place.starts_with("/var/lib/plyo"), "{}", place.display());
    postgres.stop();
    let mut again = Postgres::start(&directory.path().join("postgres"), None).unwrap();
    assert_eq!(again.data(), place);
    again.stop();
    std::fs::remove_dir_all(place.parent().unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_suspended_server_answers_when_it_is_continued() {
    let fixture = Fixture::new().await;
    let nats = fixture.nats().await;
    fixture.nats_server.pause();
    let asking = tokio::spawn(async move { streams::state(&nats, "EVENTS").await });
    fixture.postgres.pause();
    let dsn = fixture.dsn();
    let connecting = tokio::spawn(async move { <sqlx::PgConnection as sqlx::Connection>::connect(&dsn).await });
    let patience = Duration::from_millis(300);
    assert!(
        tokio::time::timeout(patience, async {
            while !asking.is_finished() && !connecting.is_finished() {
                tokio::task::yield_now().await;
            }
        })
        .await
        .is_err(),
        "no responders"
    );
    fixture.nats_server.resume();
    fixture.postgres.resume();
    asking.await.unwrap().unwrap();
    connecting.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_says_what_is_not_theirs_to_say() {
    let fixture = Fixture::new().await;
    let user = "0191f0aa-0000-7000-8000-000000000001";
    let denied = [
        ("edge", format!("evt.workout.completed.{user}")),
        ("edge", "mark.workout.0".to_owned()),
        ("edge", format!("at.workout_reminder_due.{user}.key")),
        ("edge", "dead.workout.x".to_owned()),
        ("edge", "$JS.API.STREAM.PURGE.EVENTS".to_owned()),
        ("edge", "$JS.API.CONSUMER.CREATE.COMMANDS_workout.spy.cmd.>".to_owned()),
        ("user", format!("evt.workout.completed.{user}")),
        ("user", format!("cmd.workout.log.{user}")),
        // It ends sessions. That somebody has an account, only the edge asks for.
        ("user", format!("cmd.user.register.{user}")),
        ("user", "mark.workout.0".to_owned()),
        ("user", format!("at.workout_reminder_due.{user}.key")),
        ("user", "$JS.API.STREAM.PURGE.COMMANDS_workout".to_owned()),
        ("workout", format!("evt.achievement.unlocked.{user}")),
        ("workout", format!("evt.clock.workout_reminder_due.{user}")),
        ("workout", format!("cmd.workout.log.{user}")),
        ("workout", format!("cmd.user.revoke_session.{user}")),
        ("workout", "mark.achievement.0".to_owned()),
        ("workout", "at.mark.achievement.0".to_owned()),
        ("workout", format!("due.workout_reminder_due.{user}")),
        ("workout", "$JS.API.STREAM.CREATE.MINE".to_owned()),
        ("workout", "$JS.API.STREAM.UPDATE.EVENTS".to_owned()),
        ("workout", "$JS.API.STREAM.DELETE.EVENTS".to_owned()),
        ("workout", "$JS.API.STREAM.MSG.DELETE.EVENTS".to_owned()),
        ("workout", "$JS.API.STREAM.PURGE.EVENTS".to_owned()),
        ("workout", "$JS.API.STREAM.MSG.GET.COMMANDS_achievement".to_owned()),
        ("workout", "$JS.API.CONSUMER.DELETE.EVENTS.achievement_0".to_owned()),
        ("workout", "$JS.API.CONSUMER.DELETE.EVENTS.workout_16".to_owned()),
        ("workout", "$JS.API.CONSUMER.MSG.NEXT.COMMANDS_achievement.achievement_0".to_owned()),
        ("achievement", format!("at.workout_reminder_due.{user}.key")),
    ];
    for (name, subject) in denied {
        let nats = as_user(&fixture, name).await.unwrap();
        let publisher = nats.clone();
        let message = (subject.clone(), Vec::new(), Vec::new());
        let publishing = tokio::spawn(async move { raw::publish_pipelined(&publisher, vec![message], 1).await });
        eventually("the server refuses", Duration::from_secs(10), async || {
            assert!(!publishing.is_finished(), "{name} may publish {subject}");
            Ok(nats.last_error().filter(|error| error.contains(&subject)))
        })
        .await;
        publishing.abort();
    }
    assert_eq!(streams::state(&fixture.nats().await, "EVENTS").await.unwrap().messages, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_service_publishes_its_own_and_a_stranger_does_not_get_in() {
    let fixture = Fixture::new().await;
    fixture.ends_with_dead_letters();
    let user = "0191f0aa-0000-7000-8000-000000000001";
    for (name, subject) in [
        ("edge", format!("cmd.workout.log.{user}")),
        ("user", format!("evt.user.registered.{user}")),
        ("user", format!("cmd.user.revoke_session.{user}")),
        ("workout", format!("evt.workout.completed.{user}")),
        ("workout", "mark.workout.0".to_owned()),
        ("workout", "at.mark.workout.0".to_owned()),
        ("achievement", format!("evt.achievement.unlocked.{user}")),
        ("notification", "dead.notification.unknown".to_owned()),
    ] {
        let nats = as_user(&fixture, name).await.unwrap();
        raw::publish_pipelined(&nats, vec![(subject, Vec::new(), Vec::new())], 1).await.unwrap();
    }
    let stranger = tempfile::tempdir().unwrap();
    nkeys::make(stranger.path(), &REAL).unwrap();
    for nkey_seed in [None, nkeys::seed(stranger.path(), "operator").ok()] {
        let config = NatsConfig { url: fixture.nats_server.url(), name: "operator".into(), nkey_seed };
        assert!(Nats::connect(&config).await.is_err());
    }
}

async fn as_user(fixture: &Fixture, name: &str) -> anyhow::Result<Nats> {
    fixture.config().nats(name).await
}

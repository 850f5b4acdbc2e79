//! Signing keys: how one follows another, and nobody is logged out by it.

use std::{collections::BTreeSet, time::Duration};

use jsonwebtoken::decode_header;
use plyo_client::Client;
use plyo_edge::EdgeConfig;
use plyo_identity::{Credentials, Exporting};
use plyo_nats::{Health, RunConfig, database};
use serde_json::json;

use crate::{
    edges::Edge,
    people::{credentials, somebody},
    platform::{Fixture, eventually},
};

async fn log_in(url: &str) -> String {
    let tokens = Client::new(url).unwrap().post("/api/v1/auth/login", &credentials("ada")).await.unwrap();
    tokens.success().unwrap()["access_token"].as_str().unwrap().to_owned()
}

fn key_of(token: &str) -> String {
    decode_header(token).unwrap().kid.unwrap()
}

async fn published(url: &str) -> BTreeSet<String> {
    let keys = Client::new(url).unwrap().get("/.well-known/jwks.json").await.unwrap().body;
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

async fn is_good(url: &str, token: &str) -> bool {
    let mut client = Client::new(url).unwrap();
    client.set_token(token);
    client.get("/api/v1/auth/me").await.unwrap().status == 200
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_published_before_it_signs_and_stays_as_long_as_its_tokens() {
    let fixture = Fixture::new().await;
    let pool = database::pool(&fixture.own_dsn("user"), &["user_credentials"], 4).unwrap();
    let store = Credentials::open(pool.clone()).await.unwrap();
    let (nats, dsn) = (fixture.nats().await, fixture.own_dsn("user"));
    let service = plyo::services::user(Some(Exporting { credentials: store.clone(), nats: nats.clone() }));
    let service =
        tokio::spawn(async move { plyo_nats::run(service, nats, &dsn, Health::default(), RunConfig::default()).await });
    fixture.ending.note(&["user"]);
    let first = Edge::start(&fixture, EdgeConfig { limits: false, ..EdgeConfig::default() }).await;
    somebody(&first.url, "ada").await;
    let old = log_in(&first.url).await;
    assert_eq!(published(&first.url).await, BTreeSet::from([key_of(&old)]));
    let then = async |change: &'static str| {
        sqlx::raw_sql(change).execute(&pool).await.unwrap();
        store.look_at_keys().await.unwrap();
    };

    then("UPDATE signing_key SET signs_from = now() - interval '31 days'").await;
    let keys = published(&first.url).await;
    assert_eq!(keys.len(), 2, "the next one is there");
    assert_eq!(key_of(&log_in(&first.url).await), key_of(&old), "and does not sign yet");
    store.look_at_keys().await.unwrap();
    assert_eq!(published(&first.url).await, keys, "there is one next");
    // As edges know it a minute later.
    let edge = Edge::start(&fixture, EdgeConfig { limits: false, ..EdgeConfig::default() }).await;

    then("UPDATE signing_key SET signs_from = now() WHERE signs_from > now()").await;
    let new = log_in(&edge.url).await;
    assert!(key_of(&new) != key_of(&old) && keys.contains(&key_of(&new)));
    assert!(is_good(&edge.url, &old).await && is_good(&edge.url, &new).await, "nobody is logged out");

    then(
        "UPDATE signing_key SET signs_from = now() - interval '14 minutes' WHERE signs_from > now() - interval '1 day'",
    )
    .await;
    assert_eq!(published(&edge.url).await, keys);
    then(
        "UPDATE signing_key SET signs_from = now() - interval '16 minutes' WHERE signs_from > now() - interval '1 day'",
    )
    .await;
    assert_eq!(published(&edge.url).await, BTreeSet::from([key_of(&new)]), "its tokens have expired");
    let later = Edge::start(&fixture, EdgeConfig { limits: false, ..EdgeConfig::default() }).await;
    eventually("the old key is unknown", Duration::from_secs(10), async || {
        Ok((!is_good(&later.url, &old).await).then_some(()))
    })
    .await;
    assert!(is_good(&later.url, &new).await);
    assert_eq!(json!(published(&later.url).await.len()), json!(1));
    service.abort();
}

//! Access tokens over HTTP: one that the platform signed, as it signed it, before it expires. Nothing else.

use jsonwebtoken::{Algorithm, EncodingKey, Header, encode, jwk::Jwk};
use plyo_client::Client;
use plyo_events::{
    SessionId, UserId,
    user::{AccessClaims, TokenUse},
};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    people::{log_in, somebody},
    platform::Fixture,
};

/// What comes before the 32 bytes of the seed in the PKCS #8 form of an Ed25519 key (RFC 8410).
const PKCS8: [u8; 16] = [0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20];
/// The seed of a key that the platform does not know.
const FOREIGN: [u8; 32] = [7; 32];

/// The key that the user service signs with, as it keeps it.
async fn signing_key(fixture: &Fixture) -> (String, Vec<u8>) {
    let mut db = fixture.database("user").await;
    let key = "SELECT key_id, seed FROM user_credentials.signing_key";
    sqlx::query_as(key).fetch_one(&mut db).await.unwrap()
}

fn signed(key_id: &str, seed: &[u8], claims: &impl Serialize) -> String {
    let header =
        Header { typ: Some("at+jwt".to_owned()), kid: Some(key_id.to_owned()), ..Header::new(Algorithm::EdDSA) };
    encode(&header, claims, &EncodingKey::from_ed_der(&[&PKCS8[..], seed].concat())).unwrap()
}

/// One part of a token, as a token spells it.
fn part(content: &impl Serialize) -> String {
    signed("k", &FOREIGN, content).split('.').nth(1).unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_that_the_platform_did_not_sign_as_it_is_opens_nothing() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    somebody(&url, "ada").await;
    let (mut client, tokens) = log_in(&url, "ada").await;
    let (key_id, seed) = signing_key(&fixture).await;
    let key_id = key_id.as_str();
    let now = jiff::Timestamp::now().as_second();
    let claims = AccessClaims {
        iss: AccessClaims::ISSUER.to_owned(),
        aud: AccessClaims::AUDIENCE.to_owned(),
        sub: UserId::mint(),
        sid: SessionId::mint(),
        jti: uuid::Uuid::now_v7(),
        iat: now,
        exp: now + i64::from(AccessClaims::LIFETIME),
        typ: TokenUse::Access,
    };
    let with = |name: &str, value: Value| {
        let mut claims = serde_json::to_value(&claims).unwrap();
        claims[name] = value;
        claims
    };
    let right = signed(key_id, &seed, &claims);
    client.set_token(&right);
    assert_eq!(client.get("/api/v1/workouts").await.unwrap().status, 200, "the right one is right");

    let [header, payload, signature] = right.split('.').collect::<Vec<_>>()[..] else { panic!("{right}") };
    let none = part(&json!({ "alg": "none", "kid": key_id, "typ": "at+jwt" }));
    let somebody_else = part(&with("sub", json!(UserId::mint())));
    let symmetric = Header { kid: Some(key_id.to_owned()), ..Header::new(Algorithm::HS256) };
    let symmetric = encode(&symmetric, &claims, &EncodingKey::from_secret(&seed)).unwrap();
    // The public key, which everybody has, as the secret of a symmetric signature.
    let jwks = Client::new(&url).unwrap().get("/.well-known/jwks.json").await.unwrap().body;
    let public = jwks["keys"][0]["x"].as_str().unwrap();
    let confused =
        Header { typ: Some("at+jwt".to_owned()), kid: Some(key_id.to_owned()), ..Header::new(Algorithm::HS256) };
    let confused =
        [public.as_bytes(), &base64::Engine::decode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, public).unwrap()]
            .map(|public| encode(&confused, &claims, &EncodingKey::from_secret(public)).unwrap());
    let [with_text, with_bytes] = confused;
    // Whoever believed a header would fetch the key there.
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let elsewhere = format!("http://{}/jwks.json", listener.local_addr().unwrap());
    let foreign_jwk =
        Jwk::from_encoding_key(&EncodingKey::from_ed_der(&[&PKCS8[..], &FOREIGN].concat()), Algorithm::EdDSA);
    let foreign = |change: fn(&mut Header, &str, Jwk)| {
        let mut header =
            Header { typ: Some("at+jwt".to_owned()), kid: Some(key_id.to_owned()), ..Header::new(Algorithm::EdDSA) };
        change(&mut header, &elsewhere, foreign_jwk.clone().unwrap());
        encode(&header, &claims, &EncodingKey::from_ed_der(&[&PKCS8[..], &FOREIGN].concat())).unwrap()
    };
    let of_type = |typ: Option<&str>| {
        let header =
            Header { typ: typ.map(str::to_owned), kid: Some(key_id.to_owned()), ..Header::new(Algorithm::EdDSA) };
        encode(&header, &claims, &EncodingKey::from_ed_der(&[&PKCS8[..], &seed].concat())).unwrap()
    };
    for (what, token) in [
        ("HS256 with the public key as text", with_text),
        ("HS256 with the public key", with_bytes),
        ("a key in the header", foreign(|header, _, jwk| header.jwk = Some(jwk))),
        ("a place of keys in the header", foreign(|header, place, _| header.jku = Some(place.to_owned()))),
        ("a place of certificates in the header", foreign(|header, place, _| header.x5u = Some(place.to_owned()))),
        ("no type", of_type(None)),
        ("another type", of_type(Some("JWT"))),
        ("no audience", signed(key_id, &seed, &with("aud", Value::Null))),
        ("another audience", signed(key_id, &seed, &with("aud", json!("else")))),
        ("no name of its own", signed(key_id, &seed, &with("jti", Value::Null))),
        ("from the future", signed(key_id, &seed, &with("iat", json!(now + 600)))),
        ("garbage", "garbage".to_owned()),
        ("nothing but dots", "..".to_owned()),
        ("a refresh token", tokens["refresh_token"].as_str().unwrap().to_owned()),
        ("a refresh token that is signed", signed(key_id, &seed, &with("typ", json!("refresh")))),
        ("alg: none", format!("{none}.{payload}.")),
        ("alg: none with a signature", format!("{none}.{payload}.{signature}")),
        ("alg: HS256", symmetric),
        ("no signature", format!("{header}.{payload}.")),
        ("another user under the signature", format!("{header}.{somebody_else}.{signature}")),
        ("a foreign key under our name", signed(key_id, &FOREIGN, &claims)),
        ("a foreign key", signed("foreign", &FOREIGN, &claims)),
        ("our key under a name that nobody knows", signed("unknown", &seed, &claims)),
        ("another issuer", signed(key_id, &seed, &with("iss", json!("else")))),
        ("no session", signed(key_id, &seed, &with("sid", Value::Null))),
        ("expired", signed(key_id, &seed, &with("exp", json!(now - 1)))),
    ] {
        client.set_token(&token);
        let answer = client.get("/api/v1/workouts").await.unwrap();
        let code = if what == "expired" { "token_expired" } else { "invalid_token" };
        assert_eq!((answer.status, answer.body["code"].as_str().unwrap()), (401, code), "{what}: {answer:?}");
        assert_eq!(answer.headers["www-authenticate"], r#"Bearer error="invalid_token""#, "{what}");
        assert_eq!(answer.headers["content-type"], "application/problem+json", "{what}");
    }
    let called = tokio::time::timeout(std::time::Duration::from_millis(200), listener.accept()).await;
    assert!(called.is_err(), "the edge called a place that a token named");
    let answer = Client::new(&url).unwrap().get("/api/v1/workouts").await.unwrap();
    assert_eq!((answer.status, answer.body["code"].as_str().unwrap()), (401, "no_token"));
    assert_eq!(answer.headers["www-authenticate"], "Bearer");
}

//! Pictures of people: small and nothing but pixels whatever was sent, one of each, and seen by nobody else.

use std::io::Cursor;

use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use plyo_client::{Answer, Client};
use plyo_nats::streams;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{
    people::somebody,
    platform::{Fixture, REAL},
};

const AVATAR: &str = "/api/v1/me/avatar";

/// A face of a colour, with some noise, so that it has enough bytes to be looked for.
pub async fn set_picture(client: &mut Client, colour: [u8; 3]) -> String {
    let noise = |x: u32, y: u32| ((x * 7919 + y * 104_729) % 37) as u8;
    let face = RgbImage::from_fn(640, 480, |x, y| Rgb(colour.map(|part| part.saturating_add(noise(x, y)))));
    let saved = put(client, "image/png", written(&face.into(), ImageFormat::Png)).await;
    saved.success().unwrap()["avatar"].as_str().unwrap().to_owned()
}

pub async fn picture(client: &mut Client) -> Option<Vec<u8>> {
    let answer = client.get(AVATAR).await.unwrap();
    (answer.status == 200).then(|| answer.bytes.to_vec())
}

/// Whether that is a picture of this colour, as it is kept.
pub fn is_of(webp: &[u8], colour: [u8; 3]) -> bool {
    let image = image::load_from_memory(webp).unwrap().into_rgb8();
    let middle = image.get_pixel(256, 256).0;
    image.dimensions() == (512, 512) && middle.iter().zip(colour).all(|(is, wanted)| is.abs_diff(wanted) < 48)
}

fn written(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

async fn put(client: &mut Client, content_type: &str, bytes: Vec<u8>) -> Answer {
    client.send_bytes("PUT", AVATAR, &[("content-type", content_type)], Some(bytes.into())).await.unwrap()
}

/// What the store has of everybody.
async fn stored(fixture: &Fixture) -> u64 {
    streams::state(&fixture.nats().await, "OBJ_avatars").await.unwrap().messages
}

#[tokio::test(flavor = "multi_thread")]
async fn a_picture_is_its_owners_is_known_by_its_tag_and_is_replaced_as_a_whole() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let (mut ada, mut ben) = (somebody(&url, "ada").await, somebody(&url, "ben").await);
    let none = ada.get(AVATAR).await.unwrap();
    assert_eq!((none.status, &none.body["code"]), (404, &json!("avatar_not_found")));
    let profile = ada.get("/api/v1/me/profile").await.unwrap();
    assert!(profile.body["avatar"].is_null());

    let first = set_picture(&mut ada, [200, 150, 120]).await;
    let second = set_picture(&mut ada, [20, 60, 200]).await;
    assert_ne!(first, second);
    let mine = ada.get(AVATAR).await.unwrap();
    let header = |name: &str| mine.headers[name].to_str().unwrap().to_owned();
    assert_eq!((mine.status, header("content-type")), (200, "image/webp".to_owned()));
    assert_eq!((header("x-content-type-options"), header("etag")), ("nosniff".to_owned(), format!("\"{second}\"")));
    assert!(is_of(&mine.bytes, [20, 60, 200]) && mine.bytes.len() < 256 * 1024);
    for (tag, status) in [(format!("W/\"{second}\""), 304), (format!("\"{first}\""), 200), ("*".to_owned(), 304)] {
        let answer = ada.send("GET", AVATAR, &[("if-none-match", &tag)], None).await.unwrap();
        assert_eq!((answer.status, answer.bytes.is_empty()), (status, status == 304), "{tag}");
        assert_eq!(answer.headers["etag"].to_str().unwrap(), format!("\"{second}\""));
    }
    let changed = ada.get("/api/v1/me/profile").await.unwrap();
    assert_eq!(changed.body["avatar"], json!(second));
    assert_ne!(changed.headers["etag"], profile.headers["etag"]);
    assert_eq!(ben.get(AVATAR).await.unwrap().status, 404);
    let with_one = stored(&fixture).await;

    // A script may look and not touch.
    let script = json!({ "name": "a script", "scopes": ["profile:read"] });
    let token = ada.post("/api/v1/auth/tokens", &script).await.unwrap().success().unwrap();
    let mut script = Client::new(&url).unwrap();
    script.set_token(token["token"].as_str().unwrap());
    assert_eq!(script.get(AVATAR).await.unwrap().status, 200);
    assert_eq!(script.send("DELETE", AVATAR, &[], None).await.unwrap().status, 403);

    // Of several at once one stays, as a whole.
    let mut racing = JoinSet::new();
    for number in 0..4_u8 {
        let mut client = Client::new(&url).unwrap();
        client.set_token(ada.token().unwrap());
        racing.spawn(async move { set_picture(&mut client, [number * 50, 100, 100]).await });
    }
    let tags = racing.join_all().await;
    let mine = ada.get(AVATAR).await.unwrap();
    let tag = mine.headers["etag"].to_str().unwrap().trim_matches('"').to_owned();
    assert!(tags.contains(&tag), "{tags:?} {tag}");
    assert_eq!(stored(&fixture).await, with_one, "nothing is left of the others");

    for _ in 0..2 {
        assert_eq!(ada.send("DELETE", AVATAR, &[], None).await.unwrap().status, 204);
        assert_eq!(ada.get(AVATAR).await.unwrap().status, 404);
    }
    assert!(ada.get("/api/v1/me/profile").await.unwrap().body["avatar"].is_null());
    assert_eq!(stored(&fixture).await, 0);
    fixture.settle(&REAL).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_picture_is_refused_and_changes_nothing() {
    let fixture = Fixture::new().await;
    let (_server, url) = fixture.start_platform().await;
    let mut ada = somebody(&url, "ada").await;
    let tag = set_picture(&mut ada, [200, 150, 120]).await;
    let small = written(&RgbImage::new(8, 8).into(), ImageFormat::Png);
    // 48 megapixels of nothing are some KiB.
    let bomb = written(&DynamicImage::new_luma8(8000, 6000), ImageFormat::Png);
    assert!(bomb.len() < 256 * 1024, "{}", bomb.len());
    for (content_type, bytes, status, code) in [
        ("application/json", b"{}".to_vec(), 415, "unsupported_image_type"),
        ("text/html", small.clone(), 415, "unsupported_image_type"),
        ("image/svg+xml", b"<svg/>".to_vec(), 415, "unsupported_image_type"),
        ("image/png", b"<svg/>".to_vec(), 422, "invalid_image"),
        ("image/png", Vec::new(), 422, "invalid_image"),
        ("image/png", small[..small.len() / 2].to_vec(), 422, "invalid_image"),
        ("image/png", bomb, 422, "too_many_pixels"),
        ("image/jpeg", vec![0xff; 5 * 1024 * 1024 + 1], 413, "image_too_large"),
        ("image/jpeg", vec![0xff; 5 * 1024 * 1024], 422, "invalid_image"),
    ] {
        let length = bytes.len();
        let answer = put(&mut ada, content_type, bytes).await;
        assert_eq!((answer.status, &answer.body["code"]), (status, &json!(code)), "{content_type} of {length}");
    }
    let headers = [("content-type", "image/png"), ("if-match", "\"7\"")];
    let answer = ada.send_bytes("PUT", AVATAR, &headers, Some(small.clone().into())).await.unwrap();
    assert_eq!((answer.status, &answer.body["code"]), (412, &json!("no_revisions")));
    let answer = ada.get(AVATAR).await.unwrap();
    assert_eq!(answer.headers["etag"].to_str().unwrap(), format!("\"{tag}\""));
    // What it is called by whoever sends it is not believed, and does not matter.
    assert_eq!(put(&mut ada, "IMAGE/JPEG; charset=x", small).await.status, 200);
    let nobody = put(&mut Client::new(&url).unwrap(), "image/png", Vec::new()).await;
    assert_eq!(nobody.status, 401);
}

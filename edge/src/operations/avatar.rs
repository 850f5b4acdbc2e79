//! `/me/avatar`: the picture of a person. It becomes small here, so that what is sent on fits into a message.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, Method, StatusCode, header},
    response::{IntoResponse, Response},
};
use plyo_events::{
    Rejection,
    avatar::{AVATAR_NOT_FOUND, AvatarSaved, BUCKET, MAX_BYTES, RemoveAvatar, SetAvatar},
    user::Scope,
};
use serde_json::json;

use super::{Operation, command::NO_REVISIONS, gives, operation, status, streams};
use crate::{
    EdgeState,
    avatar::{self, MAX_SENT_BYTES, Unusable},
    body,
    caller::Caller,
    condition::{self, Asked},
    problem::{Code, Problem, UNAVAILABLE},
};

const PATH: &str = "/me/avatar";
const WEBP: &str = "image/webp";
/// What is taken.
const TYPES: [&str; 4] = ["image/jpeg", "image/png", WEBP, "image/gif"];

const UNSUPPORTED: Code = Code::new(
    StatusCode::UNSUPPORTED_MEDIA_TYPE,
    "unsupported_image_type",
    "send a JPEG, PNG, WebP or GIF with its Content-Type",
);
const TOO_LARGE: Code = Code::new(StatusCode::PAYLOAD_TOO_LARGE, "image_too_large", "a picture has at most 5 MiB");
const NO_IMAGE: Code = Code::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_image", Unusable::NoImage.detail());
const TOO_MANY_PIXELS: Code =
    Code::new(StatusCode::UNPROCESSABLE_ENTITY, "too_many_pixels", Unusable::TooManyPixels.detail());
const BUSY: Code = Code::new(StatusCode::SERVICE_UNAVAILABLE, "pictures_busy", Unusable::Busy.detail());

pub(super) fn operations() -> [Operation; 3] {
    let summary = "Set my picture: it is cut to the square in its middle, and nothing but its pixels is kept";
    let mut known = operation(Method::GET, PATH, "My picture, 512 pixels square", get, streams(WEBP))
        .with_token()
        .codes(&[UNAVAILABLE])
        .rejections(&[AVATAR_NOT_FOUND])
        .parameter("header", "If-None-Match", "The `ETag` of a picture that is known", json!({ "type": "string" }))
        .scope(Scope::ProfileRead);
    known.headers.push(("ETag", "Names this picture: another one has another"));
    known.also = Some((StatusCode::NOT_MODIFIED, "The picture is the one that is known"));
    [
        known,
        operation(Method::PUT, PATH, summary, put, gives::<AvatarSaved>())
            .with_token()
            .takes_bytes(&TYPES)
            .codes(&[UNSUPPORTED, TOO_LARGE, NO_IMAGE, TOO_MANY_PIXELS, BUSY, NO_REVISIONS])
            .requests::<SetAvatar>()
            .scope(Scope::ProfileWrite),
        operation(Method::DELETE, PATH, "Remove my picture", remove, status(StatusCode::NO_CONTENT))
            .with_token()
            .takes_nothing()
            .codes(&[NO_REVISIONS])
            .requests::<RemoveAvatar>()
            .scope(Scope::ProfileWrite),
    ]
}

impl From<Unusable> for Problem {
    fn from(unusable: Unusable) -> Self {
        match unusable {
            Unusable::NoImage => NO_IMAGE.into(),
            Unusable::TooManyPixels => TOO_MANY_PIXELS.into(),
            Unusable::Busy => BUSY.into(),
        }
    }
}

async fn put(
    State(state): State<EdgeState>,
    caller: Caller,
    headers: HeaderMap,
    content: Body,
) -> Result<Json<AvatarSaved>, Problem> {
    whichever_there_is(&headers)?;
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if !TYPES.iter().any(|known| known.eq_ignore_ascii_case(essence)) {
        return Err(UNSUPPORTED.into());
    }
    let sent = body::gathered(content, MAX_SENT_BYTES).await?.ok_or(TOO_LARGE)?;
    let webp = avatar::square(sent).await?.into();
    Ok(Json(plyo_nats::request(&state.nats, &SetAvatar { user: caller.user, webp }).await?))
}

async fn get(State(state): State<EdgeState>, caller: Caller, headers: HeaderMap) -> Result<Response, Problem> {
    let name = caller.user.to_string();
    let unavailable = |error: anyhow::Error| {
        tracing::warn!(error = format!("{error:#}"), "cannot read a picture");
        Problem::from(UNAVAILABLE)
    };
    let is_known = |digest: &str| condition::is_known(&headers, digest);
    let known = plyo_nats::file_digest(&state.nats, BUCKET, &name).await.map_err(unavailable)?;
    if let Some(digest) = known.filter(|digest| is_known(digest)) {
        return Ok((StatusCode::NOT_MODIFIED, [(header::ETAG, quoted(&digest))]).into_response());
    }
    let file = plyo_nats::read_file(&state.nats, BUCKET, &name, MAX_BYTES).await.map_err(unavailable)?;
    let file = file.ok_or_else(|| Rejection::from(AVATAR_NOT_FOUND))?;
    let head = [
        (header::CONTENT_TYPE, WEBP.to_owned()),
        (header::CACHE_CONTROL, "private, no-cache".to_owned()),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
        (header::ETAG, quoted(&file.digest)),
    ];
    Ok((head, file.bytes).into_response())
}

async fn remove(
    State(state): State<EdgeState>,
    caller: Caller,
    headers: HeaderMap,
    content: Body,
) -> Result<StatusCode, Problem> {
    whichever_there_is(&headers)?;
    body::none(content).await?;
    plyo_nats::request(&state.nats, &RemoveAvatar { user: caller.user }).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn quoted(digest: &str) -> String {
    format!("\"{digest}\"")
}

/// Nothing compares a picture when it is replaced.
fn whichever_there_is(headers: &HeaderMap) -> Result<(), Problem> {
    match condition::asked(headers) {
        None | Some(Asked::Any) => Ok(()),
        Some(Asked::Revisions(_)) => Err(NO_REVISIONS.into()),
    }
}

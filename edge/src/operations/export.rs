//! `/me/export`: all that there is of somebody, as a file. Its link is asked of the user service and enters no stream; it is good
//! for one download.

use axum::{
    Json,
    body::Body,
    extract::State,
    http::{HeaderMap, Method, StatusCode, header},
    response::Response,
};
use futures_util::stream;
use jiff::Timestamp;
use plyo_events::{
    CommandKind, Rejection,
    erasure::Reauthenticate,
    export::{
        BUCKET, EXPORT_ID, EXPORT_LINK_OVER, EXPORT_NOT_READY, ExportLink, ExportSaved, GetExport, MintExportLink,
        RequestExport, UseExportLink,
    },
};
use plyo_nats::ObjectReader;

use super::{
    Answer, Ids, Operation,
    auth::secret,
    command::{self, becomes_of},
    creates,
    credentials::PresentPassword,
    gives, operation,
    query::query,
    streams,
};
use crate::{
    EdgeState, body,
    caller::Caller,
    connection::ClientAddress,
    limits::{ADDRESS, Standing},
    problem::{Problem, UNAVAILABLE},
};

const ZIP: &str = "application/zip";

const REQUESTED: Answer = creates::<ExportSaved>("/me/export");

pub(super) fn operations() -> [Operation; 4] {
    [
        becomes_of(
            operation(
                Method::POST,
                "/me/export",
                "Write all that there is of me to a file; a socket is told when it is there",
                request,
                REQUESTED,
            )
            .takes::<PresentPassword>()
            .requests::<Reauthenticate>(),
            CommandKind::RequestExport,
        ),
        query("/me/export", "My newest export", |user, ()| GetExport { user }),
        operation(
            Method::POST,
            "/me/export/link",
            "Make the link to my export; an earlier one is over",
            link,
            Answer { status: StatusCode::CREATED, ..gives::<ExportLink>() },
        )
        .with_token()
        .takes_nothing()
        .asks::<GetExport>()
        .requests::<MintExportLink>()
        .rejections(&[EXPORT_NOT_READY]),
        operation(Method::GET, "/exports/{token}", "An export, for whoever has the link, once", download, streams(ZIP))
            .limited_by(&[&ADDRESS])
            .requests::<UseExportLink>(),
    ]
}

async fn request(
    State(state): State<EdgeState>,
    caller: Caller,
    headers: HeaderMap,
    content: Body,
) -> Result<Response, Problem> {
    let content = body::read(&headers, content).await?;
    let PresentPassword { password } = body::decode(&content)?;
    plyo_nats::request(&state.nats, &Reauthenticate { user: caller.user, password }).await?;
    command::send(&state, caller, &headers, "/me/export", RequestExport {}.into(), REQUESTED).await
}

async fn link(State(state): State<EdgeState>, caller: Caller, content: Body) -> Result<Response, Problem> {
    body::none(content).await?;
    let export = plyo_nats::ask(&state.nats, &GetExport { user: caller.user }).await?;
    let file = export.file_at(Timestamp::now()).ok_or_else(|| Rejection::from(EXPORT_NOT_READY))?;
    let mint = MintExportLink { user: caller.user, export_id: export.export_id, expires_at: file.expires_at };
    Ok(secret((StatusCode::CREATED, Json(plyo_nats::request(&state.nats, &mint).await?))))
}

async fn download(
    State(state): State<EdgeState>,
    ClientAddress(address): ClientAddress,
    standing: Standing,
    Ids(token): Ids<String>,
    method: Method,
) -> Result<Response, Problem> {
    state.limits.address(address, &standing)?;
    if method == Method::HEAD {
        // Whoever looks at a link before following it does not use it up.
        return Ok(secret([(header::CONTENT_TYPE, ZIP)]));
    }
    let used = plyo_nats::request(&state.nats, &UseExportLink { token }).await?;
    let unavailable = |error: anyhow::Error| {
        tracing::warn!(error = format!("{error:#}"), "cannot read an export");
        Problem::from(UNAVAILABLE)
    };
    let file = ObjectReader::open(&state.nats, BUCKET, &used.user.to_string()).await.map_err(unavailable)?;
    // Another export has replaced it, or it is too old.
    let is_this = |file: &ObjectReader| file.metadata(EXPORT_ID) == Some(&used.export_id.to_string());
    let file = file.filter(is_this).ok_or_else(|| Rejection::from(EXPORT_LINK_OVER))?;
    let head = [
        (header::CONTENT_TYPE, ZIP.to_owned()),
        (header::CONTENT_LENGTH, file.size().to_string()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"plyo-{}.zip\"", used.user)),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff".to_owned()),
    ];
    let chunks = stream::try_unfold(file, async |mut file| match file.next().await {
        Ok(chunk) => Ok(chunk.map(|chunk| (chunk, file))),
        Err(error) => {
            tracing::warn!(error = format!("{error:#}"), "a download ends early");
            Err(error)
        }
    });
    Ok(secret((head, Body::from_stream(chunks))))
}

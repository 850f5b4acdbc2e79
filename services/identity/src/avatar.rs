//! Pictures of people: a file each, beside the history. Whoever writes one holds the credential meanwhile: so nobody gets a
//! picture once they are erased, and of two at once the later one stays.

use plyo_events::{
    Rejection, UserId, Violation,
    avatar::{AvatarRemoved, AvatarSaved, BUCKET, MAX_BYTES, RemoveAvatar, SetAvatar},
    user::USER_NOT_FOUND,
};
use plyo_nats::{Nats, ObjectWriter, QueryError, RequestContext, StoredFile, file_digest, read_file, remove_file};
use serde_json::json;

use crate::{Desk, store};

pub(crate) async fn set(desk: Desk, _: RequestContext, query: SetAvatar) -> Result<AvatarSaved, QueryError> {
    let SetAvatar { user, webp } = query;
    if webp.len() > MAX_BYTES || !is_webp(&webp) {
        let detail = format!("a WebP of at most {} KiB", MAX_BYTES / 1024);
        return Err(Rejection::violations(vec![Violation { pointer: "/webp".to_owned(), detail }]).into());
    }
    let mut transaction = desk.credentials.pool.begin().await.map_err(anyhow::Error::from)?;
    if !store::hold_credential(&mut transaction, user).await? {
        return Err(USER_NOT_FOUND.into());
    }
    let mut file = ObjectWriter::new(&desk.nats, BUCKET, &user.to_string());
    file.write(&webp).await?;
    file.finish(json!({})).await?;
    let avatar = tag(&desk.nats, user).await?.unwrap_or_default();
    transaction.commit().await.map_err(anyhow::Error::from)?;
    Ok(AvatarSaved { avatar })
}

pub(crate) async fn remove(desk: Desk, _: RequestContext, query: RemoveAvatar) -> Result<AvatarRemoved, QueryError> {
    let mut transaction = desk.credentials.pool.begin().await.map_err(anyhow::Error::from)?;
    if !store::hold_credential(&mut transaction, query.user).await? {
        return Err(USER_NOT_FOUND.into());
    }
    remove_file(&desk.nats, BUCKET, &query.user.to_string()).await?;
    transaction.commit().await.map_err(anyhow::Error::from)?;
    Ok(AvatarRemoved {})
}

/// Names the picture of somebody, where there is one.
pub(crate) async fn tag(nats: &Nats, user: UserId) -> anyhow::Result<Option<String>> {
    file_digest(nats, BUCKET, &user.to_string()).await
}

/// The picture of somebody.
pub(crate) async fn read(nats: &Nats, user: UserId) -> anyhow::Result<Option<StoredFile>> {
    read_file(nats, BUCKET, &user.to_string(), MAX_BYTES).await
}

fn is_webp(bytes: &[u8]) -> bool {
    bytes.starts_with(b"RIFF") && bytes.get(8..12) == Some(b"WEBP")
}

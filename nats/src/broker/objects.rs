//! Files in an object store of JetStream, in the format of its clients (ADR-20), so that `nats object get` reads them, too. Never
//! more than some chunks of one are in memory.

use anyhow::{Context, Result, anyhow, ensure};
use async_nats::HeaderMap;
use base64::{Engine, prelude::BASE64_URL_SAFE};
use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::broker::{Nats, connection::ApiError, reader::Reader, removal, streams, wire};

/// Bytes of a chunk, as other clients have it.
const CHUNK: usize = 128 * 1024;
/// Chunks that a reader asks for at a time.
const PULL: u64 = 8;
/// How often a file is looked for anew that is replaced while it is read.
const REPLACED: usize = 3;

/// What is stored of a file beside its chunks.
#[derive(Serialize, Deserialize)]
struct Info {
    name: String,
    bucket: String,
    /// Names its chunks. It begins with the name of the file, so that what a writer left that died is found, too.
    nuid: String,
    size: u64,
    mtime: String,
    chunks: u64,
    digest: String,
    options: Value,
    #[serde(default)]
    metadata: Value,
}

impl Info {
    fn digest(&self) -> &str {
        self.digest.strip_prefix("SHA-256=").unwrap_or_default()
    }
}

/// A file that is being written. It is there once it is finished, in place of an earlier one of that name.
pub struct ObjectWriter {
    nats: Nats,
    bucket: &'static str,
    name: String,
    nuid: String,
    pending: BytesMut,
    chunks: u64,
    size: u64,
    sha256: Sha256,
}

impl ObjectWriter {
    pub fn new(nats: &Nats, bucket: &'static str, name: &str) -> Self {
        Self {
            nats: nats.clone(),
            bucket,
            name: name.to_owned(),
            nuid: format!("{}.{}", BASE64_URL_SAFE.encode(name), Uuid::new_v4().simple()),
            pending: BytesMut::with_capacity(2 * CHUNK),
            chunks: 0,
            size: 0,
            sha256: Sha256::new(),
        }
    }

    /// Adds to it. Returns once it is stored but for less than a chunk.
    ///
    /// # Errors
    /// When the store does not take it.
    pub async fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.pending.extend_from_slice(bytes);
        while self.pending.len() >= CHUNK {
            let chunk = self.pending.split_to(CHUNK).freeze();
            self.send(chunk).await?;
        }
        Ok(())
    }

    /// Puts it in its place, and says how large it is. `metadata` is text by name.
    ///
    /// # Errors
    /// When the store does not take it.
    pub async fn finish(mut self, metadata: Value) -> Result<u64> {
        if !self.pending.is_empty() {
            let rest = self.pending.split().freeze();
            self.send(rest).await?;
        }
        let before = info(&self.nats, self.bucket, &self.name).await?;
        let info = Info {
            digest: format!("SHA-256={}", BASE64_URL_SAFE.encode(self.sha256.finalize())),
            name: self.name,
            bucket: self.bucket.to_owned(),
            nuid: self.nuid,
            size: self.size,
            mtime: Timestamp::now().to_string(),
            chunks: self.chunks,
            options: json!({ "max_chunk_size": CHUNK }),
            metadata,
        };
        let mut headers = HeaderMap::new();
        wire::set(&mut headers, "Nats-Rollup", "sub");
        let body = serde_json::to_vec(&info)?.into();
        publish(&self.nats, place(self.bucket, &info.name), headers, body).await?;
        if let Some(before) = before {
            discard(&self.nats, self.bucket, &chunks(self.bucket, &before.nuid)).await?;
        }
        Ok(info.size)
    }

    async fn send(&mut self, chunk: Bytes) -> Result<()> {
        self.sha256.update(&chunk);
        self.size += chunk.len() as u64;
        self.chunks += 1;
        publish(&self.nats, chunks(self.bucket, &self.nuid), HeaderMap::new(), chunk).await
    }
}

/// Removes a file, if there is one, so that its bytes are overwritten.
///
/// # Errors
/// When the store does not answer: what is left is removed the next time.
pub async fn remove(nats: &Nats, bucket: &str, name: &str) -> Result<()> {
    discard(nats, bucket, &chunks(bucket, &format!("{}.*", BASE64_URL_SAFE.encode(name)))).await?;
    discard(nats, bucket, &place(bucket, name)).await
}

async fn discard(nats: &Nats, bucket: &str, filter: &str) -> Result<()> {
    removal::remove(nats, &stream(bucket), filter, u64::MAX, |_| false).await
}

/// A small file, as a whole.
pub struct StoredFile {
    /// The SHA-256 of its bytes, in base64url.
    pub digest: String,
    pub bytes: Bytes,
}

/// The digest of a file: another content has another. `None` if there is none.
///
/// # Errors
/// When the store does not answer.
pub async fn digest(nats: &Nats, bucket: &str, name: &str) -> Result<Option<String>> {
    Ok(info(nats, bucket, name).await?.map(|info| info.digest().to_owned()))
}

/// Reads a file of so few bytes that it is asked for chunk by chunk, without a consumer. `None` if there is none.
///
/// # Errors
/// When the store does not answer, or it is larger, or not what was stored.
pub async fn read(nats: &Nats, bucket: &str, name: &str, max_bytes: usize) -> Result<Option<StoredFile>> {
    for _ in 0..REPLACED {
        let Some(info) = info(nats, bucket, name).await? else { return Ok(None) };
        ensure!(info.size <= max_bytes as u64, "{name} of {bucket} has {} bytes", info.size);
        if let Some(bytes) = content(nats, bucket, &info).await? {
            let digest = BASE64_URL_SAFE.encode(Sha256::digest(&bytes));
            ensure!(info.digest() == digest, "its digest is another one");
            return Ok(Some(StoredFile { digest, bytes }));
        }
    }
    Err(anyhow!("{name} of {bucket} is replaced all the time"))
}

/// What a file has in its chunks; `None` if it was replaced meanwhile.
async fn content(nats: &Nats, bucket: &str, info: &Info) -> Result<Option<Bytes>> {
    let (mut bytes, mut next) = (BytesMut::new(), 1);
    for _ in 0..info.chunks {
        let get = json!({ "next_by_subj": chunks(bucket, &info.nuid), "seq": next });
        match nats.api(&format!("STREAM.MSG.GET.{}", stream(bucket)), &get).await {
            Ok(found) => {
                bytes.extend_from_slice(&wire::stored_body(&found["message"]).context("a chunk")?);
                next = found["message"]["seq"].as_u64().context("a sequence")? + 1;
            }
            Err(error) if error.code == ApiError::MESSAGE_NOT_FOUND => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("read a file of {bucket}")),
        }
    }
    Ok(Some(bytes.freeze()))
}

/// A file that is being read.
pub struct ObjectReader {
    reader: Reader,
    info: Info,
    chunks: u64,
    sha256: Sha256,
}

impl ObjectReader {
    /// `None` if there is no file of that name.
    ///
    /// # Errors
    /// When the store does not answer.
    pub async fn open(nats: &Nats, bucket: &str, name: &str) -> Result<Option<Self>> {
        let Some(info) = info(nats, bucket, name).await? else { return Ok(None) };
        let consumer = streams::tail_consumer("object", &chunks(bucket, &info.nuid), 1);
        let reader = Reader::create(nats, &stream(bucket), consumer).await?.pulling(PULL);
        // What is too old is not there any more, and what replaces it has other chunks.
        if reader.pending_at_start != info.chunks {
            return Ok(None);
        }
        Ok(Some(Self { reader, info, chunks: 0, sha256: Sha256::new() }))
    }

    pub const fn size(&self) -> u64 {
        self.info.size
    }

    /// What was stored with it under this name.
    pub fn metadata(&self, name: &str) -> Option<&str> {
        self.info.metadata[name].as_str()
    }

    /// What comes next of it; `None` at its end.
    ///
    /// # Errors
    /// When the store does not answer, or it is not what was stored.
    pub async fn next(&mut self) -> Result<Option<Bytes>> {
        if self.chunks == self.info.chunks {
            return Ok(None);
        }
        let chunk = self.reader.counted(u64::MAX).await?.context("a chunk is missing")?;
        self.chunks += 1;
        self.sha256.update(&chunk.body);
        if self.chunks == self.info.chunks {
            let digest = BASE64_URL_SAFE.encode(self.sha256.finalize_reset());
            ensure!(self.info.digest() == digest, "its digest is another one");
        }
        Ok(Some(chunk.body))
    }
}

/// The stream of a bucket.
fn stream(bucket: &str) -> String {
    format!("OBJ_{bucket}")
}

fn chunks(bucket: &str, nuid: &str) -> String {
    format!("$O.{bucket}.C.{nuid}")
}

/// Where what is stored beside the chunks is.
fn place(bucket: &str, name: &str) -> String {
    format!("$O.{bucket}.M.{}", BASE64_URL_SAFE.encode(name))
}

async fn info(nats: &Nats, bucket: &str, name: &str) -> Result<Option<Info>> {
    let last = json!({ "last_by_subj": place(bucket, name) });
    match nats.api(&format!("STREAM.MSG.GET.{}", stream(bucket)), &last).await {
        Ok(found) => {
            let body = wire::stored_body(&found["message"]).context("what is stored of a file")?;
            Ok(Some(serde_json::from_slice(&body).context("what is stored of a file")?))
        }
        Err(error) if [ApiError::MESSAGE_NOT_FOUND, ApiError::STREAM_NOT_FOUND].contains(&error.code) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("look for a file in {bucket}")),
    }
}

async fn publish(nats: &Nats, subject: String, headers: HeaderMap, body: Bytes) -> Result<()> {
    let ack = nats.publish(subject, headers, body).await.map_err(|error| anyhow!(error))?;
    ack.await.map_err(|error| anyhow!(error)).context("store a part of a file").map(drop)
}

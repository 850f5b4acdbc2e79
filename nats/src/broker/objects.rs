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

use crate::broker::{Nats, connection::ApiError, reader::Reader, streams, wire};

/// Bytes of a chunk, as other clients have it.
const CHUNK: usize = 128 * 1024;
/// Chunks that a reader asks for at a time.
const PULL: u64 = 8;

/// What is stored of a file beside its chunks.
#[derive(Serialize, Deserialize)]
struct Info {
    name: String,
    bucket: String,
    /// Names its chunks.
    nuid: String,
    size: u64,
    mtime: String,
    chunks: u64,
    digest: String,
    options: Value,
    #[serde(default)]
    metadata: Value,
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
            nuid: Uuid::new_v4().simple().to_string(),
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
            purge(&self.nats, self.bucket, &chunks(self.bucket, &before.nuid)).await?;
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

/// Removes a file, if there is one.
///
/// # Errors
/// When the store does not answer.
pub async fn remove(nats: &Nats, bucket: &str, name: &str) -> Result<()> {
    let Some(info) = info(nats, bucket, name).await? else { return Ok(()) };
    for subject in [chunks(bucket, &info.nuid), place(bucket, name)] {
        purge(nats, bucket, &subject).await?;
    }
    Ok(())
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
            ensure!(self.info.digest.strip_prefix("SHA-256=") == Some(digest.as_str()), "its digest is another one");
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

async fn purge(nats: &Nats, bucket: &str, subject: &str) -> Result<()> {
    let purged = nats.api(&format!("STREAM.PURGE.{}", stream(bucket)), &json!({ "filter": subject })).await;
    purged.with_context(|| format!("remove a file of {bucket}")).map(drop)
}

async fn publish(nats: &Nats, subject: String, headers: HeaderMap, body: Bytes) -> Result<()> {
    let ack = nats.publish(subject, headers, body).await.map_err(|error| anyhow!(error))?;
    ack.await.map_err(|error| anyhow!(error)).context("store a part of a file").map(drop)
}

//! The files of a backup: readable by their owner only, with a checksum computed while writing.

use std::{
    fs::{self, File, OpenOptions},
    io::{ErrorKind, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
};

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::Progress;

/// A file of a backup.
#[derive(Clone, Default, Serialize, Deserialize)]
pub(super) struct Kept {
    pub file: String,
    pub bytes: u64,
    /// In hexadecimal digits.
    pub sha256: String,
}

/// Bytes read at a time.
const READING: usize = 512 * 1024;

/// Creates the directory of a backup; an existing one must be empty.
pub(super) fn make_directory(directory: &Path) -> Result<()> {
    let place = directory.display();
    match fs::DirBuilder::new().mode(0o700).create(directory) {
        Ok(()) => return Ok(()),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
        Err(error) => return Err(error).with_context(|| format!("create {place}")),
    }
    let mut there = fs::read_dir(directory).with_context(|| format!("list {place}"))?;
    ensure!(there.next().is_none(), "{place} is not empty: a backup needs a directory of its own");
    fs::set_permissions(directory, fs::Permissions::from_mode(0o700))
        .with_context(|| format!("restrict access to {place}"))
}

/// A file that is being written.
pub(super) struct Writer {
    name: String,
    file: File,
    sha256: Sha256,
    progress: Progress,
}

impl Writer {
    pub(super) fn create(directory: &Path, name: &str) -> Result<Self> {
        let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(directory.join(name));
        Ok(Self {
            name: name.to_owned(),
            file: file.with_context(|| format!("create {name} in {}", directory.display()))?,
            sha256: Sha256::new(),
            progress: Progress::new(name),
        })
    }

    /// Writes to the page cache, which is fast; synced at the end.
    pub(super) fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.file.write_all(bytes).with_context(|| format!("write {}", self.name))?;
        self.sha256.update(bytes);
        self.progress.add(bytes.len());
        Ok(())
    }

    /// Returns when it is on disk.
    pub(super) async fn finish(self) -> Result<Kept> {
        let Self { name, file, sha256, progress } = self;
        tokio::task::spawn_blocking(move || file.sync_all()).await?.with_context(|| format!("sync {name}"))?;
        Ok(Kept { file: name, bytes: progress.bytes, sha256: hexadecimal(sha256) })
    }
}

impl Kept {
    /// Reads all of it; says what is wrong, if anything is.
    pub(super) fn check(&self, directory: &Path) -> Result<Option<String>> {
        let Self { file: name, bytes, sha256 } = self;
        let mut file = match File::open(directory.join(name)) {
            Ok(file) => file,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Some(format!("{name} is missing"))),
            Err(error) => return Err(error).with_context(|| format!("open {name}")),
        };
        let there = file.metadata()?.len();
        if there != *bytes {
            return Ok(Some(format!("{name} has {there} bytes instead of {bytes}")));
        }
        let (mut found, mut progress) = (Sha256::new(), Progress::new(format!("checking {name}")));
        let mut buffer = vec![0; READING];
        loop {
            match file.read(&mut buffer).with_context(|| format!("read {name}"))? {
                0 => break,
                read => {
                    found.update(&buffer[..read]);
                    progress.add(read);
                }
            }
        }
        Ok((hexadecimal(found) != *sha256).then(|| format!("{name} is damaged: its SHA-256 does not match")))
    }
}

/// Brings a file or a directory to disk.
pub(super) fn sync(path: &Path) -> Result<()> {
    File::open(path).and_then(|file| file.sync_all()).with_context(|| format!("sync {}", path.display()))
}

fn hexadecimal(sha256: Sha256) -> String {
    sha256.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_file_is_its_owners_alone_and_any_change_of_it_is_found() {
        let parent = tempfile::tempdir().unwrap();
        let directory = parent.path().join("backup");
        make_directory(&directory).unwrap();
        let mut writer = Writer::create(&directory, "a").unwrap();
        writer.write(b"some").unwrap();
        writer.write(b"thing").unwrap();
        let kept = writer.finish().await.unwrap();
        assert_eq!((kept.bytes, kept.check(&directory).unwrap()), (9, None));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&directory), mode(&directory.join("a"))), (0o700, 0o600));

        fs::write(directory.join("a"), "somethinG").unwrap();
        assert!(kept.check(&directory).unwrap().unwrap().contains("a is damaged"));
        fs::write(directory.join("a"), "some").unwrap();
        assert!(kept.check(&directory).unwrap().unwrap().contains("4 bytes instead of 9"));
        assert!(make_directory(&directory).unwrap_err().to_string().contains("not empty"));
        fs::remove_file(directory.join("a")).unwrap();
        assert!(kept.check(&directory).unwrap().unwrap().contains("a is missing"));
    }
}

//! Passwords of Postgres and Redis beside the nkeys, and atomic writing of secrets.

use std::{
    fs::{self, File},
    io::{ErrorKind, Write},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use anyhow::{Context, Result, ensure};
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;
use uuid::Uuid;

use crate::nkeys;

/// The users of Redis; everybody else may only ping.
pub const REDIS: &str = "redis";
/// The public keys for nats-server's config.
const PUBLIC_KEYS: &str = "public.env";
/// Of the user service alone, in no database and no backup.
pub const KEY_ENCRYPTION_KEYS: &str = "user.kek";
const REDIS_USERS: &str = "redis.acl";
/// For its owner, and for the servers whose group it is.
const SHARED: u32 = 0o640;
const PRIVATE: u32 = 0o600;

/// Creates missing passwords in the directory of the nkeys, and replaces the files for servers.
///
/// # Errors
/// When it cannot be written to.
pub fn make(directory: &Path, services: &[&str]) -> Result<()> {
    // Postgres is told the operator's password by a file.
    for (user, mode) in users(services).into_iter().map(|user| (user, if user == OPERATOR { SHARED } else { PRIVATE }))
    {
        create(&directory.join(format!("{user}.password")), &new_password(), mode)?;
    }
    let keys = nkeys::variables(directory, services)?;
    let lines: String = keys.iter().map(|(name, key)| format!("{name}={key}\n")).collect();
    replace(&directory.join(PUBLIC_KEYS), &lines, SHARED)?;
    let hash = Sha256::digest(password(directory, REDIS)?);
    let hash: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    let users = format!("user default on nopass -@all +ping\nuser plyo on #{hash} ~* &* +@all -@admin -@dangerous\n");
    replace(&directory.join(REDIS_USERS), &users, SHARED)?;
    // Servers of the same group may open their files, but not list the directory.
    fs::set_permissions(directory, fs::Permissions::from_mode(0o710))?;
    Ok(())
}

/// The account of operators, on NATS and in Postgres.
pub const OPERATOR: &str = "operator";

fn users<'a>(services: &[&'a str]) -> Vec<&'a str> {
    [OPERATOR, REDIS].into_iter().chain(services.iter().copied()).collect()
}

/// The password of one user.
///
/// # Errors
/// When there is none; `plyo keys --files` makes it.
pub fn password(directory: &Path, user: &str) -> Result<String> {
    let path = directory.join(format!("{user}.password"));
    let password = fs::read_to_string(&path);
    let password = password.with_context(|| format!("read {}; `plyo keys --files` creates it", path.display()))?;
    let password = password.trim();
    // It is inserted verbatim into URLs and config files.
    let plain = !password.is_empty() && password.bytes().all(|byte| byte.is_ascii_alphanumeric());
    ensure!(plain, "{} must contain only letters and digits", path.display());
    Ok(password.to_owned())
}

/// Creates the key-encryption key if it is missing.
pub(super) fn make_key_encryption_key(directory: &Path) -> Result<()> {
    create(&directory.join(KEY_ENCRYPTION_KEYS), &new_password(), PRIVATE)
}

/// What wraps the keys of personal texts; `None` if there is no such file.
///
/// # Errors
/// When it cannot be read.
pub fn key_encryption_keys(directory: &Path) -> Result<Option<String>> {
    let path = directory.join(KEY_ENCRYPTION_KEYS);
    match fs::read_to_string(&path) {
        Ok(keys) => Ok(Some(keys)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error).with_context(|| format!("read {}", path.display())),
    }
}

/// 244 random bits.
fn new_password() -> String {
    format!("{}{}", Uuid::new_v4().simple(), Uuid::new_v4().simple())
}

/// Writes a file unless it exists.
pub(super) fn create(path: &Path, line: &str, mode: u32) -> Result<()> {
    if path.exists() {
        return Ok(());
    }
    match written(path, &format!("{line}\n"), mode)?.persist_noclobber(path) {
        // Another process was faster.
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Ok(()),
        persisted => kept(path, persisted.map_err(|error| error.error)),
    }
}

/// Replaces a file atomically: readers see all of the old or all of the new one.
pub fn replace(path: &Path, text: &str, mode: u32) -> Result<()> {
    kept(path, written(path, text, mode)?.persist(path).map_err(|error| error.error))
}

/// A file on disk that has no name yet in place of the one asked for.
fn written(path: &Path, text: &str, mode: u32) -> Result<NamedTempFile> {
    let write = || {
        let mut file = NamedTempFile::new_in(path.parent().unwrap_or(Path::new(".")))?;
        file.write_all(text.as_bytes())?;
        file.as_file().set_permissions(fs::Permissions::from_mode(mode))?;
        file.as_file().sync_all()?;
        std::io::Result::Ok(file)
    };
    write().with_context(|| format!("create {}", path.display()))
}

/// A file name is on disk once its directory is synced.
fn kept(path: &Path, named: std::io::Result<File>) -> Result<()> {
    named
        .and_then(|_| File::open(path.parent().unwrap_or(Path::new(".")))?.sync_all())
        .with_context(|| format!("create {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICES: &[&str] = &["user", "workout", "achievement"];

    fn made() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        nkeys::make(directory.path(), SERVICES).unwrap();
        make(directory.path(), SERVICES).unwrap();
        directory
    }

    #[test]
    fn each_user_has_a_password_of_its_own_that_is_made_once_and_read_by_its_owner() {
        let directory = made();
        let read = || -> Vec<String> {
            users(SERVICES).into_iter().map(|user| password(directory.path(), user).unwrap()).collect()
        };
        let first = read();
        let others: std::collections::BTreeSet<&String> = first.iter().collect();
        assert_eq!((others.len(), first[0].len()), (SERVICES.len() + 2, 64));
        make(directory.path(), SERVICES).unwrap();
        assert_eq!(read(), first);
        let mode = |name: &str| fs::metadata(directory.path().join(name)).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode("workout.password"), mode("operator.password"), mode("redis.acl")), (0o600, 0o640, 0o640));
        assert!(password(directory.path(), "nobody").unwrap_err().to_string().contains("plyo keys --files"));
    }

    #[test]
    fn redis_is_told_no_password_but_what_one_is_known_by() {
        let directory = made();
        let users = fs::read_to_string(directory.path().join(REDIS_USERS)).unwrap();
        assert!(!users.contains(&password(directory.path(), REDIS).unwrap()), "{users}");
        assert!(users.starts_with("user default on nopass -@all +ping\nuser plyo on #"), "{users}");
    }

    #[test]
    fn what_is_read_while_it_is_replaced_stays_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join(PUBLIC_KEYS);
        replace(&path, "the former one\n", SHARED).unwrap();
        let reader = File::open(&path).unwrap();
        replace(&path, "another\n", SHARED).unwrap();
        assert_eq!(std::io::read_to_string(reader).unwrap(), "the former one\n");
        create(&path, "a third", PRIVATE).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "another\n");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "nothing is left over");
    }
}

//! The nkeys that Plyo's processes sign in to NATS with: one seed per user, in a directory that only its owner reads.

use std::{
    collections::BTreeMap,
    fs,
    os::unix::fs::{DirBuilderExt, PermissionsExt},
    path::Path,
};

use anyhow::{Context, Result};
use nkeys::KeyPair;

use crate::secrets;

/// The users of `nats/permissions.conf`: operators, these services, and the edge.
pub fn users<'a>(services: &[&'a str]) -> Vec<&'a str> {
    ["operator"].into_iter().chain(services.iter().copied()).chain(["edge"]).collect()
}

/// Makes the seeds that are missing in `directory`, and the key-encryption key.
///
/// # Errors
/// When it cannot be written to.
pub fn make(directory: &Path, services: &[&str]) -> Result<()> {
    let made = fs::DirBuilder::new().recursive(true).mode(0o700).create(directory);
    made.with_context(|| format!("create {}", directory.display()))?;
    for user in users(services) {
        let path = directory.join(format!("{user}.seed"));
        if path.exists() {
            continue;
        }
        let seed = KeyPair::new_user().seed().context("a new key pair has a seed")?;
        secrets::create(&path, &seed, 0o600)?;
    }
    secrets::make_key_encryption_key(directory)
}

/// The seed of one user.
///
/// # Errors
/// When there is none; `plyo keys` makes it.
pub fn seed(directory: &Path, user: &str) -> Result<String> {
    let path = directory.join(format!("{user}.seed"));
    let seed = fs::read_to_string(&path);
    let seed = seed.with_context(|| format!("read {}; `plyo keys` creates it", path.display()))?;
    Ok(seed.trim().to_owned())
}

/// Problems with the seeds in a directory, one sentence each: one is readable by others, or two users have the same.
pub fn faults(directory: &Path, services: &[&str]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut owners: BTreeMap<String, &str> = BTreeMap::new();
    for user in users(services) {
        let path = directory.join(format!("{user}.seed"));
        // A single service has only its own.
        let (Ok(seed), Ok(metadata)) = (seed(directory, user), fs::metadata(&path)) else { continue };
        if metadata.permissions().mode() & 0o007 != 0 {
            faults.push(format!("{} is readable by others, who could sign in as {user}: chmod 600", path.display()));
        }
        if let Some(other) = owners.insert(seed, user) {
            faults.push(format!(
                "{other}.seed and {user}.seed in {} are the same: one of them is misplaced, and nats-server would deny its requests",
                directory.display()
            ));
        }
    }
    faults
}

/// The variables of `nats/permissions.conf`, each with the public key of one user: `PLYO_NKEY_EDGE`, `UA…`.
///
/// # Errors
/// When a seed is missing or invalid.
pub fn variables(directory: &Path, services: &[&str]) -> Result<Vec<(String, String)>> {
    users(services).into_iter().map(|user| Ok((variable(user), public_key(directory, user)?))).collect()
}

/// `PLYO_NKEY_EDGE`
pub fn variable(user: &str) -> String {
    format!("PLYO_NKEY_{}", user.to_uppercase())
}

fn public_key(directory: &Path, user: &str) -> Result<String> {
    // The error of the parser may quote the seed.
    let pair = KeyPair::from_seed(&seed(directory, user)?).ok();
    Ok(pair.with_context(|| format!("{user}.seed in {} is not an nkey seed", directory.display()))?.public_key())
}

#[cfg(test)]
mod tests {
    use super::*;

    const SERVICES: &[&str] = &["user", "workout", "achievement"];

    #[test]
    fn seeds_that_others_read_or_that_stand_in_anothers_place_are_named() {
        let directory = tempfile::tempdir().unwrap();
        make(directory.path(), SERVICES).unwrap();
        assert_eq!(faults(directory.path(), SERVICES), Vec::<String>::new());
        let path = |user: &str| directory.path().join(format!("{user}.seed"));
        fs::set_permissions(path("user"), fs::Permissions::from_mode(0o644)).unwrap();
        fs::copy(path("workout"), path("achievement")).unwrap();
        let faults = faults(directory.path(), SERVICES);
        let seed = seed(directory.path(), "workout").unwrap();
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert!(faults[0].contains("user.seed") && faults[0].contains("chmod 600"), "{faults:?}");
        assert!(faults[1].contains("workout.seed and achievement.seed"), "{faults:?}");
        assert!(faults.iter().all(|fault| !fault.contains(&seed)), "a fault shows no seed");
    }

    #[test]
    fn seeds_are_made_once_and_for_their_owner_alone() {
        let directory = tempfile::tempdir().unwrap();
        let keys = directory.path().join("nkeys");
        make(&keys, SERVICES).unwrap();
        let first = variables(&keys, SERVICES).unwrap();
        make(&keys, SERVICES).unwrap();
        assert_eq!(variables(&keys, SERVICES).unwrap(), first);
        assert!(first.iter().all(|(name, key)| name.starts_with("PLYO_NKEY_") && key.starts_with('U')));
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&keys), 0o700);
        assert_eq!(mode(&keys.join("edge.seed")), 0o600);
        assert!(seed(&keys, "nobody").unwrap_err().to_string().contains("plyo keys"));
    }
}

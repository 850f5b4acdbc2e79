//! A revision of Plyo that is driven: its `plyo`, and the configuration that its nats-server wants.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

#[derive(Clone)]
pub struct Revision {
    plyo: PathBuf,
    /// The folder of `server.conf` and `permissions.conf`, where they are not those that this program has.
    configuration: Option<PathBuf>,
    /// Services of this one that it is to run without.
    without: &'static [&'static str],
}

impl Revision {
    /// The one whose `plyo` lies beside this program.
    pub fn own() -> Result<Self> {
        Ok(Self { plyo: std::env::current_exe()?.with_file_name("plyo"), configuration: None, without: &[] })
    }

    /// The one of this `plyo`. Its servers are configured as the checkout says that it lies in, if it lies in one.
    pub fn of(plyo: &Path) -> Result<Self> {
        let plyo = plyo.canonicalize().with_context(|| format!("there is no {}", plyo.display()))?;
        let mut folders = plyo.ancestors().map(|folder| folder.join("nats"));
        let configuration = folders.find(|folder| folder.join("permissions.conf").exists());
        Ok(Self { plyo, configuration, without: &[] })
    }

    /// The one of this name, built in a worktree and a target folder of its own; one that is there is taken as it is.
    pub fn built(name: &str) -> Result<Self> {
        let tree = Path::new(ROOT).join(".bench").join(name);
        let plyo = tree.join("target/release/plyo");
        if !tree.join("Cargo.toml").exists() {
            let mut add = git();
            // A worktree whose folder was removed by hand is still known.
            add.args(["worktree", "add", "--force", "--detach"]).arg(&tree).arg(name);
            run(&mut add)?;
        }
        if !plyo.exists() {
            let mut build = Command::new("cargo");
            build.current_dir(&tree).args(["build", "--release", "--package", "plyo", "--target-dir", "target"]);
            run(&mut build)?;
        }
        Self::of(&plyo)
    }

    /// The same with the services that another one lacks left out, so that both do the same.
    pub fn without(self, services: &'static [&'static str]) -> Self {
        Self { without: services, ..self }
    }

    /// What of these roles it runs.
    pub fn roles(&self, roles: &str) -> String {
        roles.split(',').filter(|role| !self.without.contains(role)).collect::<Vec<_>>().join(",")
    }

    pub fn plyo(&self) -> Command {
        Command::new(&self.plyo)
    }

    /// Puts its configuration in the place of another; whether it is another.
    pub fn configure(&self, directory: &Path) -> Result<bool> {
        let Some(configuration) = &self.configuration else { return Ok(false) };
        let mut is_changed = false;
        for name in ["server.conf", "permissions.conf"] {
            let wanted = fs::read(configuration.join(name))?;
            is_changed |= fs::read(directory.join(name))? != wanted;
            fs::write(directory.join(name), wanted)?;
        }
        Ok(is_changed)
    }
}

/// The short name of a commit, whatever it was called.
pub fn name_of(rev: &str) -> Result<String> {
    said(git().args(["rev-parse", "--verify", "--short=7"]).arg(format!("{rev}^{{commit}}")))
}

/// The short name of this revision; `+` when something was changed since, but for the figures.
pub fn own_name() -> Result<String> {
    let changed = ["status", "--porcelain", "--untracked-files=no", "--", ".", ":!bench/*.json", ":!README.md"];
    let is_changed = !said(git().args(changed))?.is_empty();
    Ok(name_of("HEAD")? + if is_changed { "+" } else { "" })
}

fn git() -> Command {
    let mut git = Command::new("git");
    git.current_dir(ROOT);
    git
}

fn said(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("run {command:?}"))?;
    ensure!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr).trim());
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("run {command:?}"))?;
    ensure!(status.success(), "{command:?} ended with {status}");
    Ok(())
}

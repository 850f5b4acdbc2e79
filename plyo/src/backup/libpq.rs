//! Postgres' own tools, which sign in through the environment, so that no password is in the process list.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use plyo_servers::postgres_program;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use tokio::process::Command;
use url::{Url, form_urlencoded};

/// Timeout of waiting for another session's lock: a rebuild replaces tables.
const LOCKS: &str = "-c lock_timeout=30s";

/// `pg_dump` or `pg_restore`.
pub(super) struct Tool {
    name: &'static str,
    program: PathBuf,
    /// Its major version.
    pub version: u32,
}

impl Tool {
    /// The one that is installed.
    pub(super) async fn find(name: &'static str) -> Result<Self> {
        let found = postgres_program(name);
        let program =
            found.with_context(|| format!("{name}, one of the Postgres client programs, is not installed"))?;
        let output = Command::new(&program).arg("--version").output().await;
        let output = output.with_context(|| format!("run {}", program.display()))?;
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let version =
            major(&said).with_context(|| format!("cannot tell the version of {}: {said}", program.display()))?;
        Ok(Self { name, program, version })
    }

    /// Rejects one that is older than what it must read.
    pub(super) fn must_read(&self, what: &str, version: u32) -> Result<()> {
        let Self { name, version: own, program } = self;
        ensure!(
            *own >= version,
            "{} is of Postgres {own}, but {what} is of {version}: install {name} {version} or newer",
            program.display()
        );
        Ok(())
    }

    /// One that lists what is in a dump.
    pub(super) fn listing(&self, file: &Path) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--list").arg(file).kill_on_drop(true);
        command
    }

    /// A command on this database; it ends with us.
    pub(super) fn command(&self, dsn: &str) -> Result<Command> {
        let mut command = Command::new(&self.program);
        command.envs(environment(dsn)?).env("PGOPTIONS", LOCKS).arg("--no-password").kill_on_drop(true);
        Ok(command)
    }
}

/// `pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)`
fn major(said: &str) -> Option<u32> {
    said.split(") ").nth(1)?.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// libpq's settings. What the URL omits may come from our own environment: PGPASSWORD, PGPASSFILE.
fn environment(dsn: &str) -> Result<Vec<(&'static str, String)>> {
    // The parse errors may quote the URL, which may hold a password.
    let url = Url::parse(dsn).ok().context("cannot parse the Postgres URL")?;
    let options: PgConnectOptions = dsn.parse().ok().context("cannot parse the Postgres URL")?;
    let host = options.get_socket().map_or_else(|| options.get_host().to_owned(), |path| path.display().to_string());
    let ssl_mode = match options.get_ssl_mode() {
        PgSslMode::Disable => "disable",
        PgSslMode::Allow => "allow",
        PgSslMode::Prefer => "prefer",
        PgSslMode::Require => "require",
        PgSslMode::VerifyCa => "verify-ca",
        PgSslMode::VerifyFull => "verify-full",
    };
    let mut variables = vec![
        ("PGHOST", host),
        ("PGPORT", options.get_port().to_string()),
        ("PGUSER", options.get_username().to_owned()),
        ("PGDATABASE", options.get_database().unwrap_or_else(|| options.get_username()).to_owned()),
        ("PGSSLMODE", ssl_mode.to_owned()),
        ("PGCONNECT_TIMEOUT", "5".to_owned()),
    ];
    variables.extend(url.password().map(|password| ("PGPASSWORD", decoded(password))));
    for (name, value) in url.query_pairs() {
        let variable = match &*name {
            "sslrootcert" | "ssl-root-cert" | "ssl-ca" => "PGSSLROOTCERT",
            "sslcert" | "ssl-cert" => "PGSSLCERT",
            "sslkey" | "ssl-key" => "PGSSLKEY",
            _ => continue,
        };
        variables.push((variable, value.into_owned()));
    }
    Ok(variables)
}

/// Percent-encoded text. In a form, which is decoded here, `+` and `&` would have another meaning.
fn decoded(text: &str) -> String {
    let form = text.replace('+', "%2B").replace('&', "%26").replace('=', "%3D");
    form_urlencoded::parse(form.as_bytes()).next().map_or_else(String::new, |(name, _)| name.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_becomes_what_libpq_reads_with_its_password_in_clear() {
        let url = "postgres://plyo:a%40b+c%3D%26d%25@db.example:6543/fitness?sslmode=verify-full&sslrootcert=/ca.pem";
        let variables = environment(url).unwrap();
        let value = |name| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
        assert_eq!([value("PGHOST"), value("PGPORT")], [Some("db.example"), Some("6543")]);
        assert_eq!([value("PGUSER"), value("PGDATABASE")], [Some("plyo"), Some("fitness")]);
        assert_eq!([value("PGSSLMODE"), value("PGSSLROOTCERT")], [Some("verify-full"), Some("/ca.pem")]);
        assert_eq!(value("PGPASSWORD"), Some("a@b+c=&d%"));
    }

    #[test]
    fn a_url_that_cannot_be_read_is_not_quoted() {
        let error = environment("postgres://plyo:secret@host:port/db").unwrap_err();
        assert!(!format!("{error:#}").contains("secret"));
    }

    #[test]
    fn versions_are_read_as_debian_and_others_write_them() {
        let said = ["pg_dump (PostgreSQL) 15.18 (Debian 15.18-0+deb12u1)", "pg_dump (PostgreSQL) 18beta1", "pg_dump 9"];
        assert_eq!(said.map(major), [Some(15), Some(18), None]);
    }
}

//! Every service there is, a row each. Keys, permissions, health routes, ports, help texts, migrations, documents and
//! tests are made from these rows, and from what each service says of itself: what it reads, schedules and sends.

use std::{future::Future, pin::Pin, time::Duration};

use anyhow::{Context, Result};
use plyo_identity::{Credentials, Erasing};
use plyo_migrations::Schemas;
use plyo_nats::{Service, database, replay};

use crate::platform::Config;

/// In the order in which they react to each other.
pub static SERVICES: &[Entry] = &[
    Entry {
        name: "user",
        port: 3001,
        health: "/api/v1/auth/health",
        schemas: Schemas {
            folded: &plyo_migrations::USER,
            unfolded: &[("user_credentials", &plyo_migrations::USER_CREDENTIALS)],
        },
        service: || user(None),
        open: Some(|config| Box::pin(open_user(config))),
    },
    Entry {
        name: "workout",
        port: 3002,
        health: "/api/v1/workouts/health",
        schemas: Schemas { folded: &plyo_migrations::WORKOUT, unfolded: &[] },
        service: plyo_workout::service,
        open: None,
    },
    Entry {
        name: "achievement",
        port: 3005,
        health: "/api/v1/achievements/health",
        schemas: Schemas { folded: &plyo_migrations::ACHIEVEMENT, unfolded: &[] },
        service: plyo_achievement::service,
        open: None,
    },
    Entry {
        name: "coach",
        port: 3003,
        health: "/api/v1/coach/health",
        schemas: Schemas { folded: &plyo_migrations::COACH, unfolded: &[] },
        service: plyo_coach::service,
        open: None,
    },
    Entry {
        name: "notification",
        port: 3004,
        health: "/api/v1/notifications/health",
        schemas: Schemas { folded: &plyo_migrations::NOTIFICATION, unfolded: &[] },
        service: plyo_notification::service,
        open: None,
    },
];

/// A service of the platform.
#[derive(Clone, Copy, Debug)]
pub struct Entry {
    /// Token of its subjects, its Postgres schema, its user on NATS.
    pub name: &'static str,
    /// Where it shows how it is, when it runs without an edge.
    pub port: u16,
    /// The route of the edge that says whether it is well.
    pub health: &'static str,
    pub schemas: Schemas,
    /// The service, with all that it says of itself.
    pub service: fn() -> Service,
    /// The service as it runs, where it works with more than its tables.
    pub open: Option<Open>,
}

/// Opens what a service works with. It may wait for it.
pub type Open = fn(Config) -> Pin<Box<dyn Future<Output = Result<Service>> + Send>>;

impl Entry {
    /// The service, ready to run.
    ///
    /// # Errors
    /// When what it needs cannot be had; it waits for what may still come.
    pub async fn open(&self, config: &Config) -> Result<Service> {
        match self.open {
            Some(open) => open(config.clone()).await,
            None => Ok((self.service)()),
        }
    }

    /// Creates what is missing of its role and its schemas; says what it did, a line each.
    ///
    /// # Errors
    /// When Postgres refuses.
    pub async fn migrate(&self, dsn: &str) -> Result<Vec<String>> {
        plyo_migrations::apply(dsn, self.name, &self.schemas).await
    }

    /// Makes the empty schema that a replay folds into.
    ///
    /// # Errors
    /// When Postgres refuses.
    pub async fn create_shadow(&self, dsn: &str) -> Result<()> {
        plyo_migrations::create_shadow(dsn, self.name, &self.schemas, &replay::shadow_schema(self.name)).await
    }
}

/// The service of that name.
///
/// # Errors
/// When there is none; names those there are.
pub fn find<'a>(services: &'a [Entry], name: &str) -> Result<&'a Entry> {
    let found = services.iter().find(|service| service.name == name);
    found.with_context(|| format!("unknown service `{name}`; the services are {}", names(services).join(", ")))
}

pub fn names(services: &[Entry]) -> Vec<&'static str> {
    services.iter().map(|service| service.name).collect()
}

/// The services themselves, which say what they read, schedule and send.
pub fn made(services: &[Entry]) -> Vec<Service> {
    services.iter().map(|entry| (entry.service)()).collect()
}

/// Everything that can run: the services, and the edge.
pub fn roles(services: &[Entry]) -> Vec<&'static str> {
    names(services).into_iter().chain(["edge"]).collect()
}

/// Where the edge says whether a service is well: the route, and the service.
pub fn health_routes(services: &[Entry]) -> Vec<(&'static str, &'static str)> {
    services.iter().map(|service| (service.health, service.name)).collect()
}

/// The port of the edge.
pub const EDGE_PORT: u16 = 3000;

/// Where these roles listen when nobody says otherwise: the edge, or the first service without one.
pub fn port(services: &[Entry], roles: &[String]) -> u16 {
    let of_service = |role: &String| services.iter().find(|service| service.name == *role).map(|service| service.port);
    if roles.iter().any(|role| role == "edge") {
        EDGE_PORT
    } else {
        roles.iter().find_map(of_service).unwrap_or(EDGE_PORT)
    }
}

/// What `plyo serve --help` says of `--only`.
pub fn help_of_only(services: &[Entry]) -> String {
    format!("Roles to run: {} [default: all]", roles(services).join(", "))
}

/// What `plyo serve --help` says of `--listen`.
pub fn help_of_listen(services: &[Entry]) -> String {
    let ports: Vec<String> = services.iter().map(|service| format!("{} {}", service.port, service.name)).collect();
    let listeners = "Address of the edge, or, without it, of /health, /ready and /metrics";
    format!("{listeners} [default: 127.0.0.1 and port {EDGE_PORT} for the edge, {}]", ports.join(", "))
}

/// The user service: what is folded of accounts, and the answers of what is not.
pub fn user(erasing: Option<Erasing>) -> Service {
    plyo_identity::answer(
        plyo_user::service(),
        erasing,
        |pool, user| Box::pin(plyo_user::profile(pool, user)),
        |pool, find| Box::pin(plyo_user::accounts(pool, find)),
    )
}

/// Waits for the credential store: nobody can log in without it.
async fn open_user(config: Config) -> Result<Service> {
    let pool = database::pool(&config.dsn("user"), &["user_credentials"], 8)?;
    let wrapping = config.key_encryption_keys()?;
    if wrapping.is_none() {
        tracing::warn!(
            "the keys of personal texts are stored as they are: `plyo keys` makes a key that they are wrapped by"
        );
    }
    loop {
        let opened = async { anyhow::Ok((Credentials::open(pool.clone()).await?, config.nats("user").await?)) };
        match opened.await {
            Ok((credentials, nats)) => {
                let credentials =
                    credentials.with_mail(config.mail).with_passkeys_of(&config.public_url).with_wrapping(wrapping);
                let credentials = credentials.with_providers(config.providers, &config.public_url)?;
                return Ok(user(Some(Erasing { credentials, nats, services: names(SERVICES) })));
            }
            Err(error) => {
                tracing::warn!(error = format!("{error:#}"), "cannot open the credential store; retrying")
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_row_is_about_one_service_and_shares_neither_port_nor_route() {
        for entry in SERVICES {
            assert_eq!((entry.service)().name(), entry.name);
            assert_ne!(entry.port, EDGE_PORT);
        }
        let ports: BTreeSet<u16> = SERVICES.iter().map(|entry| entry.port).collect();
        let routes: BTreeSet<&str> = SERVICES.iter().map(|entry| entry.health).collect();
        assert_eq!((ports.len(), routes.len()), (SERVICES.len(), SERVICES.len()));
    }

    #[test]
    fn a_service_runs_alone_on_its_port_and_beside_the_edge_on_the_port_of_the_edge() {
        let port = |roles: &[&str]| port(SERVICES, &roles.iter().map(|role| (*role).to_owned()).collect::<Vec<_>>());
        assert_eq!(
            (port(&["workout"]), port(&["achievement", "user"]), port(&["workout", "edge"])),
            (3002, 3005, 3000)
        );
    }

    #[test]
    fn a_service_that_is_not_there_is_answered_with_those_that_are() {
        let error = find(SERVICES, "wrokout").unwrap_err().to_string();
        assert!(
            error.contains("wrokout") && error.contains("user, workout, achievement, coach, notification"),
            "{error}"
        );
    }
}

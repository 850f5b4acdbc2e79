//! `plyo admin`: makes the first admin, whom nobody else can make. There is no default account.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::Subcommand;
use jiff::Timestamp;
use plyo_events::{
    CommandId, Message, Outcome, UserId,
    administration::{ChangeRole, Role, RoleChange, STAFF},
    query::OutcomeQuery,
};
use plyo_nats::{AskError, CommandPublisher, Nats, database};
use tokio::time::{Instant, sleep};

use crate::platform::Config;

/// How long the user service has to make somebody an admin.
const DECISION_TIMEOUT: Duration = Duration::from_secs(10);

#[derive(Subcommand)]
pub(super) enum Admin {
    /// Make an account an admin; somebody who is one already stays one
    Create {
        /// The address that they signed up with
        email: String,
    },
}

impl Admin {
    pub(super) async fn run(self, config: &Config) -> Result<()> {
        let Self::Create { email } = self;
        let user_id = registered(config, &email).await?;
        let nats = config.nats("operator").await?;
        let make = ChangeRole { user_id, role: Role::Admin, change: RoleChange::Granted, by: None };
        let message = Message::first(CommandId::mint().uuid(), STAFF, Timestamp::now(), make.into());
        CommandPublisher::unanswered(&nats).send(&message, "").await?;
        match outcome(&nats, CommandId::new(message.id)).await? {
            Outcome::Done { .. } => {
                println!(
                    "{email} is an admin ({user_id}). What admins do takes a second factor: add an authenticator app \
                     with POST /api/v1/auth/totp."
                );
                Ok(())
            }
            Outcome::Rejected { rejection } => bail!("{}", rejection.detail),
            Outcome::Dead { reason } => bail!("the command could not be processed (see `plyo dead list`): {reason}"),
        }
    }
}

/// The account of an address whose sign-up is finished.
async fn registered(config: &Config, email: &str) -> Result<UserId> {
    let pool = database::pool(&config.dsn("user"), &["user", "user_credentials"], 1)?;
    let user = plyo_identity::account_of(&pool, email).await.context("look up the account")?;
    let is_registered = match user {
        Some(user) => plyo_user::profile(pool, user).await.context("look up the account")?.is_some(),
        None => false,
    };
    user.filter(|_| is_registered)
        .with_context(|| format!("nobody has signed up as {email}: sign up first, with POST /api/v1/auth/register"))
}

async fn outcome(nats: &Nats, command: CommandId) -> Result<Outcome> {
    let query = OutcomeQuery { user: UserId::new(STAFF.uuid()), command };
    let deadline = Instant::now() + DECISION_TIMEOUT;
    while Instant::now() < deadline {
        match plyo_nats::outcome(nats, "user", &query).await {
            Ok(Some(stored)) => return Ok(stored.outcome),
            Ok(None) => sleep(Duration::from_millis(50)).await,
            Err(AskError::Unavailable) => break,
            Err(error) => return Err(error).context("ask for the outcome"),
        }
    }
    bail!("the user service does not answer; what was asked for is stored, and done when it runs")
}

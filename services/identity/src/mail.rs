//! Mails: who gets one, and what its code proves.
//!
//! Whoever asks is answered before anybody looks whose the address is, so that neither the answer nor its time tells. Then the account
//! is looked up, the user service is told that a mail is to be sent, and the effect writes it. Only there is the code made: it is in the
//! mail, and its hash in the table; no message has it.

mod effect;
mod letter;
mod store;

use std::path::PathBuf;

use anyhow::Result;
use plyo_events::{EmailAddress, MailId, UserId, user::MailKind};
use plyo_nats::{QueryError, RequestContext};
use sha2::{Digest, Sha256};

use crate::{Desk, outbox};

pub(crate) use self::{effect::SendMail, store::notice};

/// Where mails go in a development run: a folder, since there is no way to send them yet.
#[derive(Clone, Debug)]
pub struct MailFolder {
    pub directory: PathBuf,
    /// What links in mails begin with: `https://plyo.example`. Never what a request says.
    pub base_url: String,
}

/// 256 random bits, as somebody types or follows them. No `Debug`: it is a secret.
pub(crate) struct MailCode(String);

impl MailCode {
    fn mint() -> Self {
        use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
        Self(BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>()))
    }

    pub(crate) fn read(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    pub(crate) fn sha256(&self) -> [u8; 32] {
        Sha256::digest(&self.0).into()
    }
}

/// Asks for a mail to this address, of a user where that is known already. Not more than three in an hour are sent to a mailbox; who
/// asks for another is answered the same.
pub(crate) async fn ask(
    desk: &Desk,
    context: &RequestContext,
    kind: MailKind,
    address: &EmailAddress,
    user: Option<UserId>,
) -> Result<(), QueryError> {
    let mail = MailId::mint();
    if store::ask(&desk.credentials.pool, mail, kind, address, user).await? {
        look_up_beside(desk, context, mail);
    }
    Ok(())
}

/// Finds out whose a mail is, beside the request that asked for it.
pub(crate) fn look_up_beside(desk: &Desk, context: &RequestContext, mail: MailId) {
    let (desk, context) = (desk.clone(), context.clone());
    tokio::spawn(async move {
        if let Err(error) = look_up(&desk, &context, mail).await {
            tracing::warn!(%error, "it is looked up later whose a mail is");
        }
    });
}

/// What was not looked up in time, since a process ended meanwhile; and forgets what is over.
pub(crate) async fn tend(desk: &Desk, context: &RequestContext) -> Result<(), QueryError> {
    for mail in store::late(&desk.credentials.pool).await? {
        look_up(desk, context, mail).await?;
    }
    Ok(store::forget_old(&desk.credentials.pool).await?)
}

async fn look_up(desk: &Desk, context: &RequestContext, mail: MailId) -> Result<(), QueryError> {
    let pool = &desk.credentials.pool;
    let Some(asked) = store::asked(pool, mail).await? else { return Ok(()) };
    let found = crate::store::credential(pool, &EmailAddress::read(&asked.address)).await?;
    let user = match (asked.kind.as_str(), asked.user, found) {
        // An address that has an account is nobody's new one.
        ("change_email", Some(user), None) => Some(user),
        ("change_email", ..) => None,
        (_, Some(user), _) => Some(user),
        (_, None, found) => found.map(|found| found.user),
    };
    let user = match user {
        Some(user) => (desk.find_profile)(context.pool.clone(), user).await?.map(|_| user),
        None => None,
    };
    match user {
        Some(user) => {
            store::grant(pool, mail, user).await?;
            outbox::send(pool, &context.commands, user).await
        }
        None => Ok(store::deny(pool, mail).await?),
    }
}

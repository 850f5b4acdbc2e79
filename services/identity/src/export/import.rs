//! What the account of a file needs here that is not in its history: an address, a password, and the texts that name the person.

use plyo_events::{
    EmailAddress,
    export::{ImportAccount, ImportedAccount},
    user::EMAIL_TAKEN,
};
use plyo_nats::{QueryError, RequestContext};

use super::store;
use crate::{
    Desk,
    domain::{self, Password},
};

/// Asked again, it does what is missing. Without a password nobody can log in until one is set by a mail.
pub(crate) async fn import(desk: Desk, _: RequestContext, query: ImportAccount) -> Result<ImportedAccount, QueryError> {
    let (pool, email) = (&desk.credentials.pool, EmailAddress::read(&query.email));
    let password = query.password.clone().unwrap_or_else(nobodys);
    let password = Password::read(password);
    let mailbox = domain::sign_up(&email, &password)?;
    let hash = desk.credentials.passwords.hash(password).await?;
    let added = crate::store::add_credential(pool, query.user, mailbox, &hash).await?;
    if !added && !store::is_of(pool, query.user, mailbox).await? {
        return Err(EMAIL_TAKEN.into());
    }
    store::add_texts(pool, query.user, &query.texts).await?;
    let has_handle = match &query.handle {
        Some(handle) => store::claim(pool, query.user, handle).await?,
        None => true,
    };
    Ok(ImportedAccount { has_handle })
}

/// A password that nobody knows.
fn nobodys() -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

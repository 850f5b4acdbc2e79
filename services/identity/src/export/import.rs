//! What the account of a file needs here that is not in its history: an address, a password, and the texts that name the person.

use plyo_events::{
    EmailAddress, Rejection, Violation,
    export::{ImportAccount, ImportedAccount, PersonalText, TextField},
    user::EMAIL_TAKEN,
};
use plyo_nats::{QueryError, RequestContext};
use plyo_sealing::DataKey;

use super::store;
use crate::{
    Desk,
    domain::{self, Password},
    texts,
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
    if let Some(key) = &query.data_key {
        let key = DataKey::parse(key).map_err(|_| Rejection::violations(vec![no_key()]))?;
        desk.credentials.wrapping.add(pool, query.user, &key).await?;
    }
    let claimed = match &query.handle {
        Some(handle) if !texts::is_reserved(handle) && store::claim(pool, query.user, handle).await? => {
            Some(handle.key())
        }
        _ => None,
    };
    let has_handle = claimed.is_some() || query.handle.is_none();
    // What is not claimed must not be shown as a handle.
    let is_own =
        |text: &PersonalText| text.field != TextField::Handle || Some(text.content.to_ascii_lowercase()) == claimed;
    let kept: Vec<PersonalText> = query.texts.into_iter().filter(is_own).collect();
    store::add_texts(pool, query.user, &kept).await?;
    Ok(ImportedAccount { has_handle })
}

fn no_key() -> Violation {
    Violation { pointer: "/data_key".to_owned(), detail: "a key is 32 bytes in base64url".to_owned() }
}

/// A password that nobody knows.
fn nobodys() -> String {
    use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
    BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>())
}

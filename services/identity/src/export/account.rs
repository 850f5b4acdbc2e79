//! What an account has that is not in its history. No secret is in it.

use anyhow::Result;
use plyo_events::{
    SessionId, UserId,
    export::PersonalText,
    profile::Handle,
    user::{AccessTokenView, SessionView},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::store;
use crate::{Credentials, access_tokens, oidc, passkeys, sessions};

/// `account.json`. No `Debug`: it is personal.
#[derive(Serialize, Deserialize)]
pub struct Account {
    pub user_id: UserId,
    pub email: String,
    pub email_verified: bool,
    /// Whether an authenticator app was used.
    pub second_factor: bool,
    /// The handle, as handles are compared.
    pub handle: Option<Handle>,
    /// What the history refers to by id: display names and handles.
    pub texts: Vec<PersonalText>,
    /// What the texts in the history are sealed under, if there are any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_key: Option<String>,
    /// For people: a file is read without them.
    #[serde(default)]
    sessions: Value,
    #[serde(default)]
    access_tokens: Value,
    /// What they are called, and not their keys.
    #[serde(default)]
    passkeys: Value,
    #[serde(default)]
    links: Value,
}

impl Account {
    /// `None` if there is no such account.
    pub(super) async fn read(
        Credentials { pool, wrapping, .. }: &Credentials,
        user_id: UserId,
    ) -> Result<Option<Self>> {
        let Some((email, email_verified, second_factor)) = crate::store::email(pool, user_id).await? else {
            return Ok(None);
        };
        // None of them is the current one here.
        let nobody = SessionId::new(Uuid::nil());
        let sessions: Vec<SessionView> = sessions::of(pool, user_id, nobody).await?;
        let access_tokens: Vec<AccessTokenView> = access_tokens::of(pool, user_id).await?;
        Ok(Some(Self {
            user_id,
            email,
            email_verified,
            second_factor,
            handle: store::handle(pool, user_id).await?,
            texts: store::texts(pool, user_id).await?,
            data_key: wrapping.key(pool, user_id, false).await?.map(|key| key.to_text()),
            sessions: serde_json::to_value(sessions)?,
            access_tokens: serde_json::to_value(access_tokens)?,
            passkeys: serde_json::to_value(passkeys::of(pool, user_id).await?)?,
            links: serde_json::to_value(oidc::of(pool, user_id).await?)?,
        }))
    }
}

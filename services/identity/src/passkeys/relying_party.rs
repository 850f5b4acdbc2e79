//! The relying party, as WebAuthn calls whoever is logged in to: the domain that passkeys are of, what is asked of them, and whether
//! an answer is right. User verification is always required, so one that is right stands for two factors.

use std::net::IpAddr;

use anyhow::{Result, anyhow};
use plyo_events::{
    UserId,
    user::{INVALID_PASSKEY, PasskeyOptions, WRONG_PASSKEY},
};
use plyo_nats::QueryError;
use serde::Serialize;
use url::{Host, Url};
use uuid::Uuid;
use webauthn_rp::{
    AuthenticatedCredential, DiscoverableAuthentication16, DiscoverableAuthenticationServerState,
    DiscoverableCredentialRequestOptions, PublicKeyCredentialCreationOptions, Registration, RegistrationServerState,
    bin::{Decode, Encode},
    request::{
        AsciiDomain, ExtensionInfo, PublicKeyCredentialDescriptor, RpId, TimedCeremony,
        auth::AuthenticationVerificationOptions,
        register::{
            CredProtect, PublicKeyCredentialUserEntity, RegistrationVerificationOptions, UserHandle16, Username,
        },
    },
    response::{
        AuthTransports, CredentialId,
        register::{DynamicState, StaticState},
    },
};

/// Whose passkeys are asked for.
pub(crate) struct RelyingParty {
    id: RpId,
    /// Where the page must be that asks a device.
    origins: [String; 1],
}

/// Options that are given.
pub(super) struct Prepared {
    pub challenge: [u8; 16],
    /// What the answer is checked against.
    pub kept: Vec<u8>,
    pub options: PasskeyOptions,
}

/// A passkey, without whose it is.
pub(super) struct Key {
    pub credential_id: Vec<u8>,
    pub transports: u8,
    pub public_key: Vec<u8>,
    pub state: [u8; 7],
}

impl RelyingParty {
    /// `None` where the URL names an address: a passkey is of a domain. This machine has one, `localhost`.
    pub(crate) fn of(public_url: &str) -> Option<Self> {
        let mut url = Url::parse(public_url).ok()?;
        let is_here = match url.host()? {
            Host::Ipv4(address) => IpAddr::from(address).is_loopback(),
            Host::Ipv6(address) => IpAddr::from(address).is_loopback(),
            Host::Domain(_) => false,
        };
        if is_here {
            url.set_host(Some("localhost")).ok()?;
        }
        let Host::Domain(domain) = url.host()? else { return None };
        let id = RpId::Domain(AsciiDomain::try_from(domain.to_owned()).ok()?);
        Some(Self { id, origins: [url.origin().ascii_serialization()] })
    }

    /// The options of a passkey that is to be made on another device than those that are known.
    pub(super) fn registration(&self, user: UserId, email: &str, known: &[Key]) -> Result<Prepared> {
        let id = handle(user);
        // Not every address is a name by the rules of WebAuthn (PRECIS); it is only what people are shown.
        let name = Username::try_from(email).or_else(|_| Username::try_from("plyo"));
        let name = name.map_err(|error| anyhow!("a name for a passkey: {error}"))?;
        let known = known.iter().map(Key::descriptor).collect::<Result<_>>()?;
        let user = PublicKeyCredentialUserEntity { name, id: &id, display_name: None };
        let mut asked = PublicKeyCredentialCreationOptions::passkey(&self.id, user, known);
        // Asked for, and not insisted on: many devices do not know it, and owners are recognised at every log-in anyway.
        asked.extensions.cred_protect = CredProtect::UserVerificationRequired(ExtensionInfo::AllowDontEnforceValue);
        let (server, client) = asked.start_ceremony().map_err(|error| anyhow!("the options of a passkey: {error}"))?;
        prepared(&server, server.encode()?, &client)
    }

    /// The passkey that was made by such options.
    ///
    /// # Errors
    /// `invalid_passkey`.
    pub(super) fn registered(&self, kept: &[u8], answer: &Registration) -> Result<Key, QueryError> {
        let server = RegistrationServerState::<16>::decode(kept).map_err(|error| anyhow!("kept options: {error}"))?;
        let options = RegistrationVerificationOptions::<'_, '_, _, &str> {
            allowed_origins: &self.origins,
            error_on_unsolicited_extensions: false,
            ..RegistrationVerificationOptions::default()
        };
        let made = server.verify(&self.id, answer, &options).map_err(|error| {
            tracing::debug!(%error, "a new passkey is refused");
            INVALID_PASSKEY
        })?;
        let (Ok(transports), Ok(public_key), Ok(state)) =
            (made.transports().encode(), made.static_state().encode(), made.dynamic_state().encode());
        Ok(Key { credential_id: made.id().as_ref().to_vec(), transports, public_key, state })
    }

    /// The options of a log-in with whichever passkey somebody has here.
    pub(super) fn log_in(&self) -> Result<Prepared> {
        let (server, client) = DiscoverableCredentialRequestOptions::passkey(&self.id)
            .start_ceremony()
            .map_err(|error| anyhow!("the options of a log-in: {error}"))?;
        prepared(&server, server.encode()?, &client)
    }

    /// The state of a passkey after it was used.
    ///
    /// # Errors
    /// `wrong_passkey`, also if its signature counter did not grow: there are two of it.
    pub(super) fn logged_in(
        &self,
        kept: &[u8],
        answer: &DiscoverableAuthentication16,
        user: UserId,
        key: &Key,
    ) -> Result<[u8; 7], QueryError> {
        let server = DiscoverableAuthenticationServerState::decode(kept);
        let server = server.map_err(|error| anyhow!("kept options: {error}"))?;
        let id = CredentialId::<&[u8]>::decode(&key.credential_id).map_err(|error| anyhow!("a passkey: {error}"))?;
        let public_key = StaticState::decode(&key.public_key).map_err(|error| anyhow!("a public key: {error}"))?;
        let state = DynamicState::decode(key.state).map_err(|error| anyhow!("the state of a passkey: {error}"))?;
        let user = handle(user);
        let mut known = AuthenticatedCredential::new(id, &user, public_key, state)
            .map_err(|error| anyhow!("a passkey: {error}"))?;
        let options = AuthenticationVerificationOptions::<'_, '_, _, &str> {
            allowed_origins: &self.origins,
            error_on_unsolicited_extensions: false,
            ..AuthenticationVerificationOptions::default()
        };
        server.verify(&self.id, answer, &mut known, &options).map_err(|error| {
            tracing::debug!(%error, "a passkey is refused");
            WRONG_PASSKEY
        })?;
        let Ok(state) = known.dynamic_state().encode();
        Ok(state)
    }
}

impl Key {
    fn descriptor(&self) -> Result<PublicKeyCredentialDescriptor<Vec<u8>>> {
        Ok(PublicKeyCredentialDescriptor {
            id: CredentialId::<Vec<u8>>::decode(self.credential_id.clone())
                .map_err(|error| anyhow!("a passkey: {error}"))?,
            transports: AuthTransports::decode(self.transports).map_err(|error| anyhow!("a passkey: {error}"))?,
        })
    }
}

/// Whose passkey answers. `None` if it was made elsewhere.
pub(super) fn user_of(answer: &DiscoverableAuthentication16) -> Option<UserId> {
    Uuid::from_slice(answer.response().user_handle().as_ref()).ok().map(UserId::new)
}

fn handle(user: UserId) -> UserHandle16 {
    let Ok(handle) = UserHandle16::decode(user.uuid().into_bytes());
    handle
}

fn prepared(server: &impl TimedCeremony, kept: Vec<u8>, client: &impl Serialize) -> Result<Prepared> {
    let options = serde_json::from_value(serde_json::to_value(client)?)?;
    Ok(Prepared { challenge: server.sent_challenge().0.to_le_bytes(), kept, options })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passkeys_are_of_the_domain_of_the_public_url() {
        let of =
            |url: &str| RelyingParty::of(url).map(|party| (party.id.as_ref().to_owned(), party.origins[0].clone()));
        let party = |id: &str, origin: &str| Some((id.to_owned(), origin.to_owned()));
        assert_eq!(of("https://plyo.example"), party("plyo.example", "https://plyo.example"));
        assert_eq!(of("https://Plyo.Example:8443/app"), party("plyo.example", "https://plyo.example:8443"));
        assert_eq!(of("https://b\u{fc}ro.example"), party("xn--bro-hoa.example", "https://xn--bro-hoa.example"));
        for here in ["http://127.0.0.1:3000", "http://[::1]:3000", "http://localhost:3000"] {
            assert_eq!(of(here), party("localhost", "http://localhost:3000"), "{here}");
        }
        for nowhere in ["http://10.0.0.7:3000", "http://[2001:db8::1]", "plyo.example", ""] {
            assert_eq!(of(nowhere), None, "{nowhere}");
        }
    }

    #[test]
    fn a_name_that_is_none_by_the_rules_of_webauthn_keeps_nobody_from_having_a_passkey() {
        let party = RelyingParty::of("https://plyo.example").unwrap();
        let name = |email: &str| {
            let prepared = party.registration(UserId::mint(), email, &[]).unwrap();
            prepared.options["user"]["name"].as_str().unwrap().to_owned()
        };
        assert_eq!(name("ada@example.org"), "ada@example.org");
        assert_eq!(name("\u{2603}@example.org"), "plyo");
    }
}

//! The relying party of OpenID Connect: the authorization code flow, with PKCE and a nonce.

use std::{
    collections::HashMap,
    error::Error,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use anyhow::{Result, anyhow};
use openidconnect::{
    AuthorizationCode, ClaimsVerificationError, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, Nonce,
    OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RequestTokenError, Scope, TokenResponse,
    core::{
        CoreAuthenticationFlow, CoreClient, CoreErrorResponseType, CoreIdTokenClaims, CoreProviderMetadata,
        CoreTokenResponse, CoreUserInfoClaims,
    },
};
use plyo_events::{
    RejectionCode,
    user::{INVALID_PROVIDER_ANSWER, PROVIDER_UNAVAILABLE, ProviderView, UNKNOWN_PROVIDER},
};
use plyo_nats::QueryError;

use super::{
    config::{Provider, Providers},
    http::Http,
};

/// How long what a provider says of itself is believed. It publishes new keys before it signs with them.
const METADATA_LIFETIME: Duration = Duration::from_secs(300);

type Client =
    CoreClient<EndpointSet, EndpointNotSet, EndpointNotSet, EndpointNotSet, EndpointMaybeSet, EndpointMaybeSet>;

/// The providers, as they are talked to. No `Debug`: it has secrets.
pub(crate) struct Clients {
    providers: Providers,
    http: Http,
    public_url: String,
    metadata: Mutex<HashMap<String, (Instant, CoreProviderMetadata)>>,
}

/// A flow that begins.
pub(super) struct Begun {
    pub url: String,
    pub state: String,
    pub nonce: String,
    pub verifier: String,
}

/// Who somebody is to a provider.
pub(super) struct Identity {
    pub issuer: String,
    pub subject: String,
    /// Only if the provider says that it is theirs.
    pub email: Option<String>,
}

impl Clients {
    pub(crate) fn new(providers: Providers, public_url: &str) -> Result<Self> {
        let public_url = public_url.trim_end_matches('/').to_owned();
        Ok(Self { providers, http: Http::new()?, public_url, metadata: Mutex::default() })
    }

    pub(super) fn list(&self) -> Vec<ProviderView> {
        let view = |(provider, known): (&String, &Provider)| ProviderView {
            provider: provider.clone(),
            name: known.name.clone(),
        };
        self.providers.0.iter().map(view).collect()
    }

    /// # Errors
    /// `unknown_provider`.
    pub(super) fn check(&self, provider: &str) -> Result<(), RejectionCode> {
        self.find(provider).map(|_| ())
    }

    pub(super) async fn begin(&self, provider: &str) -> Result<Begun, QueryError> {
        let client = self.client(provider, METADATA_LIFETIME).await?;
        let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
        let flow = CoreAuthenticationFlow::AuthorizationCode;
        let (url, state, nonce) = client
            .authorize_url(flow, CsrfToken::new_random, Nonce::new_random)
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        Ok(Begun {
            url: url.into(),
            state: state.into_secret(),
            nonce: nonce.secret().clone(),
            verifier: verifier.into_secret(),
        })
    }

    /// Exchanges a code for who somebody is.
    ///
    /// # Errors
    /// `invalid_provider_answer`, `provider_unavailable`, `unknown_provider`.
    pub(super) async fn finish(
        &self,
        provider: &str,
        code: String,
        nonce: String,
        verifier: String,
    ) -> Result<Identity, QueryError> {
        let client = self.client(provider, METADATA_LIFETIME).await?;
        let http = self.http.sender();
        let exchange = client.exchange_code(AuthorizationCode::new(code)).map_err(unavailable)?;
        let tokens = exchange.set_pkce_verifier(PkceCodeVerifier::new(verifier)).request_async(&http).await;
        let tokens = tokens.map_err(|error| match &error {
            RequestTokenError::ServerResponse(said) if *said.error() == CoreErrorResponseType::InvalidGrant => {
                INVALID_PROVIDER_ANSWER
            }
            _ => unavailable(error),
        })?;
        let id_token = tokens.id_token().ok_or(INVALID_PROVIDER_ANSWER)?;
        let nonce = Nonce::new(nonce);
        let claims = match id_token.claims(&client.id_token_verifier(), &nonce) {
            // It may sign with another key by now.
            Err(ClaimsVerificationError::SignatureVerification(_)) => {
                let client = self.client(provider, Duration::ZERO).await?;
                id_token.claims(&client.id_token_verifier(), &nonce)
            }
            claims => claims,
        };
        let claims = claims.map_err(|error| {
            tracing::warn!(%error, provider, "what a provider says of somebody is refused");
            INVALID_PROVIDER_ANSWER
        })?;
        Ok(Identity {
            issuer: claims.issuer().to_string(),
            subject: claims.subject().to_string(),
            email: self.email(&client, &tokens, claims).await?,
        })
    }

    /// Some say it in the token, and some only where they are asked.
    async fn email(
        &self,
        client: &Client,
        tokens: &CoreTokenResponse,
        claims: &CoreIdTokenClaims,
    ) -> Result<Option<String>, QueryError> {
        if let Some(email) = claims.email() {
            return Ok(Some(email.as_str().to_owned()).filter(|_| claims.email_verified() == Some(true)));
        }
        let subject = Some(claims.subject().clone());
        let Ok(asked) = client.user_info(tokens.access_token().clone(), subject) else { return Ok(None) };
        let http = self.http.sender();
        let told: CoreUserInfoClaims = asked.request_async(&http).await.map_err(unavailable)?;
        Ok(told.email().map(|email| email.as_str().to_owned()).filter(|_| told.email_verified() == Some(true)))
    }

    async fn client(&self, provider: &str, lifetime: Duration) -> Result<Client, QueryError> {
        let known = self.find(provider)?;
        let metadata = match self.remembered(provider, lifetime) {
            Some(metadata) => metadata,
            None => self.discover(provider, known).await?,
        };
        let redirect = RedirectUrl::new(format!("{}/oidc/{provider}", self.public_url));
        let redirect = redirect.map_err(|error| anyhow!("the redirect URI: {error}"))?;
        let (id, secret) = (known.client_id.clone(), known.client_secret.clone());
        Ok(CoreClient::from_provider_metadata(metadata, id, secret).set_redirect_uri(redirect))
    }

    fn find(&self, provider: &str) -> Result<&Provider, RejectionCode> {
        self.providers.0.get(provider).ok_or(UNKNOWN_PROVIDER)
    }

    fn remembered(&self, provider: &str, lifetime: Duration) -> Option<CoreProviderMetadata> {
        let known = self.metadata.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(provider).filter(|(since, _)| since.elapsed() < lifetime).map(|(_, metadata)| metadata.clone())
    }

    async fn discover(&self, provider: &str, known: &Provider) -> Result<CoreProviderMetadata, QueryError> {
        let http = self.http.sender();
        let metadata = CoreProviderMetadata::discover_async(known.issuer.clone(), &http).await.map_err(unavailable)?;
        let mut all = self.metadata.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(provider.to_owned(), (Instant::now(), metadata.clone()));
        Ok(metadata)
    }
}

fn unavailable(error: impl Error + Send + Sync + 'static) -> RejectionCode {
    tracing::warn!(error = format!("{:#}", anyhow::Error::new(error)), "a provider does not answer as it should");
    PROVIDER_UNAVAILABLE
}

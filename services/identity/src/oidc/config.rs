//! Which providers there are: a JSON file of the operator's, since it has secrets in it.

use std::{collections::BTreeMap, fs, path::Path};

use anyhow::{Context, Result, ensure};
use openidconnect::{ClientId, ClientSecret, IssuerUrl};
use serde::Deserialize;
use url::Host;

/// The providers that people can log in with, by what paths call them.
#[derive(Clone, Debug, Default)]
pub struct Providers(pub(super) BTreeMap<String, Provider>);

/// Its secret is not shown by `Debug`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Provider {
    /// As people are shown it.
    pub name: String,
    pub issuer: IssuerUrl,
    pub client_id: ClientId,
    /// Absent for a public client, of which PKCE is the only proof.
    pub client_secret: Option<ClientSecret>,
}

impl Providers {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// # Errors
    /// When the file cannot be read, or names a provider that could not be used.
    pub fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("read the providers of {}", path.display()))?;
        Self::parse(&text).with_context(|| format!("the providers of {}", path.display()))
    }

    fn parse(text: &str) -> Result<Self> {
        let providers: BTreeMap<String, Provider> = serde_json::from_str(text)?;
        for (name, provider) in &providers {
            let is_short = (1..=32).contains(&name.len());
            let is_plain = name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
            ensure!(is_short && is_plain, "{name:?} must be 1 to 32 of a to z, 0 to 9 and -");
            ensure!(is_private(&provider.issuer), "the issuer of {name} must begin with https://");
        }
        Ok(Self(providers))
    }
}

/// Nobody on the way can answer in the provider's place.
fn is_private(issuer: &IssuerUrl) -> bool {
    let is_here = match issuer.url().host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(domain)) => domain == "localhost",
        None => false,
    };
    issuer.url().scheme() == "https" || is_here && issuer.url().scheme() == "http"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(text: &str) -> String {
        Providers::parse(text).map(|_| ()).map_err(|error| format!("{error:#}")).err().unwrap_or_default()
    }

    #[test]
    fn a_provider_that_could_not_be_used_is_named() {
        let provider = |name: &str, issuer: &str| {
            format!(
                r#"{{ "{name}": {{ "name": "One", "issuer": "{issuer}", "client_id": "plyo", "client_secret": "s3" }} }}"#
            )
        };
        for issuer in ["https://id.example", "http://localhost:4000", "http://127.0.0.1:4000", "http://[::1]:4000"] {
            assert_eq!(error(&provider("one", issuer)), "", "{issuer}");
        }
        for issuer in ["http://id.example", "http://localhost.example", "ftp://127.0.0.1"] {
            assert!(error(&provider("one", issuer)).contains("must begin with https://"), "{issuer}");
        }
        for name in ["", "One", "one/two", &"x".repeat(33)] {
            assert!(error(&provider(name, "https://id.example")).contains("a to z"), "{name}");
        }
        assert!(error(r#"{ "one": { "name": "One", "isuer": "https://id.example" } }"#).contains("isuer"));
    }

    #[test]
    fn a_secret_is_not_logged() {
        let text = r#"{ "one": { "name": "One", "issuer": "https://id.example", "client_id": "plyo", "client_secret": "s3cret" } }"#;
        assert!(!format!("{:?}", Providers::parse(text).unwrap()).contains("s3cret"));
    }
}

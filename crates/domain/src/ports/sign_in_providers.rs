//! Signing in through `OpenID` providers.

use async_trait::async_trait;
use thiserror::Error;

use crate::{Email, Role};

/// Signing in through `OpenID` Connect: authorization code with PKCE.
#[async_trait]
pub trait SignInProviders: Send + Sync {
    /// The providers that people may choose from: the name in addresses, and what people see.
    fn list(&self) -> Vec<SignInProvider>;

    /// Begins: where to send the browser, and what has to be kept, secret, until it comes back.
    async fn begin(&self, provider: &str, redirect_uri: &str) -> Result<Begun, SignInProviderError>;

    /// Ends: exchanges the code, and checks everything that the provider says. That the browser brought the `state` that
    /// was kept has been checked before.
    async fn finish(
        &self,
        kept: &KeptSignIn,
        returned: &Returned,
    ) -> Result<ExternalPerson, SignInProviderError>;
}

/// A provider that people may choose.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignInProvider {
    /// Its name in addresses.
    pub name: String,
    /// What people see.
    pub label: String,
    /// Who it is, in what it says about people.
    pub issuer: String,
}

/// A sign-in that has begun.
#[derive(Debug, Clone)]
pub struct Begun {
    /// Where to send the browser.
    pub authorization_url: String,
    /// What has to be kept until it comes back.
    pub kept: KeptSignIn,
}

/// What is kept of a sign-in between leaving and coming back.
#[derive(Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct KeptSignIn {
    /// The name of the provider.
    pub provider: String,
    /// Where the provider was told to send the browser back to.
    pub redirect_uri: String,
    /// What the provider has to repeat in the address.
    pub state: String,
    /// What the provider has to repeat in the ID token.
    pub nonce: String,
    /// What proves to the provider that the same party asks for the tokens (PKCE).
    pub code_verifier: String,
}

impl std::fmt::Debug for KeptSignIn {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("KeptSignIn").field("provider", &self.provider).finish_non_exhaustive()
    }
}

/// What a browser brings back from a provider.
#[derive(Clone, PartialEq, Eq)]
pub struct Returned {
    /// What the tokens are given for, once.
    pub code: String,
    /// Who the provider says it is (RFC 9207), where it says so.
    pub issuer: Option<String>,
}

/// A person as a provider knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExternalPerson {
    /// The provider.
    pub issuer: String,
    /// Their name there, which never changes.
    pub subject: String,
    /// Their address, where the provider says it has made sure that it is theirs.
    pub verified_email: Option<Email>,
    /// What they are called.
    pub name: Option<String>,
    /// The role that the provider's groups give here; `None` where no group is mapped.
    pub role: Option<Role>,
    /// Whether an account that has the address already may be put together with this one.
    pub may_link_by_email: bool,
    /// Whether an account may be made for somebody who has none.
    pub may_register: bool,
}

/// Why a sign-in through a provider failed.
#[derive(Debug, Error)]
pub enum SignInProviderError {
    /// There is no such provider.
    #[error("there is no such provider")]
    Unknown,
    /// The provider does not answer, or not as it should.
    #[error("the provider does not answer as it should: {0}")]
    Away(String),
    /// What it says cannot be trusted, or the code does not count.
    #[error("the provider's answer is refused: {0}")]
    Refused(String),
}

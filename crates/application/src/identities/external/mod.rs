//! Signing in through `OpenID` providers.
//!
//! A browser leaves for the provider and comes back. What has to be known then travels with it, encrypted, in a cookie: so
//! only the browser that left can come back, and nothing is stored of those who never do. An address counts only where
//! the provider has made sure of it, and only where its settings say so: otherwise whoever can write any address into
//! their account there would get into the account of somebody else here.

mod arrival;
mod departure;
mod journey;
mod linking;
mod manage;

pub use arrival::{Arrival, CallbackInput, arrive};
pub use departure::{Departure, depart, depart_to_link};
pub use manage::{DeleteExternalIdentity, ExternalIdentityView, ListExternalIdentities};

use domain::ports::SignInProviderError;

use crate::{Code, Error};

/// The path below which a browser comes back; providers have to know it.
pub const CALLBACK: &str = "/api/v1/auth/oidc/callback";
/// How many accounts at providers a person may have.
const MAX_IDENTITIES: usize = 20;

impl From<SignInProviderError> for Error {
    fn from(error: SignInProviderError) -> Self {
        match &error {
            SignInProviderError::Unknown => Self::not_found(),
            SignInProviderError::Away(problem) => {
                tracing::warn!(problem, "a sign-in provider does not answer as it should");
                let detail =
                    "The provider does not answer at the moment. Try again later, or sign in otherwise.";
                Self::new(Code::Unavailable, "sign_in_provider_away", detail)
                    .retry_after(std::time::Duration::from_secs(5))
            }
            SignInProviderError::Refused(problem) => {
                tracing::warn!(problem, "the answer of a sign-in provider was refused");
                let detail = "What the provider says cannot be trusted. Begin again; if it stays so, tell an administrator.";
                Self::new(Code::Unauthenticated, "sign_in_provider_refused", detail)
            }
        }
    }
}

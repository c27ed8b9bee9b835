//! What somebody who is not signed in can do here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::registration;
use crate::identities::{Visitor, passkeys};
use crate::{Error, Registration, Services};

/// What somebody who is not signed in can do here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct SignInOptions {
    /// Whether the server waits for its first owner: then nothing else can be done.
    pub needs_setup: bool,
    /// Who may make an account for themselves.
    pub registration: OpenRegistration,
    /// Whether a forgotten password can be replaced by mail; otherwise an administrator hands over a link.
    pub password_reset: bool,
    /// Whether people sign in with passkeys under this address.
    pub passkeys: bool,
    /// Where else people sign in.
    pub sign_in_providers: Vec<ProviderView>,
}

/// Who may make an account for themselves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum OpenRegistration {
    /// Nobody, without an invitation.
    Closed,
    /// Whoever reads the mail of an address in certain domains.
    Domains,
    /// Anybody.
    Open,
}

/// Where else people sign in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "SignInProvider")]
pub struct ProviderView {
    /// Its name in addresses.
    pub name: String,
    /// What people see.
    pub label: String,
}

/// What somebody who is not signed in can do here.
pub async fn sign_in_options(services: &Services, visitor: &Visitor) -> Result<SignInOptions, Error> {
    let registration = match registration::open_to(services).await? {
        None | Some((Registration::Closed, _)) => OpenRegistration::Closed,
        Some((Registration::Domains, _)) => OpenRegistration::Domains,
        Some((Registration::Open, _)) => OpenRegistration::Open,
    };
    let providers = services.ports.sign_in_providers.list().into_iter();
    Ok(SignInOptions {
        needs_setup: !services.ports.identities.any_account().await?,
        registration,
        password_reset: services.post.is_open(),
        passkeys: passkeys::are_possible(visitor.site.as_deref()),
        sign_in_providers: providers
            .map(|provider| ProviderView { name: provider.name, label: provider.label })
            .collect(),
    })
}

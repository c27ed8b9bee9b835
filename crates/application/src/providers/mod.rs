//! Model providers that administrators connect while the server runs. All workspaces use them, so only administrators of
//! the first workspace manage them.

mod connected;
mod create;
mod delete;
mod read;
mod test;
mod update;
mod view;

use domain::ports::{ConnectionProblem, ProviderConnection, SealedKind, SealedPlace};
use domain::{Actor, Provider, ProviderId, ProviderKey};

use crate::{Error, FieldError, Services};

pub use connected::ConnectedProviders;
pub use create::CreateProvider;
pub use delete::DeleteProvider;
pub use read::{GetProvider, ListProviders};
pub use test::{ProviderTest, ProviderTestProblem, TestProvider};
pub use update::UpdateProvider;
pub use view::{ProviderSource, ProviderView};

/// The most providers that may be connected.
const MOST_PROVIDERS: usize = 100;
/// The longest address, in characters.
const LONGEST_ADDRESS: usize = 2_000;

/// Refuses whoever does not belong to the workspace from which what all workspaces share is managed: the first one.
///
/// # Errors
/// `forbidden`.
pub async fn require_first_workspace(services: &Services, actor: &Actor) -> Result<(), Error> {
    if belongs_to_the_first(services, actor).await? {
        return Ok(());
    }
    Err(Error::forbidden(
        "What all workspaces share is managed from the first workspace of this server only.",
    ))
}

async fn belongs_to_the_first(services: &Services, actor: &Actor) -> Result<bool, Error> {
    let first = services.ports.identities.first_workspace().await?;
    Ok(first.is_some_and(|first| first.id == actor.workspace_id))
}

/// One provider, for somebody who manages them; elsewhere than in the first workspace, none exists.
async fn managed(services: &Services, actor: &Actor, id: ProviderId) -> Result<Provider, Error> {
    if !belongs_to_the_first(services, actor).await? {
        return Err(Error::not_found());
    }
    services.ports.providers.provider(id).await?.ok_or_else(Error::not_found)
}

/// Encrypts the key of a provider.
fn seal(services: &Services, id: ProviderId, key: &ProviderKey) -> Vec<u8> {
    services.keyring.seal(key.as_str().as_bytes(), &about(id), &*services.ports.ids)
}

/// The key of a provider, decrypted.
async fn unseal(services: &Services, provider: &Provider) -> Result<Option<ProviderKey>, ConnectionProblem> {
    let Some(sealed) = &provider.sealed_api_key else { return Ok(None) };
    let plain = services.keyring.read(sealed, &about(provider.id)).await.ok();
    let text = plain.and_then(|plain| String::from_utf8(plain).ok());
    let key = text.and_then(|text| ProviderKey::new(&text).ok());
    let problem =
        "cannot be read: it was changed, or the key that it was encrypted with is gone; give it anew";
    let problem = || ConnectionProblem { field: "api_key", problem: problem.to_owned() };
    key.map(Some).ok_or_else(problem)
}

fn about(id: ProviderId) -> String {
    SealedPlace { kind: SealedKind::ProviderKey, id: id.uuid() }.about()
}

/// How a provider is reached, with this key.
fn connection(provider: &Provider, api_key: Option<ProviderKey>) -> ProviderConnection {
    ProviderConnection {
        id: provider.id,
        name: provider.name.clone(),
        kind: provider.kind.clone(),
        base_url: provider.base_url.clone(),
        api_key,
        models: provider.models.clone(),
    }
}

/// Refuses a provider that cannot be connected, or whose name somebody else has.
async fn check(services: &Services, provider: &Provider, key: Option<ProviderKey>) -> Result<(), Error> {
    let is_clean = |url: &str| {
        url.len() <= LONGEST_ADDRESS && !url.is_empty() && url.chars().all(|c| c.is_ascii_graphic())
    };
    if !provider.base_url.as_deref().is_none_or(is_clean) {
        let detail = "must be an address of at most 2,000 visible ASCII characters";
        return Err(Error::invalid_field("/base_url", "invalid", detail));
    }
    let problems = services.ports.provider_connections.problems(&connection(provider, key));
    if !problems.is_empty() {
        let fields = problems.into_iter().map(|ConnectionProblem { field, problem }| {
            FieldError::new(format!("/{field}"), "invalid", problem)
        });
        return Err(Error::invalid(fields.collect()));
    }
    let others = services.ports.providers.providers().await?;
    if others.iter().any(|other| other.id != provider.id && other.name == provider.name) {
        let detail = "Another provider has this name. Choose a name that none has.";
        return Err(Error::conflict("provider_name_taken", detail));
    }
    let is_new = others.iter().all(|other| other.id != provider.id);
    if is_new && others.len() >= MOST_PROVIDERS {
        let detail = "There are as many providers as there may be. Delete one that is not needed any more.";
        return Err(Error::conflict("too_many_providers", detail));
    }
    Ok(())
}

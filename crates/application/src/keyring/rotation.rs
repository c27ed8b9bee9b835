//! Replacing the keys of the server while it goes on, and beginning anew where they can no longer be opened.

use async_trait::async_trait;
use domain::ports::{Clock, Ids, SealedKind, SecretKeys, StorageError};
use domain::{Event, KeyPurpose, Permission, SecretKey};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::{Keyring, KeyringError, RootKeys, Stored};
use crate::bus::{Command, Context, Decision, Effect, Handler};
use crate::identities::reauthenticate;
use crate::providers::require_first_workspace;
use crate::{Error, Services};

/// How many encrypted values are encrypted anew at a time.
const PAGE: u16 = 100;

/// Encrypts the server's keys with its present secret key, and replaces those that are named, while all servers go on.
/// What is stored is encrypted anew before the answer comes.
#[derive(Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RotateSecretKeys {
    /// Whether the key that signs access tokens is replaced; those signed with the old one work until they expire.
    #[serde(default)]
    pub signing: bool,
    /// Whether the key that encrypts what is stored is replaced; all of it is encrypted anew.
    #[serde(default)]
    pub sealing: bool,
    /// The present password; not needed by somebody who has none and has just signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1024, message = "must be 1 to 1024 characters long"))]
    pub current_password: Option<String>,
}

impl Command for RotateSecretKeys {
    const NAME: &'static str = "secret_key.rotate";
    const PERMISSION: Permission = Permission::ManageServer;
    type Output = ();
}

#[async_trait]
impl Handler for RotateSecretKeys {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        require_first_workspace(services, &context.actor).await?;
        reauthenticate(services, context, self.current_password.as_deref()).await?;
        let (clock, ids) = (&*services.ports.clock, &*services.ports.ids);
        let rotation = services.keyring.rotation(self.signing, self.sealing, clock, ids).await;
        let Some(event) = rotation.map_err(Error::internal)? else { return Ok(Decision::unchanged(())) };
        let learn = Effect::LearnKeys { seal_anew: self.sealing };
        Ok(Decision::commit(services, context, vec![event], ()).then(learn))
    }
}

/// What a reset takes away that is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Losses {
    /// How many people lose the codes of their device, and their recovery codes.
    pub devices: usize,
    /// How many model providers lose their API key.
    pub provider_keys: usize,
}

impl Keyring {
    /// What encrypts all keys with the present root key, and replaces the ones that are named; `None` where there is
    /// nothing to do.
    ///
    /// # Errors
    /// See [`KeyringError`].
    pub async fn rotation(
        &self,
        signing: bool,
        sealing: bool,
        clock: &dyn Clock,
        ids: &dyn Ids,
    ) -> Result<Option<Event>, KeyringError> {
        let Some(Stored { port, roots }) = &self.stored else { return Ok(None) };
        let mut rewrapped = Vec::new();
        for key in port.secret_keys().await? {
            let bytes = roots.unwrap(&key)?;
            if key.wrapped_by != roots.current.fingerprint() {
                let wrapped = roots.current.wrap(key.id, key.purpose, &bytes, ids);
                rewrapped.push(SecretKey {
                    wrapped,
                    wrapped_by: roots.current.fingerprint().to_owned(),
                    ..key
                });
            }
        }
        let wanted = [(signing, KeyPurpose::Signing), (sealing, KeyPurpose::Sealing)];
        let wanted = wanted.into_iter().filter(|(is_wanted, _)| *is_wanted);
        let replaced: Vec<SecretKey> = wanted.map(|(_, purpose)| roots.fresh(purpose, clock, ids)).collect();
        let is_nothing = rewrapped.is_empty() && replaced.is_empty();
        Ok((!is_nothing).then_some(Event::SecretKeysRotated { rewrapped, replaced }))
    }

    /// Encrypts what is stored with the newest key, and gives how many values there were. Servers that do not know it yet
    /// find it when they first need it.
    ///
    /// # Errors
    /// See [`KeyringError`]; of values that cannot be read the first is named, and all others are done.
    pub async fn seal_anew(&self, ids: &dyn Ids) -> Result<u64, KeyringError> {
        self.refresh().await?;
        let Some(Stored { port, .. }) = &self.stored else { return Ok(0) };
        let (mut values, mut unreadable) = (0, None);
        let mut after = None;
        loop {
            let page = port.sealed_values(after, PAGE).await?;
            let Some((last, _)) = page.last() else { break };
            after = Some(*last);
            for (place, sealed) in page {
                if self.is_sealed_anew(&sealed) {
                    continue;
                }
                let about = place.about();
                let Ok(plain) = self.unseal(&sealed, &about) else {
                    unreadable.get_or_insert(about);
                    continue;
                };
                if port.reseal(place, &sealed, &self.seal(&plain, &about, ids)).await? {
                    values += 1;
                }
            }
        }
        unreadable.map_or(Ok(values), |about| Err(KeyringError::Unsealable(about)))
    }
}

/// What a reset would take away.
///
/// # Errors
/// [`StorageError`]
pub async fn losses(port: &dyn SecretKeys) -> Result<Losses, StorageError> {
    let mut losses = Losses::default();
    let mut after = None;
    loop {
        let page = port.sealed_values(after, PAGE).await?;
        let Some((last, _)) = page.last() else { return Ok(losses) };
        after = Some(*last);
        for (place, _) in page {
            match place.kind {
                SealedKind::Totp => losses.devices += 1,
                SealedKind::ProviderKey => losses.provider_keys += 1,
            }
        }
    }
}

/// What begins anew with keys that `roots` open, for a database whose own can no longer be opened.
pub fn reset(roots: &RootKeys, clock: &dyn Clock, ids: &dyn Ids) -> Event {
    Event::SecretKeysReset(KeyPurpose::ALL.map(|purpose| roots.fresh(purpose, clock, ids)).to_vec())
}

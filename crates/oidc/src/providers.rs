//! All providers: the adapter of the port.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use domain::ports::{
    Begun, Clock, ExternalPerson, KeptSignIn, Returned, SignInProvider, SignInProviderError, SignInProviders,
};

use crate::provider::Provider;
use crate::settings::Settings;

/// The providers of the settings; none by default.
#[derive(Default)]
pub struct Providers(BTreeMap<String, Provider>);

impl Providers {
    /// The providers of settings without problems, asked with this client.
    pub fn new(settings: &Settings, http: &outbound::Client, clock: &Arc<dyn Clock>) -> Self {
        let provider = |(name, settings): (&String, &crate::ProviderSettings)| {
            let provider = Provider::new(name.clone(), settings.clone(), http.clone(), Arc::clone(clock));
            (name.clone(), provider)
        };
        Self(settings.iter().map(provider).collect())
    }

    fn provider(&self, name: &str) -> Result<&Provider, SignInProviderError> {
        self.0.get(name).ok_or(SignInProviderError::Unknown)
    }
}

#[async_trait]
impl SignInProviders for Providers {
    fn list(&self) -> Vec<SignInProvider> {
        let shown = |(name, provider): (&String, &Provider)| SignInProvider {
            name: name.clone(),
            label: provider.settings.label.clone().unwrap_or_else(|| name.clone()),
            issuer: provider.settings.issuer.clone(),
        };
        self.0.iter().map(shown).collect()
    }

    async fn begin(&self, provider: &str, redirect_uri: &str) -> Result<Begun, SignInProviderError> {
        let (url, kept) = self.provider(provider)?.begin(redirect_uri).await?;
        Ok(Begun { authorization_url: url.into(), kept })
    }

    async fn finish(
        &self,
        kept: &KeptSignIn,
        returned: &Returned,
    ) -> Result<ExternalPerson, SignInProviderError> {
        self.provider(&kept.provider)?.finish(kept, returned).await
    }
}

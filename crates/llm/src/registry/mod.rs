//! All models: the configured providers, those that administrators connect, those found on this machine, and the built-in
//! responder.

mod connections;
mod provider;

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::ModelName;
use domain::ports::{ChatModel, ModelDescription, Models, ResolveError, ResolvedModel};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use outbound::Guard;
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use url::Url;

use crate::catalogue::{Catalogue, Source};
use crate::client::is_loopback;
use crate::connected::Connected;
use crate::local::{self, Candidate, Found};
use crate::settings::{self, ModelsSettings, Providers, SettingsProblem};
use provider::Provider;

/// How soon a provider that has never answered is asked again.
const SOON: Duration = Duration::from_secs(10);
/// All models. It starts no task of its own: whoever builds it runs [`Registry::keep_fresh`] beside the server.
pub struct Registry {
    settings: ModelsSettings,
    default_model: Option<ModelName>,
    /// Whether it was said that the default model is not there.
    is_default_missed: AtomicBool,
    builtin: Arc<dyn ChatModel>,
    connected: Connected,
    candidates: Vec<Candidate>,
    /// How long those may take to answer.
    patience: Duration,
    /// Decides what may be connected to where administrators chose the address.
    guard: Guard,
    /// The providers of the settings.
    configured: Providers,
    /// By where they come from and by name: the first of a name counts.
    providers: Mutex<BTreeMap<Key, Provider>>,
    /// Somebody should be asked now.
    wake: Notify,
    catalogue: RwLock<Arc<Catalogue>>,
}

/// Which provider: where it comes from, and its name.
type Key = (Origin, String);

/// Where a provider comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Settings,
    Administrators,
    ThisMachine,
}

impl Registry {
    /// The providers of the settings and `builtin` for where there is none; `connected` tells it, from now on, which
    /// language models there are. `guard` decides where else administrators may have it connect to. Nothing is sent yet.
    ///
    /// # Errors
    /// Every problem of the settings at once.
    pub fn new(
        providers: &Providers,
        settings: &ModelsSettings,
        builtin: Arc<dyn ChatModel>,
        connected: Connected,
        guard: Guard,
    ) -> Result<Self, Vec<SettingsProblem>> {
        let mut problems = settings::problems(providers, settings);
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut built = BTreeMap::new();
        for (name, provider) in providers {
            match Provider::of_operator(provider, settings) {
                Ok(provider) => _ = built.insert((Origin::Settings, name.clone()), provider),
                Err(problem) => problems.push(SettingsProblem::of_provider(name, "BASE_URL", problem)),
            }
        }
        if !problems.is_empty() {
            return Err(problems);
        }
        let default_model = settings.default_model.as_deref().and_then(|name| ModelName::new(name).ok());
        let registry = Self {
            settings: settings.clone(),
            catalogue: RwLock::new(Arc::new(Catalogue::new(Vec::new(), Arc::clone(&builtin), None))),
            default_model,
            is_default_missed: AtomicBool::new(false),
            builtin,
            connected,
            candidates: if settings.discover_local { local::candidates() } else { Vec::new() },
            patience: local::PATIENCE,
            guard,
            configured: providers.clone(),
            providers: Mutex::new(built),
            wake: Notify::new(),
        };
        registry.rebuild();
        Ok(registry)
    }

    /// Keeps the lists of models fresh, for ever. `own` is where this server listens, so that it does not ask itself.
    pub async fn keep_fresh(&self, own: Option<SocketAddr>) {
        loop {
            self.refresh(own).await;
            let is_waiting = self.providers.lock().values().any(|provider| provider.models.is_none());
            let pause = Duration::from_secs(self.settings.refresh_seconds);
            let pause = if is_waiting { pause.min(SOON) } else { pause };
            // Either way it is time.
            let _ = tokio::time::timeout(pause, self.wake.notified()).await;
        }
    }

    /// Asks every provider once, all at the same time, and takes each answer as it comes.
    pub async fn refresh(&self, own: Option<SocketAddr>) {
        let asked: Vec<_> = {
            let providers = self.providers.lock();
            let is_asked =
                |(origin, _): &Key, provider: &Provider| *origin != Origin::ThisMachine && !provider.is_fixed;
            let asked = providers.iter().filter(|(key, provider)| is_asked(key, provider));
            asked.map(|(key, provider)| (key.clone(), Arc::clone(&provider.adapter))).collect()
        };
        let mut answers: FuturesUnordered<_> = asked
            .into_iter()
            .map(|(key, adapter)| async move { (key, adapter.models().await, adapter) })
            .collect();
        let asking = async {
            while let Some((key, answer, adapter)) = answers.next().await {
                // Somebody else may have taken its place meanwhile.
                let mut providers = self.providers.lock();
                let asked = providers.get_mut(&key).filter(|it| Arc::ptr_eq(&it.adapter, &adapter));
                let Some(provider) = asked else { continue };
                match answer {
                    Ok(models) => provider.tells(&key.1, models),
                    Err(error) => provider.is_away(&key.1, &error),
                }
                drop(providers);
                self.rebuild();
            }
        };
        tokio::join!(asking, self.look_around(own));
        self.miss_default_model();
    }

    /// Says, once, that the default model of the settings is not there. Only a look at all providers can tell.
    fn miss_default_model(&self) {
        let Some(name) = &self.default_model else { return };
        let catalogue = self.catalogue();
        if catalogue.resolve(name).is_ok() || self.is_default_missed.swap(true, Ordering::Relaxed) {
            return;
        }
        tracing::warn!(
            setting = "models.default_model",
            model = %name,
            answering = %catalogue.default_model().name,
            "the default model of the settings is not there; another one answers in its place"
        );
    }

    async fn look_around(&self, own: Option<SocketAddr>) {
        let taken: Vec<(String, Url)> = {
            let providers = self.providers.lock();
            let named = providers.iter().filter(|((origin, _), _)| *origin != Origin::ThisMachine);
            named.map(|((_, name), provider)| (name.clone(), provider.address.clone())).collect()
        };
        let is_free = |candidate: &&Candidate| {
            let is_own = own.is_some_and(|own| is_at(own, candidate.address));
            let is_taken = taken.iter().any(|(name, address)| {
                let is_same =
                    is_loopback(address) && address.port_or_known_default() == Some(candidate.address.port());
                name == candidate.name || is_same
            });
            !is_own && !is_taken
        };
        let candidates: Vec<Candidate> = self.candidates.iter().filter(is_free).cloned().collect();
        let found = local::look(&candidates, self.patience).await;
        self.take_found(found);
    }

    /// Takes in what runs on this machine now, and lets go of what does not any more.
    fn take_found(&self, found: Vec<Found>) {
        {
            let mut providers = self.providers.lock();
            for ((origin, name), provider) in providers.iter_mut() {
                if *origin == Origin::ThisMachine && !found.iter().any(|found| found.name == name) {
                    if provider.models.as_ref().is_some_and(|models| !models.is_empty()) {
                        tracing::info!(provider = %name, "a model server on this machine is gone");
                    }
                    provider.models = Some(Vec::new());
                }
            }
            for Found { name, settings, models } in found {
                let key = (Origin::ThisMachine, name.to_owned());
                if !providers.contains_key(&key) {
                    let Ok(provider) = Provider::of_operator(&settings, &self.settings) else { continue };
                    tracing::info!(provider = name, address = %provider.address, "found a model server on this machine");
                    providers.insert(key.clone(), provider);
                }
                if let Some(provider) = providers.get_mut(&key) {
                    provider.models = Some(provider::chatting(models));
                }
            }
        }
        self.rebuild();
    }

    fn rebuild(&self) {
        let providers = self.providers.lock();
        let sources = providers.iter().filter(|((origin, _), provider)| {
            *origin != Origin::ThisMachine
                || provider.models.as_ref().is_some_and(|models| !models.is_empty())
        });
        let sources = sources.map(|((_, name), provider)| Source {
            name: name.clone(),
            chat: Arc::clone(&provider.chat),
            models: provider.models.clone().unwrap_or_default(),
            is_open: !provider.is_fixed,
        });
        let catalogue =
            Catalogue::new(sources.collect(), Arc::clone(&self.builtin), self.default_model.as_ref());
        self.connected.set(catalogue.language_models());
        *self.catalogue.write() = Arc::new(catalogue);
    }

    fn catalogue(&self) -> Arc<Catalogue> {
        Arc::clone(&self.catalogue.read())
    }
}

impl Models for Registry {
    fn resolve(&self, name: &ModelName) -> Result<ResolvedModel, ResolveError> {
        self.catalogue().resolve(name)
    }

    fn default_model(&self) -> ResolvedModel {
        self.catalogue().default_model()
    }

    fn list(&self) -> Vec<ModelDescription> {
        self.catalogue().list()
    }
}

/// Whether a server that listens at `own` answers at `address`, which is on this machine.
fn is_at(own: SocketAddr, address: SocketAddr) -> bool {
    let reaches = |ip: IpAddr| ip.is_unspecified() || ip.is_loopback();
    own.port() == address.port() && (reaches(own.ip()) || own.ip() == address.ip())
}

#[cfg(test)]
mod tests;

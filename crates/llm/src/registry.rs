//! All models: the configured providers, those found on this machine, and the built-in responder.

use std::collections::{BTreeMap, HashSet};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use domain::ModelName;
use domain::ports::{ChatModel, ModelDescription, Models, ResolveError, ResolvedModel};
use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use parking_lot::{Mutex, RwLock};
use url::Url;

use crate::catalogue::{Catalogue, Source};
use crate::client::is_loopback;
use crate::connected::Connected;
use crate::local::{self, Candidate, Found};
use crate::settings::{self, ModelsSettings, ProviderSettings, Providers, SettingsProblem};
use crate::{Breaker, OpenAiCompatible, Retry};

/// The largest number of models of one provider.
const MOST_MODELS: usize = 2000;
/// How soon a provider that has never answered is asked again.
const SOON: Duration = Duration::from_secs(10);
/// What stands in the names of models that do not chat, in lists that mix all kinds.
const NOT_CHATTING: &[&str] = &[
    "embed",
    "whisper",
    "tts",
    "dall-e",
    "moderation",
    "transcribe",
    "rerank",
    "gpt-image",
    "sora-",
    "realtime",
];

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
    /// By name: the configured providers first, in the order of their names, then those found on this machine.
    providers: Mutex<BTreeMap<(Origin, String), Provider>>,
    catalogue: RwLock<Arc<Catalogue>>,
}

/// Where a provider comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Origin {
    Settings,
    ThisMachine,
}

/// A provider and what is known of its models.
#[derive(Clone)]
struct Provider {
    adapter: Arc<OpenAiCompatible>,
    chat: Arc<dyn ChatModel>,
    address: Url,
    /// Whether the settings name its models.
    is_fixed: bool,
    /// `None` while it has not told.
    models: Option<Vec<String>>,
    /// Whether the last attempt to ask it failed; said once.
    is_away: bool,
}

impl Registry {
    /// The providers of the settings and `builtin` for where there is none; `connected` tells it, from now on, which
    /// language models there are. Nothing is sent yet.
    ///
    /// # Errors
    /// Every problem of the settings at once.
    pub fn new(
        providers: &Providers,
        settings: &ModelsSettings,
        builtin: Arc<dyn ChatModel>,
        connected: Connected,
    ) -> Result<Self, Vec<SettingsProblem>> {
        let mut problems = settings::problems(providers, settings);
        if !problems.is_empty() {
            return Err(problems);
        }
        let mut built = BTreeMap::new();
        for (name, provider) in providers {
            match Provider::new(provider, settings) {
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
            providers: Mutex::new(built),
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
            tokio::time::sleep(if is_waiting { pause.min(SOON) } else { pause }).await;
        }
    }

    /// Asks every provider once, all at the same time, and takes each answer as it comes.
    pub async fn refresh(&self, own: Option<SocketAddr>) {
        let asked: Vec<_> = {
            let providers = self.providers.lock();
            let is_asked = |(origin, _): &(Origin, String), provider: &Provider| {
                *origin == Origin::Settings && !provider.is_fixed
            };
            providers
                .iter()
                .filter(|(key, provider)| is_asked(key, provider))
                .map(|((_, name), provider)| (name.clone(), Arc::clone(&provider.adapter)))
                .collect()
        };
        let mut answers: FuturesUnordered<_> =
            asked.into_iter().map(|(name, adapter)| async move { (name, adapter.models().await) }).collect();
        let asking = async {
            while let Some((name, answer)) = answers.next().await {
                match answer {
                    Ok(models) => {
                        self.connected(&name, models.into_iter().map(|model| model.id).collect());
                    }
                    Err(error) => self.away(&name, &error),
                }
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
            let configured = providers.iter().filter(|((origin, _), _)| *origin == Origin::Settings);
            configured.map(|((_, name), provider)| (name.clone(), provider.address.clone())).collect()
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
                    let Ok(provider) = Provider::new(&settings, &self.settings) else { continue };
                    tracing::info!(provider = name, address = %provider.address, "found a model server on this machine");
                    providers.insert(key.clone(), provider);
                }
                if let Some(provider) = providers.get_mut(&key) {
                    provider.models = Some(chatting(models));
                }
            }
        }
        self.rebuild();
    }

    fn connected(&self, name: &str, models: Vec<String>) {
        if let Some(provider) = self.providers.lock().get_mut(&(Origin::Settings, name.to_owned())) {
            let models = chatting(models);
            if provider.is_away || provider.models.is_none() {
                tracing::info!(provider = name, models = models.len(), "a model provider is connected");
            }
            provider.is_away = false;
            provider.models = Some(models);
        }
        self.rebuild();
    }

    /// A provider that cannot be asked keeps the models that it told of before.
    fn away(&self, name: &str, error: &domain::ports::ProviderError) {
        if let Some(provider) = self.providers.lock().get_mut(&(Origin::Settings, name.to_owned()))
            && !std::mem::replace(&mut provider.is_away, true)
        {
            tracing::warn!(provider = name, %error, "a model provider does not tell its models; it is asked again");
        }
    }

    fn rebuild(&self) {
        let providers = self.providers.lock();
        let sources = providers.iter().filter(|((origin, _), provider)| {
            *origin == Origin::Settings || provider.models.as_ref().is_some_and(|models| !models.is_empty())
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

impl Provider {
    fn new(settings: &ProviderSettings, shared: &ModelsSettings) -> Result<Self, String> {
        let adapter = Arc::new(OpenAiCompatible::new(settings)?);
        let inner: Arc<dyn ChatModel> = Arc::<OpenAiCompatible>::clone(&adapter);
        let breaker = Arc::new(Breaker::new(inner, shared.breaker));
        Ok(Self {
            adapter,
            chat: Arc::new(Retry::new(breaker, shared.retry)),
            address: settings.address().ok_or("the address is missing")?,
            is_fixed: !settings.models.is_empty(),
            models: (!settings.models.is_empty()).then(|| settings.models.clone()),
            is_away: false,
        })
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

/// The models that are meant for chatting, each once, as many as are kept.
fn chatting(models: Vec<String>) -> Vec<String> {
    let mut seen = HashSet::new();
    models
        .into_iter()
        .filter(|model| {
            let model = model.to_lowercase();
            !NOT_CHATTING.iter().any(|part| model.contains(part)) && seen.insert(model)
        })
        .take(MOST_MODELS)
        .collect()
}

#[cfg(test)]
mod tests {
    use testing::contracts::chat_model::question;
    use testing::fakes::ScriptedModel;
    use testing::upstream::{Script, Upstream};

    use super::*;
    use crate::ProviderKind;
    use crate::local::Server;

    fn settings(base_url: &str, models: &[&str]) -> ProviderSettings {
        ProviderSettings {
            base_url: Some(base_url.to_owned()),
            models: models.iter().map(|&model| model.to_owned()).collect(),
            ..ProviderSettings::new(ProviderKind::OpenaiCompatible)
        }
    }

    fn registry(providers: &[(&str, ProviderSettings)], candidates: Vec<Candidate>) -> Registry {
        let providers =
            providers.iter().map(|(name, settings)| ((*name).to_owned(), settings.clone())).collect();
        let builtin = Arc::new(ScriptedModel::answering("recall"));
        let mut registry =
            Registry::new(&providers, &ModelsSettings::default(), builtin, Connected::default())
                .expect("the settings are right");
        registry.candidates = candidates;
        registry.patience = Duration::from_secs(10);
        registry
    }

    fn names(registry: &Registry) -> Vec<String> {
        registry.list().iter().map(|model| model.name.to_string()).collect()
    }

    fn resolves(registry: &Registry, name: &str) -> bool {
        registry.resolve(&ModelName::new(name).expect("the text is a name")).is_ok()
    }

    #[tokio::test]
    async fn a_provider_tells_its_models_and_one_with_configured_models_is_not_asked() {
        let (told, fixed) = (Upstream::start().await, Upstream::start().await);
        told.offer(&["b", "text-embedding-3-small", "a"], "x");
        let registry = registry(
            &[("told", settings(&told.base_url(), &[])), ("fixed", settings(&fixed.base_url(), &["m"]))],
            vec![],
        );
        assert_eq!(names(&registry), ["fixed/m", "builtin/recall"]);
        assert!(resolves(&registry, "told/anything"), "before anything is known");
        registry.refresh(None).await;
        assert_eq!(names(&registry), ["fixed/m", "told/b", "told/a", "builtin/recall"]);
        assert_eq!(registry.default_model().name.as_str(), "fixed/m");
        assert_eq!(fixed.counts().requests, 0);
        assert!(!resolves(&registry, "fixed/other"));
    }

    #[tokio::test]
    async fn a_provider_that_is_down_at_the_start_appears_later_and_stays_when_it_goes() {
        let gone = Upstream::start().await;
        let address = gone.address();
        let registry = registry(&[("late", settings(&gone.base_url(), &[]))], vec![]);
        drop(gone);
        registry.refresh(None).await;
        assert_eq!(names(&registry), ["builtin/recall"]);
        let back = Upstream::start_at(address).await.expect("the port is free again");
        registry.refresh(None).await;
        assert_eq!(names(&registry), ["late/echo", "builtin/recall"]);
        drop(back);
        registry.refresh(None).await;
        assert_eq!(names(&registry), ["late/echo", "builtin/recall"]);
    }

    #[tokio::test]
    async fn a_provider_that_hangs_does_not_hold_up_the_others() {
        let (hanging, quick) = (Upstream::start().await, Upstream::start().await);
        let mute = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("there is a free port");
        let address = mute.local_addr().expect("a bound listener has an address");
        drop(hanging);
        let registry = registry(
            &[
                ("hanging", settings(&format!("http://{address}/v1"), &[])),
                ("quick", settings(&quick.base_url(), &[])),
            ],
            vec![],
        );
        let appeared = async {
            while names(&registry).len() < 2 {
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            () = registry.keep_fresh(None) => unreachable!("it goes on for ever"),
            appeared = tokio::time::timeout(Duration::from_secs(10), appeared) => {
                assert!(appeared.is_ok(), "the quick provider did not appear");
            }
        }
    }

    #[tokio::test]
    async fn a_server_on_this_machine_comes_and_goes() {
        let upstream = Upstream::start().await;
        upstream.offer(&["m"], "llamacpp");
        let here = Candidate { name: "llamacpp", address: upstream.address(), server: Server::LlamaCpp };
        let registry = registry(&[], vec![here]);
        registry.refresh(None).await;
        assert_eq!(names(&registry), ["llamacpp/m", "builtin/recall"]);
        upstream.script("m", Script::answer("hello from here"));
        let model = registry.default_model();
        let question = domain::ports::CompletionRequest { model: model.provider_model.clone(), ..question() };
        let answer = model.chat.complete(question).await.expect("it answers");
        assert_eq!(answer.parts, [domain::Part::text("hello from here")]);
        drop(upstream);
        registry.refresh(None).await;
        assert_eq!(names(&registry), ["builtin/recall"]);
    }

    #[tokio::test]
    async fn this_server_and_configured_ones_are_not_found_again() {
        let upstream = Upstream::start().await;
        upstream.offer(&["m"], "llamacpp");
        let here = Candidate { name: "llamacpp", address: upstream.address(), server: Server::LlamaCpp };
        let alone = registry(&[], vec![here.clone()]);
        alone.refresh(Some(upstream.address())).await;
        alone.refresh(Some(SocketAddr::from(([0, 0, 0, 0], upstream.address().port())))).await;
        assert_eq!(upstream.counts().requests, 0);

        for name in ["llamacpp", "mine"] {
            let registry = registry(&[(name, settings(&upstream.base_url(), &[]))], vec![here.clone()]);
            registry.refresh(None).await;
            assert_eq!(names(&registry), [format!("{name}/m"), "builtin/recall".to_owned()]);
        }
    }

    #[test]
    fn wrong_settings_are_told_by_their_names() {
        let providers = [("a".to_owned(), ProviderSettings::new(ProviderKind::Anthropic))].into();
        let builtin = Arc::new(ScriptedModel::answering("recall"));
        let problems =
            Registry::new(&providers, &ModelsSettings::default(), builtin, Connected::default()).err();
        let problems = problems.expect("the kind is not served");
        assert_eq!(problems[0].setting, "COLLOQUY_PROVIDERS__A__KIND");
    }
}

//! The composition root: concrete adapters meet the ports here, and nowhere else.

use std::sync::Arc;
use std::time::Duration;

use application::keyring::Keyring;
use application::{Ports, Services};
use cache::{CheckError, LocalCache, LocalRateLimiter, Redis};
use domain::ports::{Cache, Clock, Mailer, RateLimiter, Relay, SignInProviders};
use llm::{Connected, Recall, Registry};
use outbound::Guard;

use crate::adapters::{SystemClock, UuidIds};
use crate::database::{self, Storage};
use crate::failure::Failure;
use crate::root_key;
use crate::settings::{Loaded, Settings};

/// The application over its adapters.
pub struct Composition {
    /// The database; to be shut down last.
    pub database: Arc<dyn Storage>,
    /// Which models there are; to be kept fresh.
    pub models: Arc<Registry>,
    /// What commands and queries work with.
    pub services: Arc<Services>,
}

/// Opens the database and puts the application together on the present tokio runtime. Blocks while a database opens that
/// is a file.
pub async fn compose(loaded: &Loaded) -> Result<Composition, Failure> {
    let settings = &loaded.settings;
    let shared = Shared::of(loaded).await?;
    let database = database::open(loaded).await?;
    let connected = Connected::default();
    let recall = Recall::new(database.clone(), settings.models.recall, connected.clone());
    let guard = Guard::new(&settings.outbound).map_err(|problems| unusable("outbound", &problems))?;
    let models = Registry::new(&settings.providers, &settings.models, Arc::new(recall), connected, guard);
    let models = Arc::new(models.map_err(|problems| unusable("the model providers", &problems))?);
    let ports = Ports {
        journal: database.clone(),
        conversations: database.clone(),
        messages: database.clone(),
        runs: database.clone(),
        identities: database.clone(),
        workspaces: database.clone(),
        projects: database.clone(),
        tags: database.clone(),
        annotations: database.clone(),
        shares: database.clone(),
        audit_log: database.clone(),
        secret_keys: database.clone(),
        providers: database.clone(),
        provider_connections: models.clone(),
        mailer: mailer(settings)?,
        sign_in_providers: sign_in_providers(settings)?,
        content_filter: Arc::new(filter::KnownMarkers::default()),
        idempotency: database.clone(),
        jobs: database.clone(),
        maintenance: database.clone(),
        search: database.clone(),
        models: models.clone(),
        cache: shared.cache,
        rate_limiter: shared.rate_limiter,
        relay: shared.relay,
        clock: Arc::new(SystemClock),
        ids: Arc::new(UuidIds::new(SystemClock)),
    };
    let roots = root_key::of(settings, &*database).await?;
    let keyring = Keyring::open(database.clone(), roots, &*ports.clock, &*ports.ids).await;
    let keyring = keyring.map_err(|error| root_key::explain(error, settings))?;
    let services = Services::new(ports, settings.application.clone(), keyring);
    Ok(Composition { database, models, services })
}

fn unusable(what: &str, problems: &[impl std::fmt::Display]) -> Failure {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    Failure::settings(format!("{what} cannot be used:\n{}", lines.join("\n")))
}

fn mailer(settings: &Settings) -> Result<Option<Arc<dyn Mailer>>, Failure> {
    let smtp = mail::Smtp::new(&settings.mail).map_err(|problem| Failure::settings(problem.to_string()))?;
    Ok(smtp.map(|smtp| Arc::new(smtp) as Arc<dyn Mailer>))
}

/// What nodes share where there is a Redis, and what each has for itself where there is none.
struct Shared {
    cache: Arc<dyn Cache>,
    rate_limiter: Arc<dyn RateLimiter>,
    relay: Option<Arc<dyn Relay>>,
}

impl Shared {
    async fn of(loaded: &Loaded) -> Result<Self, Failure> {
        let settings = &loaded.settings;
        let redis = Redis::new(&settings.redis).map_err(|problem| Failure::settings(problem.to_string()))?;
        let Some(redis) = redis else {
            return Ok(Self {
                cache: Arc::new(LocalCache::new(&settings.cache)),
                rate_limiter: Arc::new(LocalRateLimiter::default()),
                relay: None,
            });
        };
        match cache::check(&settings.redis).await {
            Ok(version) => tracing::info!(version, "connected to Redis"),
            // Nodes work without it, so one may also begin without it.
            Err(error @ CheckError::Unreachable { .. }) => {
                tracing::error!("{error}");
                redis.is_known_to_be_away();
            }
            Err(error) => return Err(error.into()),
        }
        Ok(Self {
            cache: Arc::new(redis.cache(&settings.cache)),
            rate_limiter: Arc::new(redis.rate_limiter()),
            relay: Some(Arc::new(redis.relay())),
        })
    }
}

/// The providers that people may sign in through. Whoever runs the server chose their issuers, wherever those are.
pub fn sign_in_providers(settings: &Settings) -> Result<Arc<dyn SignInProviders>, Failure> {
    const PATIENCE: Duration = Duration::from_secs(10);
    const MOST_BYTES: usize = 1024 * 1024;
    if settings.oidc.is_empty() {
        return Ok(Arc::new(oidc::Providers::default()));
    }
    let mut outbound = settings.outbound.clone();
    outbound.allowed_hosts.extend(oidc::hosts(&settings.oidc));
    let guard = Guard::new(&outbound).map_err(|problems| unusable("outbound", &problems))?;
    let http = outbound::Client::new(&guard, PATIENCE, MOST_BYTES);
    let http = http.map_err(|failure| Failure::settings(failure.to_string()))?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    Ok(Arc::new(oidc::Providers::new(&settings.oidc, &http, &clock)))
}

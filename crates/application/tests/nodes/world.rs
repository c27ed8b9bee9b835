//! Two nodes over one database, with a person who has an account.

use std::sync::Arc;
use std::time::Duration;

use application::identities::Visitor;
use application::jobs::Background;
use application::keyring::{Keyring, RootKey, RootKeys};
use application::{Bus, Context, Ports, Services, Settings};
use async_trait::async_trait;
use domain::ports::{
    Begun, Cache, CacheKey, Clock, ContentFilter, ExternalPerson, Ids, Journal, KeptSignIn, Load, Loaded,
    ModelDescription, Models, Quota, RateLimitDecision, RateLimiter, Relay, ResolveError, ResolvedModel,
    Returned, SignInProvider, SignInProviderError, SignInProviders,
};
use domain::{
    Actor, ContentFlag, ContentSource, Conversation, ConversationId, Credential, Event, ModelName,
    NewConversation, Origin, Parameters, Parts, Role, Run, RunId, SessionId, Timestamp, Title, TokenHash,
    UnitOfWork, User, UserId, Version, Workspace, WorkspaceId, WorkspaceName,
};
use futures_util::FutureExt as _;
use testing::contracts::World as Accounts;
use testing::fakes::{
    FaultyRelay, RememberedConnections, ScriptedModel, SequentialIds, SharedDatabase, SharedNode,
};
use tokio::time::Instant;

/// The time of the test's runtime, as seen by a clock that may be wrong.
pub struct RuntimeClock {
    start: Instant,
    ahead: Duration,
}

impl RuntimeClock {
    pub fn ahead(ahead: Duration) -> Arc<Self> {
        Arc::new(Self { start: Instant::now(), ahead })
    }
}

impl Clock for RuntimeClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(1_767_225_600_000_000).plus(self.start.elapsed()).plus(self.ahead)
    }
}

/// Remembers nothing, as a cache may.
struct NoCache;

#[async_trait]
impl Cache for NoCache {
    async fn get_or_load(&self, _: &CacheKey, _: Duration, load: Load<'_>) -> Loaded {
        load.await
    }

    async fn invalidate(&self, _: &[CacheKey]) {}

    fn forget_owner(&self, _: UserId) {}

    fn forget_all(&self) {}
}

struct NoLimit;

#[async_trait]
impl RateLimiter for NoLimit {
    async fn check(&self, _: &str, _: Quota) -> RateLimitDecision {
        RateLimitDecision { allowed: true, remaining: 1, reset_after: Duration::ZERO }
    }
}

/// Nobody signs in through others here.
struct NoProviders;

#[async_trait]
impl SignInProviders for NoProviders {
    fn list(&self) -> Vec<SignInProvider> {
        Vec::new()
    }

    async fn begin(&self, _: &str, _: &str) -> Result<Begun, SignInProviderError> {
        Err(SignInProviderError::Unknown)
    }

    async fn finish(&self, _: &KeptSignIn, _: &Returned) -> Result<ExternalPerson, SignInProviderError> {
        Err(SignInProviderError::Unknown)
    }
}

/// Finds nothing remarkable.
struct NoFilter;

impl ContentFilter for NoFilter {
    fn inspect(&self, _: &Parts, _: ContentSource) -> Vec<ContentFlag> {
        Vec::new()
    }
}

/// One model, whatever is asked for.
struct OneModel(ScriptedModel);

impl Models for OneModel {
    fn resolve(&self, _: &ModelName) -> Result<ResolvedModel, ResolveError> {
        Ok(self.default_model())
    }

    fn default_model(&self) -> ResolvedModel {
        ResolvedModel {
            name: ModelName::new("test/model").expect("the name is valid"),
            provider_model: "model".to_owned(),
            is_language_model: true,
            chat: Arc::new(self.0.clone()),
        }
    }

    fn list(&self) -> Vec<ModelDescription> {
        Vec::new()
    }
}

/// A process.
pub struct Node {
    pub services: Arc<Services>,
    pub bus: Arc<Bus>,
    pub storage: Arc<SharedNode>,
}

pub struct World {
    pub database: Arc<SharedDatabase>,
    pub relay: Arc<FaultyRelay>,
    pub ids: Arc<SequentialIds>,
    pub model: ScriptedModel,
    pub workspace_id: WorkspaceId,
    pub user: User,
}

impl World {
    /// A database with one account.
    pub async fn new(seed: u64, model: ScriptedModel) -> Self {
        let ids = Arc::new(SequentialIds::new());
        let clock = RuntimeClock::ahead(Duration::ZERO);
        let database = SharedDatabase::new(seed, clock.clone());
        let workspace_id = WorkspaceId::from_uuid(ids.uuid());
        let account = Accounts::account(&ids, workspace_id, "ada@example.org", clock.now());
        let user = User { role: Role::Owner, ..account };
        let name = WorkspaceName::new("Home").expect("the name is valid");
        let workspace =
            Workspace { id: workspace_id, name, version: Version::FIRST, created_at: clock.now() };
        let relay = Arc::new(FaultyRelay::default());
        let world = Self { database, relay, ids, model, workspace_id, user };
        let events = vec![Event::WorkspaceCreated(workspace), Event::UserCreated(world.user.clone())];
        let founded = world.database.node().commit(world.unit(events)).await;
        founded.expect("an empty database takes an account");
        world
    }

    /// A process whose background is at work.
    pub fn node(&self) -> Node {
        self.node_with(Duration::ZERO)
    }

    /// A process whose clock is wrong.
    pub fn node_with(&self, clock_ahead: Duration) -> Node {
        self.build(clock_ahead, |_, _| {})
    }

    /// A process of which something is different.
    pub fn node_of(&self, change: impl FnOnce(&mut Ports, &mut Settings)) -> Node {
        self.build(Duration::ZERO, change)
    }

    fn build(&self, clock_ahead: Duration, change: impl FnOnce(&mut Ports, &mut Settings)) -> Node {
        let relay: Arc<dyn Relay> = self.relay.clone();
        let node = changed_node(&self.database, Some(relay), &self.ids, &self.model, clock_ahead, change);
        // It works until the test's runtime is gone.
        drop(Background::start(Arc::clone(&node.services)));
        node
    }

    pub fn actor(&self) -> Arc<Actor> {
        Arc::new(Actor {
            workspace_id: self.workspace_id,
            user_id: self.user.id,
            role: self.user.role,
            credential: Credential::Session(SessionId::from_uuid(self.ids.uuid())),
            expires_at: None,
            proof: TokenHash::new([0; 32]),
        })
    }

    pub fn context(&self) -> Context {
        Context::new(self.actor(), "request".into(), None)
    }

    pub fn unit(&self, events: Vec<Event>) -> UnitOfWork {
        let origin = Origin::SYSTEM;
        UnitOfWork::new(self.workspace_id, origin, Timestamp::from_micros(1_767_225_600_000_000), events)
    }

    pub fn conversation(&self, owner_id: UserId) -> Conversation {
        let new = NewConversation {
            id: ConversationId::from_uuid(self.ids.uuid()),
            workspace_id: self.workspace_id,
            owner_id,
            project_id: None,
            title: Some(Title::new("Nodes").expect("the title is valid")),
            model: None,
            system_prompt: None,
            parameters: Parameters::default(),
        };
        Conversation::create(new, Timestamp::from_micros(1_767_225_600_000_000))
    }

    /// A run as it is stored.
    pub async fn run(&self, node: &Node, id: RunId) -> Run {
        let run = node.services.ports.runs.get(self.workspace_id, id).await;
        run.expect("reading works").expect("the run is stored")
    }
}

pub fn node(
    database: &Arc<SharedDatabase>,
    relay: Option<Arc<dyn Relay>>,
    ids: &Arc<SequentialIds>,
    model: &ScriptedModel,
    clock_ahead: Duration,
) -> Node {
    changed_node(database, relay, ids, model, clock_ahead, |_, _| {})
}

/// A process of which something is different.
fn changed_node(
    database: &Arc<SharedDatabase>,
    relay: Option<Arc<dyn Relay>>,
    ids: &Arc<SequentialIds>,
    model: &ScriptedModel,
    clock_ahead: Duration,
    change: impl FnOnce(&mut Ports, &mut Settings),
) -> Node {
    let storage = database.node();
    let mut ports = Ports {
        journal: storage.clone(),
        conversations: storage.clone(),
        messages: storage.clone(),
        runs: storage.clone(),
        identities: storage.clone(),
        workspaces: storage.clone(),
        projects: storage.clone(),
        tags: storage.clone(),
        annotations: storage.clone(),
        shares: storage.clone(),
        audit_log: storage.clone(),
        secret_keys: storage.clone(),
        providers: storage.clone(),
        provider_connections: Arc::new(RememberedConnections::default()),
        mailer: None,
        sign_in_providers: Arc::new(NoProviders),
        content_filter: Arc::new(NoFilter),
        idempotency: storage.clone(),
        jobs: storage.clone(),
        maintenance: storage.clone(),
        search: storage.clone(),
        models: Arc::new(OneModel(model.clone())),
        cache: Arc::new(NoCache),
        rate_limiter: Arc::new(NoLimit),
        relay,
        clock: RuntimeClock::ahead(clock_ahead),
        ids: ids.clone(),
    };
    let mut settings =
        Settings { titles: false, argon2_memory_kib: 8_192, argon2_passes: 1, ..Settings::default() };
    change(&mut ports, &mut settings);
    let roots = RootKeys { current: RootKey::from_secret("the tests' own secret"), previous: Vec::new() };
    let keys = Keyring::open(storage.clone(), roots, &*ports.clock, &**ids);
    let keyring = keys.now_or_never().expect("nothing is slow yet").expect("the keys are in order");
    let services = Services::new(ports, settings, keyring);
    Node { bus: Bus::new(Arc::clone(&services)), services, storage }
}

/// Somebody who has not said who they are.
pub fn visitor() -> Visitor {
    Visitor { request_id: "request".into(), address: None, device: None, site: None }
}

/// Waits until something holds, for at most a time of the test's runtime.
pub async fn within<T>(limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> Option<T> {
    let until = Instant::now() + limit;
    loop {
        if let Some(found) = look().await {
            return Some(found);
        }
        if Instant::now() >= until {
            return None;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

//! What handlers work with: the ports, and the parts of this crate that keep state.

use std::sync::Arc;

use domain::NodeId;
use domain::ports::{
    Annotations, AuditLog, Cache, Clock, ContentFilter, Conversations, IdempotencyRecords, Identities, Ids,
    Jobs, Journal, Mailer, Maintenance, Messages, Models, Projects, ProviderConnections, Providers,
    RateLimiter, Relay, Runs, Search, SecretKeys, Shares, SignInProviders, Tags, Workspaces,
};
use tokio::sync::Semaphore;

use crate::Settings;
use crate::events::EventHub;
use crate::identities::{Authenticator, CredentialUses, Passwords, Setup, Watches};
use crate::jobs::JobQueue;
use crate::keyring::Keyring;
use crate::lease_clock::LeaseClock;
use crate::lookout::Lookout;
use crate::models::UsageMeter;
use crate::observer::Observer;
use crate::people::Post;
use crate::providers::ConnectedProviders;
use crate::runs::{Recovery, RunEngine};

/// The ports, as the composition root fills them.
#[derive(Clone)]
pub struct Ports {
    /// The one way to change data.
    pub journal: Arc<dyn Journal>,
    /// Reading conversations.
    pub conversations: Arc<dyn Conversations>,
    /// Reading messages.
    pub messages: Arc<dyn Messages>,
    /// Reading runs.
    pub runs: Arc<dyn Runs>,
    /// Reading accounts and credentials.
    pub identities: Arc<dyn Identities>,
    /// Reading workspaces, and who may join them.
    pub workspaces: Arc<dyn Workspaces>,
    /// Reading projects and who sees them.
    pub projects: Arc<dyn Projects>,
    /// Reading tags.
    pub tags: Arc<dyn Tags>,
    /// Reading annotations.
    pub annotations: Arc<dyn Annotations>,
    /// Reading links to conversations.
    pub shares: Arc<dyn Shares>,
    /// Reading the audit log.
    pub audit_log: Arc<dyn AuditLog>,
    /// The keys of the server itself.
    pub secret_keys: Arc<dyn SecretKeys>,
    /// Reading the model providers that administrators connected.
    pub providers: Arc<dyn Providers>,
    /// Connecting them.
    pub provider_connections: Arc<dyn ProviderConnections>,
    /// Sending mail; `None` where no mail server is set.
    pub mailer: Option<Arc<dyn Mailer>>,
    /// Signing in through `OpenID` providers.
    pub sign_in_providers: Arc<dyn SignInProviders>,
    /// Looking at content that nobody here wrote.
    pub content_filter: Arc<dyn ContentFilter>,
    /// Results of earlier attempts.
    pub idempotency: Arc<dyn IdempotencyRecords>,
    /// Background work.
    pub jobs: Arc<dyn Jobs>,
    /// Keeping the database in order.
    pub maintenance: Arc<dyn Maintenance>,
    /// Full-text search.
    pub search: Arc<dyn Search>,
    /// Language models.
    pub models: Arc<dyn Models>,
    /// Remembering what was read.
    pub cache: Arc<dyn Cache>,
    /// Counting requests.
    pub rate_limiter: Arc<dyn RateLimiter>,
    /// Carrying what runs say to other processes; `None` where there are none.
    pub relay: Option<Arc<dyn Relay>>,
    /// The time of day.
    pub clock: Arc<dyn Clock>,
    /// Fresh identifiers.
    pub ids: Arc<dyn Ids>,
}

/// Everything that handlers work with.
pub struct Services {
    /// The ports.
    pub ports: Ports,
    /// Limits and times.
    pub settings: Settings,
    /// This process.
    pub node_id: NodeId,
    /// Committed events, on their way to subscribers.
    pub hub: Arc<EventHub>,
    /// Generations at work.
    pub engine: Arc<RunEngine>,
    /// By which leases are given and judged.
    pub lease_clock: Arc<LeaseClock>,
    /// Ending what processes that are gone left behind.
    pub recovery: Recovery,
    /// Places for answers outside of conversations.
    pub completions: Arc<Semaphore>,
    /// Counting what those consume.
    pub meter: Arc<UsageMeter>,
    /// The keys of the server itself.
    pub keyring: Keyring,
    /// Turning credentials into actors.
    pub authenticator: Authenticator,
    /// Who is connected, and with what.
    pub watches: Watches,
    /// When and from where credentials were used last.
    pub uses: Arc<CredentialUses>,
    /// Finding out what news of other processes did not tell.
    pub lookout: Lookout,
    /// Hashing and checking passwords.
    pub passwords: Passwords,
    /// Mail on its way.
    pub post: Post,
    /// The one-time link for the first owner.
    pub setup: Setup,
    /// Which model providers are connected that administrators chose.
    pub connected_providers: ConnectedProviders,
    /// Wakes the background worker.
    pub job_queue: JobQueue,
}

impl Services {
    /// Puts the application together over its ports, and observes the journal. Call it on the tokio runtime that is to
    /// carry out runs and outlives whatever serves requests.
    pub fn new(ports: Ports, settings: Settings, keyring: Keyring) -> Arc<Self> {
        let node_id = NodeId::from_uuid(ports.ids.uuid());
        let hub = EventHub::new(&ports);
        let job_queue = JobQueue::default();
        let lease_clock = Arc::new(LeaseClock::new(Arc::clone(&ports.clock), Arc::clone(&ports.maintenance)));
        let engine = RunEngine::new(&ports, &settings, node_id, Arc::clone(&lease_clock));
        let services = Arc::new(Self {
            node_id,
            hub,
            engine,
            lease_clock,
            recovery: Recovery::default(),
            completions: Arc::new(Semaphore::new(settings.max_runs)),
            meter: UsageMeter::new(&ports),
            keyring,
            authenticator: Authenticator::default(),
            watches: Watches::default(),
            uses: CredentialUses::new(&ports, &settings),
            lookout: Lookout::default(),
            passwords: Passwords::new(&settings, Arc::clone(&ports.ids)),
            post: Post::new(&ports),
            setup: Setup::default(),
            connected_providers: ConnectedProviders::default(),
            job_queue,
            ports,
            settings,
        });
        services.ports.journal.observe(Arc::new(Observer(Arc::downgrade(&services))));
        services
    }
}

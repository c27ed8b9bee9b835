//! What handlers work with: the ports, and the parts of this crate that keep state.

use std::sync::Arc;

use domain::NodeId;
use domain::ports::{
    Clock, Conversations, IdempotencyRecords, Identities, Ids, Jobs, Journal, Maintenance, Messages, Models,
    RateLimiter, Relay, Runs, Search,
};
use tokio::sync::Semaphore;

use crate::Settings;
use crate::events::EventHub;
use crate::identities::{Authenticator, KnownAddresses, Passwords, Setup};
use crate::jobs::JobQueue;
use crate::models::UsageMeter;
use crate::runs::RunEngine;

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
    /// Places for answers outside of conversations.
    pub completions: Arc<Semaphore>,
    /// Counting what those consume.
    pub meter: Arc<UsageMeter>,
    /// Turning credentials into actors.
    pub authenticator: Authenticator,
    /// Where people signed in from.
    pub known_addresses: KnownAddresses,
    /// Hashing and checking passwords.
    pub passwords: Passwords,
    /// The one-time link for the first owner.
    pub setup: Setup,
    /// Wakes the background worker.
    pub job_queue: JobQueue,
}

impl Services {
    /// Puts the application together over its ports, and has the hub observe the journal. Call it on the tokio runtime
    /// that is to carry out runs and outlives whatever serves requests.
    pub fn new(ports: Ports, settings: Settings) -> Arc<Self> {
        let node_id = NodeId::from_uuid(ports.ids.uuid());
        let hub = Arc::new(EventHub::default());
        ports.journal.observe(hub.clone());
        let job_queue = JobQueue::default();
        let engine = RunEngine::new(&ports, &settings, node_id, job_queue.clone());
        Arc::new(Self {
            node_id,
            hub,
            engine,
            completions: Arc::new(Semaphore::new(settings.max_runs)),
            meter: UsageMeter::new(&ports),
            authenticator: Authenticator::default(),
            known_addresses: KnownAddresses::default(),
            passwords: Passwords::new(&settings, Arc::clone(&ports.ids)),
            setup: Setup::default(),
            job_queue,
            ports,
            settings,
        })
    }
}

//! What accompanies every command and query.

use std::net::IpAddr;
use std::sync::Arc;

use domain::ports::{Quota, RateLimitDecision};
use domain::{Actor, Event, IdempotencyKey, Origin, UnitOfWork};
use parking_lot::Mutex;

use crate::Services;

/// What accompanies every command and query: who asks, and how the request is known.
#[derive(Debug, Clone)]
pub struct Context {
    /// Who asks.
    pub actor: Arc<Actor>,
    /// The request, as logs and answers name it.
    pub request_id: Arc<str>,
    /// The client's name for this attempt.
    pub idempotency_key: Option<IdempotencyKey>,
    /// Where the request came from, as far as it can be trusted.
    pub address: Option<IpAddr>,
    /// How people reach the server, such as `https://chat.example.org`: what links begin with.
    pub site: Option<Arc<str>>,
    /// What the request was counted against, for whoever tells the client.
    pub counted: Counted,
}

/// What a request was counted against, and how much is left; shared by everybody who counts it.
#[derive(Debug, Clone, Default)]
pub struct Counted(Arc<Mutex<Vec<(Quota, RateLimitDecision)>>>);

impl Counted {
    /// Adds a quota; one that it was counted against before is told anew.
    pub fn add(&self, quota: Quota, decision: RateLimitDecision) {
        let mut counted = self.0.lock();
        counted.retain(|(known, _)| known.name != quota.name);
        counted.push((quota, decision));
    }

    /// Everything so far.
    pub fn all(&self) -> Vec<(Quota, RateLimitDecision)> {
        self.0.lock().clone()
    }
}

impl Context {
    /// A context without an idempotency key.
    pub fn new(actor: Arc<Actor>, request_id: Arc<str>, address: Option<IpAddr>) -> Self {
        Self { actor, request_id, idempotency_key: None, address, site: None, counted: Counted::default() }
    }

    /// Tells how people reach the server.
    #[must_use]
    pub fn at(self, site: Option<Arc<str>>) -> Self {
        Self { site, ..self }
    }

    /// A unit of work that this context causes now.
    pub fn unit_of_work(&self, services: &Services, events: Vec<Event>) -> UnitOfWork {
        let origin = Origin {
            user_id: Some(self.actor.user_id),
            credential: self.actor.credential.clone(),
            request_id: Some(self.request_id.to_string()),
            address: self.address,
        };
        UnitOfWork::new(self.actor.workspace_id, origin, services.ports.clock.now(), events)
    }
}

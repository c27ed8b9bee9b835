//! How long somebody who is connected may stay: until the credential ends or expires.

use std::sync::Arc;
use std::time::Duration;

use application::Services;
use application::events::Inbox;
use application::identities::CredentialWatch;
use domain::Actor;
use tokio::time::Instant;

/// Watches one credential for one connection.
pub struct Watch {
    /// Ends the watching when it is dropped.
    _ends: CredentialWatch,
    expires: Option<Instant>,
}

impl Watch {
    /// From now on, the end of the actor's credential arrives in the inbox.
    pub fn new(services: &Services, actor: &Arc<Actor>, inbox: &Arc<Inbox>) -> Self {
        let now = services.lease_clock.now();
        let expires = actor.expires_at.and_then(|at| {
            let left = u64::try_from(at.micros() - now.micros()).unwrap_or(0);
            Instant::now().checked_add(Duration::from_micros(left))
        });
        Self { _ends: services.watches.watch(actor, inbox), expires }
    }

    /// When the credential expires, where it does.
    pub const fn expires(&self) -> Option<Instant> {
        self.expires
    }

    /// Waits until the credential expires.
    pub async fn expired(&self) {
        match self.expires {
            Some(at) => tokio::time::sleep_until(at).await,
            None => std::future::pending().await,
        }
    }
}

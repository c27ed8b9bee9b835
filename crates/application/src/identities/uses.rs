//! When and from where credentials were used last, without a write a request.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::{Ids, Journal};
use domain::{Actor, Credential, CredentialUse, Timestamp, UsedCredential};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::jitter::jittered;
use crate::{Ports, Settings};

/// How many uses are stored at one time.
const AT_ONCE: usize = 1_000;

/// Gathers in memory when and from where credentials were used last, and stores it about once a minute: at most that much
/// is lost when the process is killed.
pub struct CredentialUses {
    journal: Arc<dyn Journal>,
    ids: Arc<dyn Ids>,
    period: Duration,
    noted: Mutex<HashMap<UsedCredential, CredentialUse>>,
}

impl CredentialUses {
    /// Nothing was used yet.
    pub fn new(ports: &Ports, settings: &Settings) -> Arc<Self> {
        Arc::new(Self {
            journal: Arc::clone(&ports.journal),
            ids: Arc::clone(&ports.ids),
            period: settings.last_use(),
            noted: Mutex::default(),
        })
    }

    /// Notes that the actor's credential was used.
    pub fn note(&self, actor: &Actor, at: Timestamp, address: Option<IpAddr>) {
        let credential = match actor.credential {
            Credential::Session(id) => UsedCredential::Session(id),
            Credential::ApiKey { id, .. } => UsedCredential::ApiKey(id),
            Credential::System => return,
        };
        self.noted.lock().insert(credential, CredentialUse { credential, at, address });
    }

    /// Stores what was noted, about once a period and a last time when `stop` is cancelled.
    pub async fn keep_storing(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let period = jittered(&*self.ids, self.period);
            let stopped = tokio::time::timeout(period, stop.cancelled()).await.is_ok();
            self.store().await;
            if stopped {
                return;
            }
        }
    }

    /// Stores what was noted, now.
    pub async fn store(&self) {
        let noted: Vec<CredentialUse> = self.noted.lock().drain().map(|(_, noted)| noted).collect();
        for uses in noted.chunks(AT_ONCE) {
            if let Err(error) = self.journal.note_uses(uses.to_vec()).await {
                tracing::warn!(%error, "the last uses of credentials could not be stored yet");
                self.put_back(uses);
            }
        }
    }

    fn put_back(&self, uses: &[CredentialUse]) {
        let mut noted = self.noted.lock();
        for earlier in uses {
            if let Entry::Vacant(place) = noted.entry(earlier.credential) {
                place.insert(*earlier);
            }
        }
    }
}

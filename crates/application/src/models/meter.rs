//! Counting what is consumed outside of conversations, without a write a request.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use domain::ports::{Clock, Journal};
use domain::{
    Actor, ApiKeyId, Event, ModelName, Money, Origin, UnitOfWork, Usage, UsageEntry, UserId, WorkspaceId,
};
use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;

use crate::Ports;

/// How often what was counted is stored.
const PERIOD: Duration = Duration::from_secs(1);

/// Who consumed something, with which key, of which model.
type Consumer = (WorkspaceId, UserId, Option<ApiKeyId>, ModelName);

/// Gathers usage in memory and stores it once a second: at most that much is lost when the process is killed.
pub struct UsageMeter {
    journal: Arc<dyn Journal>,
    clock: Arc<dyn Clock>,
    counted: Mutex<HashMap<Consumer, UsageEntry>>,
}

impl UsageMeter {
    /// A meter at zero.
    pub fn new(ports: &Ports) -> Arc<Self> {
        Arc::new(Self {
            journal: Arc::clone(&ports.journal),
            clock: Arc::clone(&ports.clock),
            counted: Mutex::default(),
        })
    }

    /// Counts one generation.
    pub fn record(&self, actor: &Actor, model: &ModelName, usage: Option<Usage>) {
        let usage = usage.unwrap_or_default();
        let mut counted = self.counted.lock();
        let api_key_id = actor.credential.api_key_id();
        let key = (actor.workspace_id, actor.user_id, api_key_id, model.clone());
        let entry = counted.entry(key).or_insert_with(|| UsageEntry {
            user_id: actor.user_id,
            api_key_id,
            model: model.clone(),
            requests: 0,
            input_tokens: 0,
            output_tokens: 0,
            cost: Money::ZERO,
        });
        entry.requests = entry.requests.saturating_add(1);
        entry.input_tokens += u64::from(usage.input_tokens.0);
        entry.output_tokens += u64::from(usage.output_tokens.0);
        let cost = usage.cost_microusd.unwrap_or(Money::ZERO);
        entry.cost = entry.cost.checked_add(cost).unwrap_or(entry.cost);
    }

    /// Stores what was counted, once a period and a last time when `stop` is cancelled.
    pub async fn keep_storing(self: Arc<Self>, stop: CancellationToken) {
        loop {
            let stopped = tokio::time::timeout(PERIOD, stop.cancelled()).await.is_ok();
            self.store().await;
            if stopped {
                return;
            }
        }
    }

    /// Stores what was counted, now.
    pub async fn store(&self) {
        let counted = std::mem::take(&mut *self.counted.lock());
        let mut by_workspace: HashMap<WorkspaceId, Vec<UsageEntry>> = HashMap::new();
        for ((workspace_id, ..), entry) in counted {
            by_workspace.entry(workspace_id).or_default().push(entry);
        }
        for (workspace_id, entries) in by_workspace {
            let origin = Origin::SYSTEM;
            let events = vec![Event::UsageRecorded(entries.clone())];
            let unit = UnitOfWork::new(workspace_id, origin, self.clock.now(), events);
            if let Err(error) = self.journal.commit(unit).await {
                tracing::warn!(%error, "usage could not be stored yet");
                self.put_back(workspace_id, entries);
            }
        }
    }

    fn put_back(&self, workspace_id: WorkspaceId, entries: Vec<UsageEntry>) {
        let mut counted = self.counted.lock();
        for entry in entries {
            let key = (workspace_id, entry.user_id, entry.api_key_id, entry.model.clone());
            match counted.get_mut(&key) {
                Some(newer) => {
                    newer.requests = newer.requests.saturating_add(entry.requests);
                    newer.input_tokens += entry.input_tokens;
                    newer.output_tokens += entry.output_tokens;
                    newer.cost = newer.cost.checked_add(entry.cost).unwrap_or(newer.cost);
                }
                None => {
                    counted.insert(key, entry);
                }
            }
        }
    }
}

//! Keeping what is connected in step with what is stored.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};

use domain::ports::ConnectionProblem;
use domain::{Provider, ProviderId};
use parking_lot::RwLock;
use tokio::sync::Mutex;

use super::{connection, unseal};
use crate::{Error, Services};

/// What is connected in this process.
#[derive(Default)]
pub struct ConnectedProviders {
    /// As what was stored when it was last looked at; whoever holds it connects.
    seen: Mutex<Option<Vec<Provider>>>,
    /// Something changed and could not be looked at.
    is_due: AtomicBool,
    problems: RwLock<HashMap<ProviderId, String>>,
}

impl ConnectedProviders {
    /// Connects what is stored, in place of what was connected before. Nothing happens where nothing has changed.
    ///
    /// # Errors
    /// When the database does not answer; then it is tried again before long.
    pub async fn connect(services: &Services) -> Result<(), Error> {
        let this = &services.connected_providers;
        let mut seen = this.seen.lock().await;
        this.is_due.store(true, Ordering::Relaxed);
        let stored = services.ports.providers.providers().await?;
        this.is_due.store(false, Ordering::Relaxed);
        if seen.as_ref() == Some(&stored) {
            return Ok(());
        }
        let (mut connections, mut problems) = (Vec::new(), Vec::new());
        for provider in stored.iter().filter(|provider| provider.enabled) {
            match unseal(services, provider).await {
                Ok(key) => connections.push(connection(provider, key)),
                Err(problem) => problems.push((provider.id, problem)),
            }
        }
        problems.extend(services.ports.provider_connections.connect(connections));
        this.take(problems);
        *seen = Some(stored);
        Ok(())
    }

    /// Looks for what other processes have changed, and for what could not be looked at before.
    pub(crate) async fn look(services: &Services) -> Result<(), Error> {
        let is_alone = services.ports.journal.commits_alone();
        if is_alone && !services.connected_providers.is_due.load(Ordering::Relaxed) {
            return Ok(());
        }
        Self::connect(services).await
    }

    /// Why a provider cannot be used, in words.
    pub(super) fn problem_of(&self, id: ProviderId) -> Option<String> {
        self.problems.read().get(&id).cloned()
    }

    fn take(&self, found: Vec<(ProviderId, ConnectionProblem)>) {
        let words = |ConnectionProblem { field, problem }| format!("The {field} {problem}.");
        let found: HashMap<_, _> = found.into_iter().map(|(id, problem)| (id, words(problem))).collect();
        let mut problems = self.problems.write();
        for (id, problem) in &found {
            if problems.get(id) != Some(problem) {
                tracing::warn!(provider_id = %id, problem, "a model provider cannot be used");
            }
        }
        *problems = found;
    }
}

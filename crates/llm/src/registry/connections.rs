//! Providers that administrators connect while the server runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use domain::ProviderId;
use domain::ports::{
    ConnectionProblem, ProviderConnection, ProviderConnections, ProviderError, SettingsProvider,
};
use validator::{Validate as _, ValidationErrorsKind};

use super::provider::Provider;
use super::{Key, Origin, Registry};
use crate::settings::describe;
use crate::{BUILTIN, OpenAiCompatible, ProviderKind, ProviderSettings, Secret};

#[async_trait]
impl ProviderConnections for Registry {
    fn of_settings(&self) -> Vec<SettingsProvider> {
        let shown = self.configured.iter().map(|(name, settings)| SettingsProvider {
            name: name.clone(),
            kind: settings.kind.as_str().to_owned(),
            base_url: settings.base_url.clone(),
            has_api_key: settings.api_key.is_some(),
            models: settings.models.clone(),
        });
        shown.collect()
    }

    fn problems(&self, connection: &ProviderConnection) -> Vec<ConnectionProblem> {
        let mut problems = Vec::new();
        let name = connection.name.as_str();
        if name == BUILTIN || self.configured.contains_key(name) {
            let problem = "is taken by a provider of the server's settings".to_owned();
            problems.push(ConnectionProblem { field: "name", problem });
        }
        match settings(connection) {
            Ok(settings) => problems.extend(self.address_problem(&settings)),
            Err(found) => problems.extend(found),
        }
        problems
    }

    fn connect(&self, connections: Vec<ProviderConnection>) -> Vec<(ProviderId, ConnectionProblem)> {
        let mut refused = Vec::new();
        let before: BTreeMap<Key, Provider> = {
            let providers = self.providers.lock();
            let connected = providers.iter().filter(|((origin, _), _)| *origin == Origin::Administrators);
            connected.map(|(key, provider)| (key.clone(), provider.clone())).collect()
        };
        let mut now = BTreeMap::new();
        for connection in connections {
            let (id, key) = (connection.id, (Origin::Administrators, connection.name.to_string()));
            match self.connected(connection, &before) {
                Ok(provider) => _ = now.insert(key, provider),
                Err(problem) => refused.push((id, problem)),
            }
        }
        {
            let mut providers = self.providers.lock();
            // What was told meanwhile is newer than what was copied.
            for (key, provider) in &mut now {
                let known = providers.get(key).filter(|it| Arc::ptr_eq(&it.adapter, &provider.adapter));
                if let Some(known) = known {
                    *provider = known.clone();
                }
            }
            providers.retain(|(origin, name), _| match origin {
                Origin::Settings => true,
                Origin::Administrators => false,
                Origin::ThisMachine => !now.contains_key(&(Origin::Administrators, name.clone())),
            });
            providers.extend(now);
        }
        self.rebuild();
        self.wake.notify_one();
        refused
    }

    async fn list_models(&self, connection: &ProviderConnection) -> Result<Vec<String>, ProviderError> {
        let refused = |problem: &ConnectionProblem| ProviderError::Refused {
            detail: format!("{} {}", problem.field, problem.problem),
        };
        let settings = settings(connection).map_err(|problems| refused(&problems[0]))?;
        if let Some(problem) = self.address_problem(&settings) {
            return Err(refused(&problem));
        }
        let adapter = OpenAiCompatible::guarded(&settings, &self.guard)
            .map_err(|problem| ProviderError::Unreachable(problem.into()))?;
        Ok(adapter.models().await?.into_iter().map(|model| model.id).collect())
    }
}

impl Registry {
    fn address_problem(&self, settings: &ProviderSettings) -> Option<ConnectionProblem> {
        let refusal = self.guard.check(&settings.address()?).err()?;
        Some(ConnectionProblem { field: "base_url", problem: refusal.to_string() })
    }

    /// The provider as it is, where it is connected already; else a new one.
    fn connected(
        &self,
        connection: ProviderConnection,
        before: &BTreeMap<Key, Provider>,
    ) -> Result<Provider, ConnectionProblem> {
        if let Some(problem) = self.problems(&connection).into_iter().next() {
            return Err(problem);
        }
        let same = before.values().find(|it| it.connection.as_ref() == Some(&connection));
        if let Some(provider) = same {
            return Ok(provider.clone());
        }
        let settings = settings(&connection).map_err(|mut problems| problems.remove(0))?;
        let id = connection.id;
        let mut provider = Provider::guarded(connection, &settings, &self.settings, &self.guard)
            .map_err(|problem| ConnectionProblem { field: "base_url", problem })?;
        let earlier = before.values().find(|it| it.connection.as_ref().is_some_and(|it| it.id == id));
        if let Some(earlier) = earlier.filter(|it| !it.is_fixed && it.address == provider.address)
            && !provider.is_fixed
        {
            provider.models.clone_from(&earlier.models);
        }
        Ok(provider)
    }
}

/// The same as settings, with every other setting at its default.
fn settings(connection: &ProviderConnection) -> Result<ProviderSettings, Vec<ConnectionProblem>> {
    let Some(kind) = ProviderKind::parse(&connection.kind) else {
        let problem = "must be openai, openai-compatible, ollama or mistral".to_owned();
        return Err(vec![ConnectionProblem { field: "kind", problem }]);
    };
    let settings = ProviderSettings {
        base_url: connection.base_url.clone(),
        api_key: connection.api_key.as_ref().map(|key| Secret::new(key.as_str())),
        models: connection.models.iter().map(ToString::to_string).collect(),
        ..ProviderSettings::new(kind)
    };
    let Err(errors) = settings.validate() else { return Ok(settings) };
    let mut problems = Vec::new();
    for (field, kind) in errors.errors() {
        let ValidationErrorsKind::Field(errors) = kind else { continue };
        let field = match field.as_ref() {
            "kind" => "kind",
            "api_key" => "api_key",
            "models" => "models",
            _ => "base_url",
        };
        problems.extend(errors.iter().map(|error| {
            let problem = match error.code.as_ref() {
                "missing" => "must be given for this kind".to_owned(),
                _ => describe(error),
            };
            ConnectionProblem { field, problem }
        }));
    }
    problems.sort_by_key(|problem| problem.field);
    Err(problems)
}

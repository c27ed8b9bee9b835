//! `provider.test`

use std::error::Error as StdError;
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::ProviderError;
use domain::{ModelName, Permission, ProviderId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use validator::Validate;

use super::{connection, managed, unseal};
use crate::bus::{Command, Context, Decision, Handler};
use crate::models::explain;
use crate::{Error, Services};

/// The longest wait for a provider.
const PATIENCE: Duration = Duration::from_secs(10);
/// The most models that are told.
const MOST_MODELS: usize = 2_000;

/// Asks a provider for its list of models, and sends nothing else.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TestProvider {
    /// Which provider.
    pub provider_id: ProviderId,
}

/// How a provider answered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProviderTest {
    /// Whether it answered as it should.
    pub ok: bool,
    /// How long it took, in milliseconds.
    pub milliseconds: u64,
    /// The models that it lists; the first 2,000 of them.
    pub models: Vec<String>,
    /// What went wrong.
    pub problem: Option<ProviderTestProblem>,
}

/// What went wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct ProviderTestProblem {
    /// A stable name for programs, such as `provider_unreachable`.
    pub code: &'static str,
    /// What happened and what to do next.
    pub detail: String,
}

impl Command for TestProvider {
    const NAME: &'static str = "provider.test";
    const PERMISSION: Permission = Permission::ManageProviders;
    type Output = ProviderTest;
}

#[async_trait]
impl Handler for TestProvider {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<ProviderTest>, Error> {
        let provider = managed(services, &context.actor, self.provider_id).await?;
        let begun = Instant::now();
        let outcome = match unseal(services, &provider).await {
            Ok(key) => {
                let connection = connection(&provider, key);
                let asking = services.ports.provider_connections.list_models(&connection);
                match tokio::time::timeout(PATIENCE, asking).await {
                    Ok(answer) => answer.map_err(|error| problem(&error)),
                    Err(_) => Err(problem(&ProviderError::Silent { after: PATIENCE })),
                }
            }
            Err(problem) => Err(ProviderTestProblem {
                code: "provider_unusable",
                detail: format!("The {} {}.", problem.field, problem.problem),
            }),
        };
        let milliseconds = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        let output = match outcome {
            Ok(mut models) => {
                // What is no name could not be asked for either.
                models.retain(|model| ModelName::new(model).is_ok());
                models.truncate(MOST_MODELS);
                ProviderTest { ok: true, milliseconds, models, problem: None }
            }
            Err(problem) => {
                ProviderTest { ok: false, milliseconds, models: Vec::new(), problem: Some(problem) }
            }
        };
        Ok(Decision::unchanged(output))
    }
}

/// What went wrong, with its cause: whoever manages providers may know what the network said.
fn problem(error: &ProviderError) -> ProviderTestProblem {
    let mut detail = explain(error);
    if let ProviderError::Unreachable(source) = error {
        let mut cause: &dyn StdError = &**source;
        while let Some(next) = cause.source() {
            cause = next;
        }
        detail = format!("{detail} The cause: {cause}.");
    }
    ProviderTestProblem { code: error.code(), detail }
}

//! The model providers: do they answer, and do they accept the key?

use domain::ports::ProviderError;
use llm::{OpenAiCompatible, ProviderSettings, Providers};

use super::Finding;
use crate::failure::chain;

/// Asks every provider for its models.
pub async fn look(providers: &Providers) -> Vec<Finding> {
    if providers.is_empty() {
        let state = "none is configured; a local one is found by itself, otherwise earlier messages answer";
        return vec![Finding::good("providers", state)];
    }
    let mut findings = Vec::with_capacity(providers.len());
    for (name, settings) in providers {
        findings.push(ask(name, settings).await);
    }
    findings
}

async fn ask(name: &str, settings: &ProviderSettings) -> Finding {
    let subject = format!("provider {name}");
    let variable = format!("COLLOQUY_PROVIDERS__{}", name.to_uppercase().replace('-', "_"));
    let adapter = match OpenAiCompatible::new(settings) {
        Ok(adapter) => adapter,
        Err(problem) => return Finding::bad(subject, problem, format!("Correct {variable}__BASE_URL.")),
    };
    match adapter.models().await {
        Ok(models) => {
            let unknown = settings.models.iter().find(|model| models.iter().all(|known| known.id != **model));
            match unknown {
                Some(model) if !models.is_empty() => Finding::bad(
                    subject,
                    format!("answers, but does not list the model {model}"),
                    format!("Correct {variable}__MODELS, if requests to it fail."),
                ),
                _ => Finding::good(subject, format!("answers; it lists {} models", models.len())),
            }
        }
        Err(error) => {
            let advice = match &error {
                ProviderError::Unauthorized => format!("Correct {variable}__API_KEY."),
                ProviderError::Refused { .. } | ProviderError::Garbled { .. } => {
                    format!("Correct {variable}__BASE_URL: it goes up to and with /v1.")
                }
                _ => format!("Start it, or correct {variable}__BASE_URL."),
            };
            Finding::bad(subject, chain(&error), advice)
        }
    }
}

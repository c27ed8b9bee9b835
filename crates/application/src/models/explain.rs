//! What went wrong at a provider, in words for the person who asked.

use domain::ports::ProviderError;

use crate::{Code, Error};

/// What happened and what to do next.
pub fn explain(error: &ProviderError) -> String {
    match error {
        ProviderError::Unreachable(_) => {
            "The model provider cannot be reached. Check that it is running and that its base_url is right."
                .to_owned()
        }
        ProviderError::Silent { after } => {
            format!(
                "The model provider sent nothing for {} seconds. Try again, or choose another model.",
                after.as_secs()
            )
        }
        ProviderError::RateLimited { retry_after: Some(after) } => {
            format!(
                "The model provider asks for fewer requests. Try again in {} seconds.",
                after.as_secs().max(1)
            )
        }
        ProviderError::RateLimited { retry_after: None } => {
            "The model provider asks for fewer requests. Try again in a while.".to_owned()
        }
        ProviderError::Failed { detail } => format!("The model provider failed: {detail}"),
        ProviderError::Unauthorized => {
            "The model provider does not accept its API key. An administrator has to correct the setting."
                .to_owned()
        }
        ProviderError::Refused { detail } => format!("The model provider refused the request: {detail}"),
        ProviderError::Garbled { detail } => {
            format!("The model provider sent something that is not an answer: {detail}")
        }
        ProviderError::Interrupted => {
            "The model provider broke off in the middle of the answer. What had arrived is kept.".to_owned()
        }
        ProviderError::BreakerOpen { retry_after } => format!(
            "The model provider has failed repeatedly and is left alone for {} seconds.",
            retry_after.as_secs().max(1)
        ),
    }
}

/// The same as an error of a request.
pub fn provider_error(error: ProviderError) -> Error {
    let detail = explain(&error);
    match error {
        ProviderError::RateLimited { retry_after } => {
            let limited = Error::new(Code::RateLimited, "provider_rate_limited", detail);
            match retry_after {
                Some(after) => limited.retry_after(after),
                None => limited,
            }
        }
        ProviderError::BreakerOpen { retry_after } => {
            Error::new(Code::Unavailable, "provider_resting", detail).retry_after(retry_after)
        }
        ProviderError::Refused { .. } => Error::new(Code::InvalidInput, "provider_refused", detail),
        other => Error::new(Code::Provider, other.code(), detail),
    }
}

//! The layers of the bus, one function each. Each wraps a future and decides whether, and how long, it may work.

use std::num::NonZeroU32;
use std::time::Duration;

use domain::ports::Quota;
use domain::{Credential, KeyLimits, Permission};
use tokio::sync::Semaphore;
use tracing::Instrument as _;

use super::Context;
use crate::{Code, Error, Services};

/// Records what was asked, by whom, and how it ended.
pub async fn trace<T>(
    context: &Context,
    name: &'static str,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let span = tracing::info_span!(
        "operation",
        operation = name,
        request_id = %context.request_id,
        user_id = %context.actor.user_id,
        workspace_id = %context.actor.workspace_id,
    );
    async {
        let mut outcome = work.await;
        if let Err(error) = &mut outcome {
            match error.code() {
                Code::Internal | Code::Unavailable if error.internal_source().is_some() => error.log_source(),
                Code::Internal => tracing::error!(error = %error, "operation failed"),
                Code::Unavailable | Code::TimedOut => tracing::warn!(error = %error, "operation failed"),
                _ => tracing::debug!(error = %error, "operation refused"),
            }
        }
        outcome
    }
    .instrument(span)
    .await
}

/// Refuses work at once when too much is going on, rather than letting all of it become slow.
pub async fn shed_load<T>(
    permits: &Semaphore,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let Ok(_permit) = permits.try_acquire() else {
        let detail = "The server is busy. Nothing was changed; try again in a moment.";
        return Err(Error::new(Code::Overloaded, "overloaded", detail).retry_after(Duration::from_secs(1)));
    };
    work.await
}

/// Ends work that takes too long. A commit that is under way still happens; a repetition with the same key finds it.
pub async fn time_out<T>(limit: Duration, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(limit, work).await.unwrap_or_else(|_| {
        let detail = "The server did not finish in time. It may or may not have happened: repeat it with the same idempotency key.";
        Err(Error::new(Code::TimedOut, "timed_out", detail).retry_after(Duration::from_secs(1)))
    })
}

/// Checks that the actor's role and credential allow the operation.
pub async fn authorize<T>(
    context: &Context,
    name: &'static str,
    permission: Permission,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    if !context.actor.may(permission) {
        return Err(Error::forbidden(format!("Your role, or your API key's scopes, do not allow {name}.")));
    }
    work.await
}

/// Counts the operation against the quotas that hold for it: the person's and the key's.
pub async fn limit_rate<T>(
    services: &Services,
    context: &Context,
    work: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    let settings = &services.settings;
    count(services, context, "operations", settings.requests_per_minute, context.actor.user_id).await?;
    if let Credential::ApiKey { id, limits: KeyLimits { requests_per_minute: Some(limit), .. }, .. } =
        &context.actor.credential
    {
        count(services, context, "key", limit.get(), id).await?;
    }
    work.await
}

/// Counts an answer that is about to begin, which costs more than all else. A repetition that begins none is not counted.
pub async fn limit_generations(services: &Services, context: &Context) -> Result<(), Error> {
    let limit = services.settings.generations_per_minute;
    count(services, context, "generations", limit, context.actor.user_id).await
}

/// Counts one operation.
async fn count(
    services: &Services,
    context: &Context,
    name: &'static str,
    limit: u32,
    whose: impl std::fmt::Display,
) -> Result<(), Error> {
    let limit = NonZeroU32::new(limit).unwrap_or(NonZeroU32::MIN);
    let quota = Quota { name, limit, window: Duration::from_mins(1) };
    let decision = services.ports.rate_limiter.check(&whose.to_string(), quota).await;
    context.counted.add(quota, decision);
    if decision.allowed {
        return Ok(());
    }
    let detail = "You have sent more requests than your quota allows. Wait, then try again.";
    Err(Error::new(Code::RateLimited, "rate_limited", detail).retry_after(decision.reset_after))
}

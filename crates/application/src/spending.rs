//! What a key may spend.

use domain::{Credential, KeyLimits};

use crate::bus::Context;
use crate::{Code, Error, Services};

/// Refuses to begin an answer once the asking key has spent its budget of the month. An answer that has begun goes on, so a
/// budget is passed by what its last answers cost at most.
pub async fn check(services: &Services, context: &Context) -> Result<(), Error> {
    let Credential::ApiKey { id, limits: KeyLimits { monthly_budget: Some(budget), .. }, .. } =
        &context.actor.credential
    else {
        return Ok(());
    };
    let spent = services.ports.identities.spent_with_key(*id, services.ports.clock.now()).await?;
    if spent < *budget {
        return Ok(());
    }
    let detail =
        "The API key has spent its budget of this month (UTC). Use another key, or wait for the next month.";
    Err(Error::new(Code::RateLimited, "budget_exceeded", detail))
}

//! What is asked for beside the password: six-digit codes of a device, and recovery codes for when it is lost.

mod codes;
mod recovery;
mod set_up;
mod view;

use domain::{Event, SignInFailure, User};
use subtle::{Choice, ConstantTimeEq as _};

use super::sign_in;
use crate::bus::Context;
use crate::{Code, Error, Services};
use codes::Secret;

pub use recovery::{RecoveryCodes, ReplaceRecoveryCodes};
pub use set_up::{BeginTotp, DisableTotp, EnableTotp, TotpBegun};
pub use view::{GetTotp, TotpView};

/// Checks what was given beside a right password, and gives the events that use it up; they belong into the unit of work
/// that lets the person in. Nothing is asked of people who have no device.
///
/// # Errors
/// `second_factor_required` where a code is needed and none was given, and `wrong_credentials` where it does not count.
pub async fn check(services: &Services, user: &User, code: Option<&str>) -> Result<Vec<Event>, Error> {
    let identities = &services.ports.identities;
    let Some(totp) = identities.totp(user.id).await? else { return Ok(Vec::new()) };
    let Some(code) = code else { return Err(code_required()) };
    if codes::is_six_digits(code) {
        let secret = Secret::unseal(services, user.id, &totp.sealed_secret).await?;
        let step = secret.step_of(code, services.lease_clock.now());
        // A code counts once, however many requests come with it: a step has to be later than every one used before.
        let step = step.filter(|step| *step > totp.last_step).ok_or_else(Error::wrong_credentials)?;
        return Ok(vec![Event::TotpUsed { user_id: user.id, step }]);
    }
    let offered = codes::hash_of_recovery_code(services, code);
    let stored = identities.recovery_codes(user.id).await?;
    let matches = stored.iter().map(|stored| stored.as_bytes().ct_eq(offered.as_bytes()));
    if matches.fold(Choice::from(0), |any, one| any | one).into() {
        return Ok(vec![Event::RecoveryCodeUsed { user_id: user.id, code: offered }]);
    }
    Err(Error::wrong_credentials())
}

fn code_required() -> Error {
    let detail = "The password is right. Send the code that your device shows too, or a recovery code.";
    Error::new(Code::Unauthenticated, "second_factor_required", detail)
}

/// Somebody who is signed in proves that they have their device, before something about it changes: whoever only has
/// their browser and their password must not be able to do away with the second factor.
///
/// # Errors
/// `invalid_input` at `/code` when it does not count; `rate_limited` after too many attempts.
async fn prove(services: &Services, context: &Context, user: &User, code: &str) -> Result<Vec<Event>, Error> {
    sign_in::limit_attempts(services, context.address, "again", &user.id.to_string()).await?;
    match check(services, user, Some(code)).await {
        Err(error) if error.code() == Code::Unauthenticated => {
            refused(services, context, user).await?;
            Err(wrong_code())
        }
        outcome => outcome,
    }
}

/// Tells the audit log of a wrong code.
async fn refused(services: &Services, context: &Context, user: &User) -> Result<(), Error> {
    let failed = Event::SignInFailed { user_id: Some(user.id), reason: SignInFailure::WrongCode };
    services.ports.journal.commit(context.unit_of_work(services, vec![failed])).await?;
    Ok(())
}

fn wrong_code() -> Error {
    Error::invalid_field("/code", "wrong_code", "is not a code that counts now, or was used before")
}

/// The person who asks.
async fn person(services: &Services, context: &Context) -> Result<User, Error> {
    let actor = &context.actor;
    let user = services.ports.identities.user(actor.workspace_id, actor.user_id).await?;
    user.ok_or_else(Error::unauthenticated)
}

fn not_enabled() -> Error {
    Error::conflict("totp_not_enabled", "No codes are asked for when you sign in.")
}

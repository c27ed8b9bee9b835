//! `totp.begin`, `totp.enable` and `totp.disable`

use std::time::Duration;

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{Event, Permission, Timestamp, Totp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::codes::{self, Secret};
use super::{RecoveryCodes, not_enabled, person, prove, refused, wrong_code};
use crate::bus::{Command, Context, Decision, Handler};
use crate::identities::{reauthenticate, sign_in};
use crate::{Error, Services};

/// How long somebody may take to set up a device.
const SET_UP: Duration = Duration::from_mins(10);

/// Begins to set up a device. Nothing changes until it has shown a right code.
#[derive(Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginTotp {
    /// The present password; absent for accounts without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1024, message = "must be 1 to 1024 characters long"))]
    pub current_password: Option<String>,
}

/// What a device needs.
#[derive(Clone, Serialize, JsonSchema)]
#[schemars(title = "TotpBegun")]
pub struct TotpBegun {
    /// To be given back with the first code; it works for ten minutes.
    pub state: String,
    /// The secret in Base32, for typing in.
    pub secret: String,
    /// The same as an `otpauth:` address, for a picture that a camera reads.
    pub url: String,
}

impl Command for BeginTotp {
    const NAME: &'static str = "totp.begin";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    const HOLDS_A_SECRET: bool = true;
    type Output = TotpBegun;
}

#[async_trait]
impl Handler for BeginTotp {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<TotpBegun>, Error> {
        reauthenticate(services, context, self.current_password.as_deref()).await?;
        let user = person(services, context).await?;
        refuse_second(services, user.id).await?;
        let secret = Secret::random(&*services.ports.ids);
        let begun = TotpBegun {
            state: Begun { secret: secret.bytes().to_vec(), until: until(services) }
                .seal(services, user.id)?,
            secret: secret.to_base32()?,
            url: secret.to_url(user.email.as_str())?,
        };
        Ok(Decision::unchanged(begun))
    }
}

/// Asks for codes from now on: the device has shown a right one.
#[derive(Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EnableTotp {
    /// As it was given when this began.
    #[validate(length(min = 1, max = 1024, message = "must be the state from the beginning"))]
    pub state: String,
    /// What the device shows.
    #[validate(length(min = 1, max = 64, message = "must be 1 to 64 characters long"))]
    pub code: String,
}

impl Command for EnableTotp {
    const NAME: &'static str = "totp.enable";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    const HOLDS_A_SECRET: bool = true;
    type Output = RecoveryCodes;
}

#[async_trait]
impl Handler for EnableTotp {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<RecoveryCodes>, Error> {
        let user = person(services, context).await?;
        sign_in::limit_attempts(services, context.address, "again", &user.id.to_string()).await?;
        refuse_second(services, user.id).await?;
        let now = services.lease_clock.now();
        let secret = Begun::unseal(services, user.id, &self.state, now).await?;
        let Some(step) = secret.step_of(&self.code, now) else {
            refused(services, context, &user).await?;
            return Err(wrong_code());
        };
        let sealed_secret = secret.seal(services, user.id);
        let totp = Totp { user_id: user.id, sealed_secret, last_step: step, enabled_at: now };
        let (recovery_codes, hashes) = codes::new_recovery_codes(services);
        let events = vec![Event::TotpEnabled { totp, recovery_codes: hashes }];
        Ok(Decision::commit(services, context, events, RecoveryCodes { recovery_codes }))
    }
}

/// Asks for codes no longer.
#[derive(Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DisableTotp {
    /// The present password; absent for accounts without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1024, message = "must be 1 to 1024 characters long"))]
    pub current_password: Option<String>,
    /// What the device shows, or a recovery code.
    #[validate(length(min = 1, max = 64, message = "must be 1 to 64 characters long"))]
    pub code: String,
}

impl Command for DisableTotp {
    const NAME: &'static str = "totp.disable";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = ();
}

#[async_trait]
impl Handler for DisableTotp {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        reauthenticate(services, context, self.current_password.as_deref()).await?;
        let user = person(services, context).await?;
        let mut events = prove(services, context, &user, &self.code).await?;
        if events.is_empty() {
            return Err(not_enabled());
        }
        events.push(Event::TotpDisabled { user_id: user.id });
        Ok(Decision::commit(services, context, events, ()))
    }
}

async fn refuse_second(services: &Services, user_id: UserId) -> Result<(), Error> {
    if services.ports.identities.totp(user_id).await?.is_none() {
        return Ok(());
    }
    let detail = "Codes of a device are asked for already. Disable that device before you set up another.";
    Err(Error::conflict("totp_enabled", detail))
}

fn until(services: &Services) -> Timestamp {
    services.lease_clock.now().plus(SET_UP)
}

/// What a client keeps, and cannot read or change, between beginning and enabling.
#[derive(Serialize, Deserialize)]
struct Begun {
    secret: Vec<u8>,
    until: Timestamp,
}

impl Begun {
    fn seal(&self, services: &Services, user_id: UserId) -> Result<String, Error> {
        let plain = serde_json::to_vec(self).map_err(Error::internal)?;
        let sealed = services.keyring.seal(&plain, &Self::about(user_id), &*services.ports.ids);
        Ok(URL_SAFE_NO_PAD.encode(sealed))
    }

    /// The secret, where the state was made for the same person and is not too old.
    async fn unseal(
        services: &Services,
        user_id: UserId,
        state: &str,
        now: Timestamp,
    ) -> Result<Secret, Error> {
        let unknown = || {
            let detail = "is not a state that you were given within the last ten minutes; begin again";
            Error::invalid_field("/state", "invalid", detail)
        };
        let sealed = URL_SAFE_NO_PAD.decode(state).map_err(|_| unknown())?;
        let plain = services.keyring.read(&sealed, &Self::about(user_id)).await.map_err(|_| unknown())?;
        let begun: Self = serde_json::from_slice(&plain).map_err(|_| unknown())?;
        if begun.until < now {
            return Err(unknown());
        }
        Secret::from_bytes(begun.secret)
    }

    /// What the state is bound to.
    fn about(user_id: UserId) -> String {
        format!("setting up totp {user_id}")
    }
}

//! `passkey.begin` and `passkey.create`

use async_trait::async_trait;
use domain::{Event, Passkey, PasskeyId, PasskeyName, Permission, TicketKind};
use passki::{
    RegistrationCredential, RegistrationOptions, RegistrationState, ResidentKeyRequirement, StoredPasskey,
    UserVerificationRequirement,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use validator::Validate;

use super::{CHALLENGE, MAX_PASSKEYS, PasskeyChallenge, PasskeyView, read, relying_party, stored};
use crate::bus::{Command, Context, Decision, Handler};
use crate::identities::{reauthenticate, tickets};
use crate::{Error, Services};

/// Begins to add a passkey: gives what the browser needs to make one.
#[derive(Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BeginPasskey {
    /// The present password; absent for accounts without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(length(min = 1, max = 1024, message = "must be 1 to 1024 characters long"))]
    pub current_password: Option<String>,
}

impl Command for BeginPasskey {
    const NAME: &'static str = "passkey.begin";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = PasskeyChallenge;
}

#[async_trait]
impl Handler for BeginPasskey {
    async fn handle(
        &self,
        services: &Services,
        context: &Context,
    ) -> Result<Decision<PasskeyChallenge>, Error> {
        reauthenticate(services, context, self.current_password.as_deref()).await?;
        let relying_party = relying_party(context.site.as_deref())?;
        let (workspace_id, user_id) = (context.actor.workspace_id, context.actor.user_id);
        let user = services.ports.identities.user(workspace_id, user_id).await?;
        let user = user.ok_or_else(Error::unauthenticated)?;
        let known = services.ports.identities.passkeys(user_id).await?;
        if known.len() >= MAX_PASSKEYS {
            let detail = format!("Nobody may have more than {MAX_PASSKEYS} passkeys. Remove one first.");
            return Err(Error::conflict("too_many_passkeys", detail));
        }
        let known = known.iter().map(stored).collect::<Result<Vec<StoredPasskey>, Error>>()?;
        let mut options = RegistrationOptions::default();
        options.timeout = u64::try_from(CHALLENGE.as_millis()).unwrap_or(u64::MAX);
        options.resident_key = ResidentKeyRequirement::Required;
        options.user_verification = UserVerificationRequirement::Required;
        options.exclude_credentials = Some(&known);
        let (name, email) = (user.display_name.as_str(), user.email.as_str());
        let id = user_id.uuid();
        let (options, state) = relying_party
            .start_passkey_registration(id.as_bytes(), email, name, options)
            .map_err(Error::internal)?;
        let (token, issued) = tickets::issue(
            services,
            tickets::NewTicket {
                kind: TicketKind::PasskeyRegistration,
                workspace_id,
                user_id: Some(user_id),
                payload: serde_json::to_string(&state).map_err(Error::internal)?,
                lifetime: CHALLENGE,
            },
        );
        let challenge = PasskeyChallenge::new(token, &options)?;
        Ok(Decision::commit(services, context, vec![issued], challenge))
    }
}

/// Adds the passkey that the browser made.
#[derive(Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreatePasskey {
    /// As it was given with the challenge.
    #[validate(length(min = 1, max = 200, message = "must be the state from the challenge"))]
    pub state: String,
    /// What to call it.
    pub name: PasskeyName,
    /// What the browser gave, by `toJSON()`.
    pub credential: Map<String, Value>,
}

impl Command for CreatePasskey {
    const NAME: &'static str = "passkey.create";
    const PERMISSION: Permission = Permission::ManageOwnAccount;
    type Output = PasskeyView;
}

#[async_trait]
impl Handler for CreatePasskey {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<PasskeyView>, Error> {
        let (ports, user_id) = (&services.ports, context.actor.user_id);
        let relying_party = relying_party(context.site.as_deref())?;
        let credential: RegistrationCredential = read(&self.credential)?;
        let ticket = tickets::find(services, TicketKind::PasskeyRegistration, &self.state).await?;
        let ticket = ticket.filter(|ticket| ticket.user_id == Some(user_id)).ok_or_else(|| {
            let detail =
                "is not a state that you were given within the last five minutes, or was used; begin again";
            Error::invalid_field("/state", "invalid", detail)
        })?;
        let state: RegistrationState = serde_json::from_str(&ticket.payload).map_err(Error::internal)?;
        let made = relying_party.finish_passkey_registration(&credential, &state);
        let made = made.map_err(|error| {
            let detail = format!("is not an answer to the challenge: {error}");
            Error::invalid_field("/credential", "invalid", detail)
        })?;
        if ports.identities.passkey_by_credential(&made.credential_id).await?.is_some() {
            return Err(Error::conflict("passkey_known", "This passkey was added before."));
        }
        let passkey = Passkey {
            id: PasskeyId::from_uuid(ports.ids.uuid()),
            user_id,
            name: self.name.clone(),
            credential: serde_json::to_string(&made).map_err(Error::internal)?,
            credential_id: made.credential_id,
            created_at: ports.clock.now(),
            last_used_at: None,
        };
        let view = PasskeyView::from(passkey.clone());
        let events = vec![tickets::used(&ticket), Event::PasskeyAdded(passkey)];
        Ok(Decision::commit(services, context, events, view))
    }
}

//! Set-up: the one-time link that makes the first owner.

use domain::{DisplayName, Email, Role};
use parking_lot::Mutex;
use schemars::JsonSchema;
use serde::Deserialize;
use subtle::ConstantTimeEq as _;
use validator::Validate;

use super::accounts::{NewAccount, found_workspace};
use super::sign_in::{SignedIn, open_session};
use super::{Password, Visitor, sign_in, tokens};
use crate::{Error, Services, network_of, people};

/// The one-time token, while no account exists. It lives in memory: a restart makes a new one, and so does every further
/// node. Whichever is used first makes the owner; the database takes no second one.
#[derive(Default)]
pub struct Setup(Mutex<Option<String>>);

impl Setup {
    /// Opens set-up where no account exists yet, and gives the token for the link.
    pub async fn open(services: &Services) -> Result<Option<String>, Error> {
        if services.ports.identities.any_account().await? {
            return Ok(None);
        }
        let token = tokens::session_token(&services.ports.ids.secret());
        *services.setup.0.lock() = Some(token.clone());
        Ok(Some(token))
    }

    fn accepts(&self, offered: &str) -> bool {
        let expected = self.0.lock();
        expected.as_ref().is_some_and(|token| token.as_bytes().ct_eq(offered.as_bytes()).into())
    }

    fn close(&self) {
        *self.0.lock() = None;
    }
}

/// What the person behind the link says.
#[derive(Debug, Clone, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "Setup")]
pub struct SetupInput {
    /// The token from the link.
    #[validate(length(min = 1, max = 200, message = "must be the token from the set-up link"))]
    pub token: String,
    /// How they will sign in.
    pub email: Email,
    /// What they will sign in with.
    pub password: Password,
    /// What others will see.
    pub display_name: DisplayName,
}

/// Makes the first owner and signs them in.
pub async fn set_up(services: &Services, input: SetupInput, visitor: &Visitor) -> Result<SignedIn, Error> {
    // Whoever guesses uses up the attempts of where they are, and not those of the owner.
    sign_in::limit_attempts(services, visitor.address, "setup", &network_of(visitor.address)).await?;
    // The token is looked at first: it ends after the account was made, so whoever comes second is told of the account.
    let is_accepted = services.setup.accepts(&input.token);
    if services.ports.identities.any_account().await? {
        services.setup.close();
        return Err(Error::conflict("already_set_up", "This server has an owner already. Sign in instead."));
    }
    if !is_accepted {
        return Err(Error::forbidden(
            "The set-up link is not valid here. Every server prints one of its own when it starts; where several share \
             an address, try again to reach the one that printed yours.",
        ));
    }
    people::check_form(&input.display_name)?;
    let account = NewAccount {
        email: input.email,
        display_name: input.display_name,
        role: Role::Owner,
        password: Some(input.password),
    };
    let user = found_workspace(services, account).await?;
    services.setup.close();
    open_session(services, user, visitor, Vec::new()).await
}

//! People: their profile, registration, forgotten passwords, what administrators do with accounts.

mod changes;
mod export;
mod mails;
mod managed;
mod names;
mod new_passwords;
mod operator;
mod options;
mod post;
mod profile;
mod registration;
mod second_factors;
mod tickets;
mod users;

pub use export::{Export, export_me};
pub use new_passwords::{
    ActivateInput, ForgotPasswordInput, ResetPasswordInput, activate, forgot_password, reset_password,
};
pub use operator::{operator_password_link, operator_reset_second_factors, operator_set_password};
pub use options::{OpenRegistration, ProviderView, SignInOptions, sign_in_options};
pub use post::Post;
pub use profile::{ChangePassword, DeleteMe, UpdateMe, UpdatedMe};
pub use registration::{RegisterInput, VerifiedEmail, VerifyEmailInput, register, verify_email};
pub use second_factors::ResetSecondFactors;
pub use users::{CreatePasswordLink, DeleteUser, GetUser, PasswordLink, UpdateUser};

pub(crate) use changes::Changes;
pub(crate) use mails::{activation_mail, invitation_mail};
pub(crate) use managed::{check_role, member, refuse_self};
pub(crate) use names::{check_address, check_choice, check_form};
pub(crate) use tickets::{invitation_lifetime, link, link_invalid};
pub(crate) use users::{change_role, password_link};

use domain::{Email, UserId};
use serde::{Deserialize, Serialize};

/// What a link for a password carries.
#[derive(Serialize, Deserialize)]
struct PasswordLinkPayload {
    /// The address that the account had when the link was made: it goes where mail for that was read.
    email: Email,
    /// The administrator who made it, who must still be one; `None` for whoever asked for their own, and for the operator.
    made_by: Option<UserId>,
}

/// What a link that proves an address carries.
#[derive(Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
enum AddressPayload {
    /// Somebody registers.
    Registration(Registrant),
    /// Somebody who has an account changes its address.
    Change {
        /// The new address.
        email: Email,
        /// Tells whether the password is still that of the time of asking.
        password_mark: String,
    },
}

/// Somebody who registers, before there is an account.
#[derive(Serialize, Deserialize)]
struct Registrant {
    email: Email,
    display_name: domain::DisplayName,
    /// In PHC form.
    password_hash: String,
}

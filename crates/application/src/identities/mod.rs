//! Accounts and credentials: the first owner, signing in and out, people, API keys.

mod accounts;
mod api_keys;
mod authenticate;
mod known_addresses;
mod look_up;
mod me;
mod passwords;
mod reauthenticate;
mod second_factors;
mod setup;
mod sign_in;
mod sign_out;
mod strength;
mod tickets;
mod tokens;
mod users;
mod visitor;
mod watches;

pub use accounts::{NewAccount, create_account, found_workspace};
pub use api_keys::{ApiKeyPage, ApiKeyView, CreateApiKey, CreatedApiKey, ListApiKeys, RevokeApiKey};
pub use authenticate::{Authenticator, csrf_token};
pub use known_addresses::KnownAddresses;
pub use me::{GetMe, MeView};
pub use passwords::{Password, Passwords};
pub use reauthenticate::reauthenticate;
pub use second_factors::{
    BeginTotp, DisableTotp, EnableTotp, GetTotp, RecoveryCodes, ReplaceRecoveryCodes, TotpBegun, TotpView,
};
pub use setup::{Setup, SetupInput, set_up};
pub use sign_in::{SignInInput, SignedIn, sign_in};
pub use sign_out::SignOut;
pub use users::{CreateUser, ListUsers, UserPage, UserView};
pub use visitor::Visitor;
pub use watches::{CredentialWatch, Watches};

//! Accounts and credentials: the first owner, signing in and out, people, API keys.

mod access_tokens;
mod accounts;
mod api_keys;
mod authenticate;
mod devices;
pub mod external;
mod look_up;
mod me;
pub mod passkeys;
mod passwords;
mod programs;
mod reauthenticate;
mod second_factors;
mod sessions;
mod setup;
mod sign_in;
mod sign_out;
mod strength;
pub(crate) mod tickets;
pub(crate) mod tokens;
mod users;
mod uses;
mod visitor;
mod watches;
mod ways_in;

pub(crate) use accounts::build;
pub use accounts::{NewAccount, create_account, found_workspace};
pub use api_keys::{ApiKeyPage, ApiKeyView, CreateApiKey, CreatedApiKey, ListApiKeys, RevokeApiKey};
pub use authenticate::{Authenticator, csrf_token};
pub use devices::device_name;
pub use look_up::Proof;
pub use me::{GetMe, MeView};
pub use passwords::{Password, Passwords};
pub use programs::{
    ProgramSignInInput, ProgramSignedIn, ProgramTokens, RefreshInput, refresh, sign_in_program,
};
pub use reauthenticate::reauthenticate;
pub use second_factors::{
    BeginTotp, DisableTotp, EnableTotp, GetTotp, RecoveryCodes, ReplaceRecoveryCodes, TotpBegun, TotpView,
};
pub use sessions::{
    ListSessions, RevokeOtherSessions, RevokeSession, SessionPage, SessionView, SwitchWorkspace, Switched,
};
pub use setup::{Setup, SetupInput, set_up};
pub use sign_in::{SignInInput, SignedIn, sign_in};
pub(crate) use sign_in::{limit_attempts, open_session};
pub use sign_out::SignOut;
pub use users::{CreateUser, CreatedUser, ListUsers, UserPage, UserView};
pub use uses::CredentialUses;
pub use visitor::Visitor;
pub use watches::{CredentialWatch, Watches};

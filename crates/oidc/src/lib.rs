//! Signing in through `OpenID` Connect providers: authorization code with PKCE, discovery, groups as roles.
//!
//! What a provider says counts only after `openidconnect` has checked it: signature, issuer, audience, expiry and nonce of
//! the ID token, and that the access token and what is asked with it belong to the same person. Every request goes
//! through the guard of [`outbound`]: the documents of a provider name addresses that nobody here chose.

mod claims;
mod client;
mod provider;
mod providers;
mod settings;

pub use providers::Providers;
pub use settings::{ProviderSettings, Settings, SettingsProblem, hosts, problems};

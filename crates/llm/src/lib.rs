//! Language models: adapters for the vendors' wire formats, the built-in responder, and what all of them share.

mod breaker;
mod catalogue;
mod client;
mod connected;
mod local;
mod openai_compatible;
mod recall;
mod registry;
mod retry;
mod secret;
mod settings;
pub mod sse;

pub use breaker::Breaker;
pub use connected::Connected;
pub use openai_compatible::{ListedModel, OpenAiCompatible};
pub use recall::Recall;
pub use registry::Registry;
pub use retry::Retry;
pub use secret::Secret;
pub use settings::{
    BreakerSettings, ModelsSettings, ProviderKind, ProviderSettings, Providers, RecallSettings,
    RetrySettings, SettingsProblem, UNSERVED_KINDS, problems,
};

/// The provider name of what is built in.
pub const BUILTIN: &str = "builtin";

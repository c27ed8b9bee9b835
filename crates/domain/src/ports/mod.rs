//! What the domain needs from outside. Every trait is object-safe, takes domain types and gives domain types.
//!
//! "Not found" is `Ok(None)`. Methods that read rows take the workspace: a row of another workspace is a row
//! that does not exist. Those that look up by a secret or an address, or read what belongs to a person in all workspaces, do
//! not. Ports with more than one adapter have a contract suite in the `testing` crate, which all of them run.

mod annotations;
mod audit;
mod cache;
mod chat_model;
mod clock;
mod content_filter;
mod conversations;
mod error;
mod idempotency;
mod identities;
mod ids;
mod jobs;
mod journal;
mod mail;
mod maintenance;
mod messages;
mod projects;
mod provider_connections;
mod providers;
mod rate_limiter;
mod relay;
mod runs;
mod search;
mod secret_keys;
mod sign_in_providers;
mod tags;
mod workspaces;

pub use annotations::{Annotations, AnnotationsIn};
pub use audit::{AuditFilter, AuditLog};
pub use cache::{Cache, CacheKey, Cached, Load, Loaded};
pub use chat_model::{
    ChatMessage, ChatModel, Completion, CompletionEvent, CompletionRequest, CompletionStream,
    ModelDescription, Models, ProviderError, ResolveError, ResolvedModel,
};
pub use clock::Clock;
pub use content_filter::ContentFilter;
pub use conversations::{ConversationCursor, ConversationFilter, Conversations, ConversationsOf};
pub use error::StorageError;
pub use idempotency::IdempotencyRecords;
pub use identities::{ApiKeyIdentity, Identities, SessionIdentity};
pub use ids::Ids;
pub use jobs::Jobs;
pub use journal::{Checkpoint, CommitObserver, Committed, Fact, FactScope, Journal, News, Place, Position};
pub use mail::{Mail, MailError, Mailer};
pub use maintenance::{Drift, DriftKind, Maintenance, StorageHealth};
pub use messages::{Messages, ThreadMessage};
pub use projects::{Projects, Shares};
pub use provider_connections::{
    ConnectionProblem, ProviderConnection, ProviderConnections, SettingsProvider,
};
pub use providers::Providers;
pub use rate_limiter::{Quota, RateLimitDecision, RateLimiter};
pub use relay::{Relay, RelayEntry, RelayError, RelayKind};
pub use runs::Runs;
pub use search::{Search, SearchFilter, SearchHit, SearchOrder, SearchRequest};
pub use secret_keys::{SealedKind, SealedPlace, SecretKeys};
pub use sign_in_providers::{
    Begun, ExternalPerson, KeptSignIn, Returned, SignInProvider, SignInProviderError, SignInProviders,
};
pub use tags::Tags;
pub use workspaces::Workspaces;

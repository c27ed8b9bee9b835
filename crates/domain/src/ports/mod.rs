//! What the domain needs from outside. Every trait is object-safe, takes domain types and gives domain types.
//!
//! "Not found" is `Ok(None)`. Every port that reads rows takes the workspace: a row of another workspace is a row
//! that does not exist. Each port has a contract suite in the `testing` crate, which every adapter runs.

mod cache;
mod chat_model;
mod clock;
mod conversations;
mod error;
mod idempotency;
mod identities;
mod ids;
mod jobs;
mod journal;
mod maintenance;
mod messages;
mod rate_limiter;
mod relay;
mod runs;
mod search;

pub use cache::{Cache, CacheKey, Cached, Load, Loaded};
pub use chat_model::{
    ChatMessage, ChatModel, Completion, CompletionEvent, CompletionRequest, CompletionStream,
    ModelDescription, Models, ProviderError, ResolveError, ResolvedModel,
};
pub use clock::Clock;
pub use conversations::{ConversationCursor, ConversationFilter, Conversations};
pub use error::StorageError;
pub use idempotency::IdempotencyRecords;
pub use identities::{ApiKeyIdentity, Identities, SessionIdentity};
pub use ids::Ids;
pub use jobs::Jobs;
pub use journal::{Checkpoint, CommitObserver, Committed, Fact, FactScope, Journal, News, Place, Position};
pub use maintenance::{Drift, DriftKind, Maintenance, StorageHealth};
pub use messages::{Messages, ThreadMessage};
pub use rate_limiter::{Quota, RateLimitDecision, RateLimiter};
pub use relay::{Relay, RelayEntry, RelayError, RelayKind};
pub use runs::Runs;
pub use search::{Search, SearchHit, SearchOrder, SearchRequest};

//! The heart of Colloquy: what a conversation is, what may happen to it, and what the outside must provide.
//!
//! Nothing here performs IO, knows a database, a transport or a clock. Aggregates take facts and decide;
//! what they decide leaves as [`Event`]s in a [`UnitOfWork`]; the outside is reached through [`ports`].

mod actors;
mod api_keys;
mod conversations;
mod events;
mod ids;
mod jobs;
mod messages;
mod models;
mod money;
mod paging;
mod parts;
mod runs;
mod sessions;
mod text;
mod time;
mod tree;
mod unit_of_work;
mod usage;
mod users;
mod version;
mod workspaces;

pub mod ports;

pub use actors::{Actor, Credential, Permission, Role, Scope};
pub use api_keys::{ApiKey, ApiKeyName};
pub use conversations::{
    Conversation, ConversationChange, ConversationRejection, ForkOrigin, NewConversation, SystemPrompt,
    Title, TitleOrigin,
};
pub use events::Event;
pub use ids::{
    ApiKeyId, ConversationId, EditId, JobId, MessageId, NodeId, RunId, SessionId, UserId, WorkspaceId,
};
pub use jobs::{Job, JobKind};
pub use messages::{
    EffectiveRequest, Message, MessageEdit, MessageRejection, MessageRole, MessageStatus, NewMessage,
    PromptContext,
};
pub use models::{ModelName, Parameters};
pub use money::Money;
pub use paging::{Page, PageRequest};
pub use parts::{Part, PartDelta, Parts};
pub use runs::{Run, RunFailure, RunOutcome, RunRejection, RunStatus};
pub use sessions::{Session, TokenHash};
pub use text::InvalidText;
pub use time::Timestamp;
pub use tree::{MessageTree, TreeNode};
pub use unit_of_work::{Expectation, IdempotencyKey, IdempotencyRecord, Origin, UnitOfWork};
pub use usage::{FinishReason, TokenCount, Usage, UsageEntry};
pub use users::{DisplayName, Email, PasswordHash, User, UserState};
pub use version::Version;
pub use workspaces::{Workspace, WorkspaceName};

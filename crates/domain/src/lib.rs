//! The heart of Colloquy: what a conversation is, what may happen to it, and what the outside must provide.
//!
//! Nothing here performs IO, knows a database, a transport or a clock. Aggregates take facts and decide;
//! what they decide leaves as [`Event`]s in a [`UnitOfWork`]; the outside is reached through [`ports`].

mod actors;
mod annotations;
mod api_keys;
mod audit;
mod content_flags;
mod conversations;
mod events;
mod ids;
mod jobs;
mod messages;
mod models;
mod money;
mod paging;
mod parts;
mod projects;
mod providers;
mod runs;
mod second_factors;
mod secret_keys;
mod sessions;
mod shares;
mod tags;
mod text;
mod tickets;
mod time;
mod tree;
mod unit_of_work;
mod usage;
mod users;
mod version;
mod workspaces;

pub mod ports;

pub use actors::{Actor, Credential, KeyLimits, PERMISSIONS, Permission, PermissionRule, Role, Scope};
pub use annotations::{Annotation, AnnotationContent, AnnotationKind, NoteText, Rating};
pub use api_keys::{ApiKey, ApiKeyName};
pub use audit::{AuditEntry, AuditRecord};
pub use content_flags::{ContentFlag, ContentSource};
pub use conversations::{
    Conversation, ConversationChange, ConversationRejection, ForkOrigin, NewConversation, SystemPrompt,
    Title, TitleOrigin,
};
pub use events::Event;
pub use ids::{
    AnnotationId, ApiKeyId, ConversationId, EditId, InvitationId, JobId, MessageId, NodeId, PasskeyId,
    ProjectId, ProviderId, RunId, SecretKeyId, SessionId, ShareId, TagId, TicketId, UserId, WorkspaceId,
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
pub use projects::{Project, ProjectAccess, ProjectDescription, ProjectMember, ProjectName};
pub use providers::{Provider, ProviderKey, ProviderName};
pub use runs::{Run, RunFailure, RunOutcome, RunRejection, RunStatus};
pub use second_factors::{ExternalIdentity, Passkey, PasskeyName, Totp};
pub use secret_keys::{KeyPurpose, SecretKey};
pub use sessions::{CredentialUse, DeviceName, Session, SessionEnd, SessionKind, TokenHash, UsedCredential};
pub use shares::{Share, ShareKind};
pub use tags::{Tag, TagColor, TagName};
pub use text::InvalidText;
pub use tickets::{Ticket, TicketKind};
pub use time::Timestamp;
pub use tree::{MessageTree, TreeNode};
pub use unit_of_work::{Expectation, IdempotencyKey, IdempotencyRecord, Origin, UnitOfWork};
pub use usage::{FinishReason, TokenCount, Usage, UsageEntry};
pub use users::{DisplayName, Email, PasswordHash, SignInFailure, User, UserChange, UserState};
pub use version::Version;
pub use workspaces::{Invitation, Membership, Workspace, WorkspaceName};

//! Who is asking, and what they may do.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ApiKeyId, SessionId, Timestamp, TokenHash, UserId, WorkspaceId};

/// Who is asking: resolved once by the transport, carried by every command and query.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// The workspace in which everything happens.
    pub workspace_id: WorkspaceId,
    /// The person.
    pub user_id: UserId,
    /// What the person may do there.
    pub role: Role,
    /// How they proved who they are.
    pub credential: Credential,
    /// When the proof expires, where it does.
    pub expires_at: Option<Timestamp>,
    /// The hash of what they presented, so that it can be looked at again whether it still counts.
    pub proof: TokenHash,
}

impl Actor {
    /// Whether both the person's role and the credential's scopes allow `permission`.
    pub fn may(&self, permission: Permission) -> bool {
        let scopes_allow = match &self.credential {
            Credential::Session(_) | Credential::System => true,
            Credential::ApiKey { scopes, .. } => scopes.iter().any(|scope| scope.grants(permission)),
        };
        scopes_allow && self.role.grants(permission)
    }
}

/// How an actor proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A cookie.
    Session(SessionId),
    /// A key.
    ApiKey {
        /// Which key.
        id: ApiKeyId,
        /// What the key may be used for.
        scopes: Vec<Scope>,
    },
    /// The operator at the command line, or the server itself.
    System,
}

/// What a person may do in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Role {
    /// Reads.
    Viewer,
    /// Chats.
    Member,
    /// Also manages people.
    Admin,
    /// Everything.
    Owner,
}

impl Role {
    /// Whether the role includes `permission`.
    pub fn grants(self, permission: Permission) -> bool {
        self >= permission.least_role()
    }
}

/// What a command or query needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See one's own conversations, profile and the list of models.
    Read,
    /// Create and change one's own conversations.
    Write,
    /// Have a model answer.
    Generate,
    /// Make and revoke one's own API keys.
    ManageOwnKeys,
    /// Create and change accounts.
    ManageUsers,
}

impl Permission {
    /// The least role that has the permission.
    pub const fn least_role(self) -> Role {
        match self {
            Self::Read => Role::Viewer,
            Self::Write | Self::Generate | Self::ManageOwnKeys => Role::Member,
            Self::ManageUsers => Role::Admin,
        }
    }
}

/// What an API key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Scope {
    /// Read conversations.
    Read,
    /// Change conversations.
    Write,
    /// Use the models.
    Generate,
    /// Manage people and keys.
    Admin,
}

impl Scope {
    /// Every scope: what a key has when its maker names none.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Generate, Self::Admin];

    /// Whether the scope covers `permission`.
    pub const fn grants(self, permission: Permission) -> bool {
        matches!(
            (self, permission),
            (Self::Read, Permission::Read)
                | (Self::Write, Permission::Write)
                | (Self::Generate, Permission::Generate)
                | (Self::Admin, Permission::ManageOwnKeys | Permission::ManageUsers)
        )
    }
}

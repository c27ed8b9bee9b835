//! Who is asking, and what they may do.

use std::num::NonZeroU32;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{ApiKeyId, Money, SessionId, Timestamp, TokenHash, UserId, WorkspaceId};

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
        let rule = permission.rule();
        let credential_allows = match &self.credential {
            Credential::Session(_) | Credential::System => true,
            Credential::ApiKey { scopes, .. } => rule.scope.is_some_and(|scope| scopes.contains(&scope)),
        };
        credential_allows && self.role >= rule.least_role
    }
}

/// How an actor proved who they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Credential {
    /// A session: a browser's cookie, or an access token that came from its refresh token.
    Session(SessionId),
    /// A key.
    ApiKey {
        /// Which key.
        id: ApiKeyId,
        /// What the key may be used for.
        scopes: Vec<Scope>,
        /// How much of it.
        limits: KeyLimits,
    },
    /// The operator at the command line, or the server itself.
    System,
}

/// How much an API key may be used, beyond what bounds its person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyLimits {
    /// Commands and queries within a minute.
    pub requests_per_minute: Option<NonZeroU32>,
    /// What it may spend in a calendar month (UTC).
    pub monthly_budget: Option<Money>,
}

impl Credential {
    /// The session or the key, where it is one.
    pub fn id(&self) -> Option<Uuid> {
        match self {
            Self::Session(id) => Some(id.uuid()),
            Self::ApiKey { id, .. } => Some(id.uuid()),
            Self::System => None,
        }
    }

    /// The key, where it is one.
    pub const fn api_key_id(&self) -> Option<ApiKeyId> {
        match self {
            Self::ApiKey { id, .. } => Some(*id),
            Self::Session(_) | Self::System => None,
        }
    }
}

/// What a person may do in a workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Role {
    /// Reads what was shared with them, and keeps their own account.
    Viewer,
    /// Chats.
    Member,
    /// Also manages people, models and the workspace.
    Admin,
    /// Also makes and unmakes owners.
    Owner,
}

/// What a command or query needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Permission {
    /// See one's own conversations, what was shared with one, one's profile and the list of models.
    Read,
    /// Create and change one's own conversations.
    Write,
    /// Have a model answer.
    Generate,
    /// Make projects, and show conversations to others by projects and links.
    Share,
    /// Make and revoke one's own API keys: never with a key, which would shed its end and its limits.
    ManageOwnKeys,
    /// Change one's own profile, password, second factors and sessions, take one's data along, close the account.
    ManageOwnAccount,
    /// Create and change accounts and memberships. A key gives nobody a role above that of a member.
    ManageUsers,
    /// Have somebody choose a new password, or sign in without what they lost: never with a key, which would become a
    /// session.
    RecoverAccounts,
    /// Change the workspace and invite people to it.
    ManageWorkspace,
    /// Found further workspaces.
    CreateWorkspaces,
    /// Connect models.
    ManageProviders,
    /// See what the audit log holds.
    ReadAudit,
    /// Replace the keys of the server.
    ManageServer,
}

/// Who has a permission.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionRule {
    /// What is allowed.
    pub permission: Permission,
    /// The stable name in documents and reports.
    pub name: &'static str,
    /// The least role that has it.
    pub least_role: Role,
    /// The scope with which an API key has it; `None` where no key ever has.
    pub scope: Option<Scope>,
}

/// Everything that may be allowed, and to whom: the one table that [`Actor::may`] asks.
pub const PERMISSIONS: [PermissionRule; 13] = {
    use Permission as P;
    const fn rule(
        permission: Permission,
        name: &'static str,
        least_role: Role,
        scope: Option<Scope>,
    ) -> PermissionRule {
        PermissionRule { permission, name, least_role, scope }
    }
    [
        rule(P::Read, "read", Role::Viewer, Some(Scope::Read)),
        rule(P::Write, "write", Role::Member, Some(Scope::Write)),
        rule(P::Generate, "generate", Role::Member, Some(Scope::Generate)),
        rule(P::Share, "share", Role::Member, Some(Scope::Write)),
        rule(P::ManageOwnKeys, "manage_own_keys", Role::Member, None),
        rule(P::ManageOwnAccount, "manage_own_account", Role::Viewer, None),
        rule(P::ManageUsers, "manage_users", Role::Admin, Some(Scope::Admin)),
        rule(P::RecoverAccounts, "recover_accounts", Role::Admin, None),
        rule(P::ManageWorkspace, "manage_workspace", Role::Admin, Some(Scope::Admin)),
        rule(P::CreateWorkspaces, "create_workspaces", Role::Admin, Some(Scope::Admin)),
        rule(P::ManageProviders, "manage_providers", Role::Admin, Some(Scope::Admin)),
        rule(P::ReadAudit, "read_audit", Role::Admin, Some(Scope::Admin)),
        rule(P::ManageServer, "manage_server", Role::Owner, None),
    ]
};

impl Permission {
    /// Who has it.
    pub const fn rule(self) -> &'static PermissionRule {
        // The table is in the order of the permissions; a test keeps it there.
        &PERMISSIONS[self as usize]
    }
}

/// What an API key may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum Scope {
    /// Read conversations.
    Read,
    /// Change conversations, and show them to others.
    Write,
    /// Use the models.
    Generate,
    /// Manage people and the workspace.
    Admin,
}

impl Scope {
    /// Every scope: what a key has when its maker names none.
    pub const ALL: [Self; 4] = [Self::Read, Self::Write, Self::Generate, Self::Admin];

    /// The name in documents and reports, the same as on the wire.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
            Self::Generate => "generate",
            Self::Admin => "admin",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_in_the_order_of_the_permissions() {
        for (index, rule) in PERMISSIONS.iter().enumerate() {
            assert_eq!(rule.permission as usize, index, "{}", rule.name);
        }
    }
}

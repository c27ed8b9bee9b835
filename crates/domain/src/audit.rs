//! What the audit log holds.

use std::net::IpAddr;

use uuid::Uuid;

use crate::{Timestamp, UserId, WorkspaceId};

/// One entry of a workspace's audit log. Entries are only ever added; each carries a hash of itself and of the one before
/// it, so that none can be changed or left out unnoticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEntry {
    /// The workspace.
    pub workspace_id: WorkspaceId,
    /// Its place: 1 for the first entry of the workspace, then one more each.
    pub sequence: u64,
    /// What it says.
    pub record: AuditRecord,
    /// SHA-256 of the hash of the entry before (32 zeros for the first), the sequence as eight bytes, the most significant
    /// first, and the digest of the record.
    pub hash: [u8; 32],
}

/// What an audit entry says: who did what, with which credential, from where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRecord {
    /// The name of the event.
    pub name: String,
    /// When it happened.
    pub at: Timestamp,
    /// Who caused it; `None` for the server, its operator at the command line, and strangers.
    pub actor_id: Option<UserId>,
    /// The kind of credential: `session`, `api_key` or `system`.
    pub credential: String,
    /// Which credential.
    pub credential_id: Option<Uuid>,
    /// Where the request came from, as far as it can be trusted.
    pub address: Option<IpAddr>,
    /// The request.
    pub request_id: Option<String>,
    /// The person it is about.
    pub user_id: Option<UserId>,
    /// What else it is about: a session, key, project, share, ….
    pub subject_id: Option<Uuid>,
    /// What else there is to tell, as a JSON object; never a secret.
    pub detail: String,
}

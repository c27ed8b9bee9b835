//! Workspaces: the wall between tenants.

use crate::text::{single_line, text_type};
use crate::{Timestamp, WorkspaceId};

/// A tenant. Every row of every other entity belongs to exactly one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Workspace {
    /// Its identifier.
    pub id: WorkspaceId,
    /// What people call it.
    pub name: WorkspaceName,
    /// When it was founded.
    pub created_at: Timestamp,
}

text_type! {
    /// The name of a workspace: one line of 1 to 120 characters.
    WorkspaceName, max 120, parse |text| single_line(text, WorkspaceName::MAX_CHARACTERS)
}

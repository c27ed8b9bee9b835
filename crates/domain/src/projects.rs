//! Projects: conversations that several people of a workspace share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{InvalidText, single_line, text_type};
use crate::{ProjectId, Timestamp, UserId, Version, WorkspaceId};

/// A place inside a workspace whose members see the conversations that their owners put there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// Its identifier.
    pub id: ProjectId,
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// What it is called.
    pub name: ProjectName,
    /// What it is about.
    pub description: Option<ProjectDescription>,
    /// Who made it.
    pub created_by: UserId,
    /// For optimistic locking.
    pub version: Version,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

/// Somebody who sees a project.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProjectMember {
    /// The project.
    pub project_id: ProjectId,
    /// The person, a member of its workspace.
    pub user_id: UserId,
    /// What they may do there.
    pub access: ProjectAccess,
    /// Since when they see it.
    pub added_at: Timestamp,
}

/// What a member of a project may do there. Their role in the workspace still bounds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum ProjectAccess {
    /// Read the conversations.
    Read,
    /// Also put conversations there, and go on with those of others.
    Write,
    /// Also change the project and its members.
    Manage,
}

text_type! {
    /// The name of a project: one line of 1 to 120 characters.
    ProjectName, max 120, parse |text| single_line(text, ProjectName::MAX_CHARACTERS)
}

text_type! {
    /// What a project is about: 1 to 4,000 characters, line breaks allowed.
    ProjectDescription, max 4_000, parse parse_description
}

fn parse_description(text: &str) -> Result<String, InvalidText> {
    let text = text.trim();
    if text.is_empty() {
        return Err(InvalidText::Empty);
    }
    if text.chars().count() > ProjectDescription::MAX_CHARACTERS {
        return Err(InvalidText::TooLong { limit: ProjectDescription::MAX_CHARACTERS });
    }
    if text.contains('\0') {
        return Err(InvalidText::ControlCharacter);
    }
    Ok(text.to_owned())
}

//! What people see of a project.

use domain::{
    DisplayName, Project, ProjectAccess, ProjectDescription, ProjectId, ProjectMember, ProjectName,
    Timestamp, UserId, Version,
};
use schemars::JsonSchema;
use serde::Serialize;

/// A project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Project")]
pub struct ProjectView {
    /// Its identifier.
    pub id: ProjectId,
    /// What it is called.
    pub name: ProjectName,
    /// What it is about.
    pub description: Option<ProjectDescription>,
    /// What you may do there.
    pub access: ProjectAccess,
    /// Who made it.
    pub created_by: UserId,
    /// For optimistic locking; also the strong `ETag`.
    pub version: Version,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

impl ProjectView {
    /// A project as somebody sees it who may do this there.
    pub fn new(project: Project, access: ProjectAccess) -> Self {
        Self {
            id: project.id,
            name: project.name,
            description: project.description,
            access,
            created_by: project.created_by,
            version: project.version,
            created_at: project.created_at,
            updated_at: project.updated_at,
        }
    }
}

/// Somebody who sees a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "ProjectMember")]
pub struct ProjectMemberView {
    /// The person.
    pub user_id: UserId,
    /// What others see of them.
    pub display_name: DisplayName,
    /// What they may do there.
    pub access: ProjectAccess,
    /// Since when.
    pub added_at: Timestamp,
}

impl ProjectMemberView {
    /// A member and their name.
    pub fn new(member: &ProjectMember, display_name: DisplayName) -> Self {
        Self { user_id: member.user_id, display_name, access: member.access, added_at: member.added_at }
    }
}

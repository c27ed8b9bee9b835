//! `project.update`

use async_trait::async_trait;
use domain::{
    Event, Permission, Project, ProjectAccess, ProjectDescription, ProjectId, ProjectName, Version,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::ProjectView;
use crate::bus::{Command, Context, Decision, Handler};
use crate::conversations::present;
use crate::{Error, Services, access};

/// Changes what is given and leaves the rest. `null` clears a field that may be empty.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct UpdateProject {
    /// Which project.
    pub project_id: ProjectId,
    /// The version that the change was made from; a later one refuses it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
    /// The new name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<ProjectName>,
    /// What it is about; `null` for nothing.
    #[serde(default, deserialize_with = "present", skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<ProjectDescription>")]
    pub description: Option<Option<ProjectDescription>>,
}

impl Command for UpdateProject {
    const NAME: &'static str = "project.update";
    const PERMISSION: Permission = Permission::Share;
    type Output = ProjectView;
}

#[async_trait]
impl Handler for UpdateProject {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<ProjectView>, Error> {
        let (project, access) =
            access::project(services, &context.actor, self.project_id, ProjectAccess::Manage).await?;
        access::check_version(self.expected_version, project.version)?;
        let name = self.name.clone().unwrap_or_else(|| project.name.clone());
        let description = self.description.clone().unwrap_or_else(|| project.description.clone());
        if (&name, &description) == (&project.name, &project.description) {
            let version = project.version;
            return Ok(Decision::unchanged(ProjectView::new(project, access)).version(version));
        }
        let updated = Project { name, description, ..touched(services, project) };
        let version = updated.version;
        let view = ProjectView::new(updated.clone(), access);
        Ok(Decision::commit(services, context, vec![Event::ProjectUpdated(updated)], view).version(version))
    }
}

/// The project one version on.
pub(super) fn touched(services: &Services, project: Project) -> Project {
    let updated_at = project.updated_at.max(services.ports.clock.now());
    Project { version: project.version.next(), updated_at, ..project }
}

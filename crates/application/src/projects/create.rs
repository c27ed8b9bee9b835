//! `project.create`

use async_trait::async_trait;
use domain::{
    Event, Permission, Project, ProjectAccess, ProjectDescription, ProjectId, ProjectName, Version,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::ProjectView;
use crate::bus::{Command, Context, Decision, Handler};
use crate::{Error, Services};

/// Makes a project, which the person who asks manages.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateProject {
    /// What it is called.
    pub name: ProjectName,
    /// What it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<ProjectDescription>,
}

impl Command for CreateProject {
    const NAME: &'static str = "project.create";
    const PERMISSION: Permission = Permission::Share;
    type Output = ProjectView;
}

#[async_trait]
impl Handler for CreateProject {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<ProjectView>, Error> {
        let at = services.ports.clock.now();
        let project = Project {
            id: ProjectId::from_uuid(services.ports.ids.uuid()),
            workspace_id: context.actor.workspace_id,
            name: self.name.clone(),
            description: self.description.clone(),
            created_by: context.actor.user_id,
            version: Version::FIRST,
            created_at: at,
            updated_at: at,
        };
        let version = project.version;
        let view = ProjectView::new(project.clone(), ProjectAccess::Manage);
        let events = vec![Event::ProjectCreated(project)];
        Ok(Decision::commit(services, context, events, view).version(version))
    }
}

//! `project.delete`

use async_trait::async_trait;
use domain::{Event, Permission, ProjectAccess, ProjectId, Version};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::update::touched;
use crate::bus::{Command, Context, Decision, Handler};
use crate::{Error, Services, access};

/// Deletes a project. Its conversations stay, and are their owners' alone again.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DeleteProject {
    /// Which project.
    pub project_id: ProjectId,
    /// The version that the caller saw; a later one refuses the deletion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_version: Option<Version>,
}

impl Command for DeleteProject {
    const NAME: &'static str = "project.delete";
    const PERMISSION: Permission = Permission::Share;
    type Output = ();
}

#[async_trait]
impl Handler for DeleteProject {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let (project, _) =
            access::project(services, &context.actor, self.project_id, ProjectAccess::Manage).await?;
        access::check_version(self.expected_version, project.version)?;
        let events = vec![Event::ProjectDeleted(touched(services, project))];
        Ok(Decision::commit(services, context, events, ()))
    }
}

//! Reading projects.

use async_trait::async_trait;
use domain::{Page, Permission, ProjectAccess, ProjectId};
use validator::Validate;

use super::ProjectView;
use crate::bus::{Context, Query};
use crate::{Error, PageInput, Services, access};

/// A page of projects.
pub type ProjectPage = Page<ProjectView, ProjectId>;

/// The projects that the actor sees, newest first.
#[derive(Debug, Clone, Validate)]
pub struct ListProjects {
    /// Which page.
    pub page: PageInput,
}

#[async_trait]
impl Query for ListProjects {
    const NAME: &'static str = "project.list";
    const PERMISSION: Permission = Permission::Read;
    type Output = ProjectPage;

    async fn answer(&self, services: &Services, context: &Context) -> Result<ProjectPage, Error> {
        let (actor, projects) = (&context.actor, &services.ports.projects);
        let page = projects.projects_of(actor.workspace_id, actor.user_id, self.page.request()?).await?;
        Ok(page.map(|(project, access)| ProjectView::new(project, access)))
    }
}

/// One project.
#[derive(Debug, Clone, Validate)]
pub struct GetProject {
    /// Which one.
    pub project_id: ProjectId,
}

#[async_trait]
impl Query for GetProject {
    const NAME: &'static str = "project.get";
    const PERMISSION: Permission = Permission::Read;
    type Output = ProjectView;

    async fn answer(&self, services: &Services, context: &Context) -> Result<ProjectView, Error> {
        let (project, access) =
            access::project(services, &context.actor, self.project_id, ProjectAccess::Read).await?;
        Ok(ProjectView::new(project, access))
    }
}

//! `project_member.set`, `project_member.remove`, and who sees a project.

use async_trait::async_trait;
use domain::{
    Event, Page, PageRequest, Permission, Project, ProjectAccess, ProjectId, ProjectMember, UserId,
};
use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::ProjectMemberView;
use super::update::touched;
use crate::bus::{Command, Context, Decision, Handler, Query};
use crate::{Error, PageInput, Services, access};

/// How many names are read at one time.
const AT_ONCE: usize = 8;

/// Lets somebody of the workspace see a project, or do more or less there than before. Administrators of the workspace may
/// make themselves manage any project: whoever managed it may be gone.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetProjectMember {
    /// Which project.
    pub project_id: ProjectId,
    /// Who.
    pub user_id: UserId,
    /// What they may do there.
    pub access: ProjectAccess,
}

impl Command for SetProjectMember {
    const NAME: &'static str = "project_member.set";
    const PERMISSION: Permission = Permission::Share;
    type Output = ProjectMemberView;
}

#[async_trait]
impl Handler for SetProjectMember {
    async fn handle(
        &self,
        services: &Services,
        context: &Context,
    ) -> Result<Decision<ProjectMemberView>, Error> {
        let actor = &context.actor;
        let (member, wanted) = (self.user_id, self.access);
        let project = access::project_to_join(services, actor, self.project_id, member, wanted).await?;
        let found = services.ports.identities.user(actor.workspace_id, self.user_id).await?;
        let person = found.ok_or_else(Error::not_found)?;
        let before = services.ports.projects.access(actor.workspace_id, project.id, person.id).await?;
        let (project_id, added_at) = (project.id, services.ports.clock.now());
        let member = ProjectMember { project_id, user_id: person.id, access: self.access, added_at };
        let view = ProjectMemberView::new(&member, person.display_name);
        let mut events = Vec::new();
        if before == Some(ProjectAccess::Manage) && self.access != ProjectAccess::Manage {
            events.push(without_manager(services, project, person.id).await?);
        }
        events.push(Event::ProjectMemberSet(member));
        Ok(Decision::commit(services, context, events, view))
    }
}

/// Takes a project out of somebody's sight. Everybody may leave by themselves. What they put there stays, and stays theirs.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RemoveProjectMember {
    /// Which project.
    pub project_id: ProjectId,
    /// Who.
    pub user_id: UserId,
}

impl Command for RemoveProjectMember {
    const NAME: &'static str = "project_member.remove";
    const PERMISSION: Permission = Permission::Share;
    type Output = ();
}

#[async_trait]
impl Handler for RemoveProjectMember {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<()>, Error> {
        let actor = &context.actor;
        let needed = if self.user_id == actor.user_id { ProjectAccess::Read } else { ProjectAccess::Manage };
        let (project, _) = access::project(services, actor, self.project_id, needed).await?;
        let before = services.ports.projects.access(actor.workspace_id, project.id, self.user_id).await?;
        let removed = Event::ProjectMemberRemoved { project_id: project.id, user_id: self.user_id };
        let mut events = Vec::new();
        if before.ok_or_else(Error::not_found)? == ProjectAccess::Manage {
            events.push(without_manager(services, project, self.user_id).await?);
        }
        events.push(removed);
        Ok(Decision::commit(services, context, events, ()))
    }
}

/// The project when somebody no longer manages it. Of two who stop managing it at once one is too late, by its version,
/// so that somebody always does.
async fn without_manager(services: &Services, project: Project, user_id: UserId) -> Result<Event, Error> {
    let mut request = PageRequest::first(PageInput::MAX_LIMIT);
    loop {
        let projects = &services.ports.projects;
        let page = projects.project_members(project.workspace_id, project.id, request).await?;
        let manages =
            |member: &ProjectMember| member.user_id != user_id && member.access == ProjectAccess::Manage;
        if page.items.iter().any(manages) {
            return Ok(Event::ProjectUpdated(touched(services, project)));
        }
        let Some(after) = page.next else { break };
        request = PageRequest { after: Some(after), limit: PageInput::MAX_LIMIT };
    }
    let detail = "Nobody else manages this project. Let somebody else manage it first, or delete it.";
    Err(Error::conflict("last_manager", detail))
}

/// A page of members.
pub type ProjectMemberPage = Page<ProjectMemberView, UserId>;

/// Who sees a project, in the order of their ids.
#[derive(Debug, Clone, Validate)]
pub struct ListProjectMembers {
    /// Which project.
    pub project_id: ProjectId,
    /// Which page.
    pub page: PageInput,
}

#[async_trait]
impl Query for ListProjectMembers {
    const NAME: &'static str = "project_member.list";
    const PERMISSION: Permission = Permission::Read;
    type Output = ProjectMemberPage;

    async fn answer(&self, services: &Services, context: &Context) -> Result<ProjectMemberPage, Error> {
        let workspace_id = context.actor.workspace_id;
        access::check_project(services, &context.actor, self.project_id, ProjectAccess::Read).await?;
        let projects = &services.ports.projects;
        let page = projects.project_members(workspace_id, self.project_id, self.page.request()?).await?;
        let named = stream::iter(page.items).map(async |member| -> Result<_, Error> {
            let person = services.ports.identities.user(workspace_id, member.user_id).await?;
            // Who left at this moment is left out.
            Ok(person.map(|person| ProjectMemberView::new(&member, person.display_name)))
        });
        let items: Vec<Option<ProjectMemberView>> = named.buffered(AT_ONCE).try_collect().await?;
        Ok(Page { items: items.into_iter().flatten().collect(), next: page.next })
    }
}

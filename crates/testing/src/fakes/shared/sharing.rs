//! Projects, links and providers.

use async_trait::async_trait;
use domain::ports::{Projects, Providers, Shares, StorageError};
use domain::{
    ConversationId, Page, PageRequest, Project, ProjectAccess, ProjectId, ProjectMember, Provider,
    ProviderId, Share, ShareId, UserId, WorkspaceId,
};
use storage::rules;

use super::SharedNode;
use super::tables::{Applied, Tables, refuse_if};

impl Tables {
    pub fn create_project(&mut self, project: &Project) -> Applied {
        if self.projects.insert(project.id, project.clone()).is_some() {
            return Err(StorageError::Rejected(rules::taken("projects")));
        }
        let maker = ProjectMember {
            project_id: project.id,
            user_id: project.created_by,
            access: ProjectAccess::Manage,
            added_at: project.created_at,
        };
        self.set_project_member(project.workspace_id, &maker)
    }

    pub fn replace_project(&mut self, project: &Project) -> Applied {
        let stored = self.projects.get_mut(&project.id).ok_or(StorageError::Conflict)?;
        refuse_if(stored.version.next() != project.version)?;
        *stored = project.clone();
        Ok(())
    }

    pub fn delete_project(&mut self, project: &Project) -> Applied {
        self.replace_project(project)?;
        self.projects.remove(&project.id);
        self.project_members.retain(|(id, _), _| *id != project.id);
        for conversation in self.conversations.values_mut() {
            conversation.project_id = conversation.project_id.filter(|id| *id != project.id);
        }
        Ok(())
    }

    pub fn set_project_member(&mut self, workspace_id: WorkspaceId, member: &ProjectMember) -> Applied {
        let is_here = |project: &Project| project.workspace_id == workspace_id;
        let is_member = self.memberships.contains_key(&(workspace_id, member.user_id));
        if !is_member || !self.projects.get(&member.project_id).is_some_and(is_here) {
            return Err(StorageError::Rejected(rules::MISSING_REFERENCE));
        }
        self.project_members.insert((member.project_id, member.user_id), member.clone());
        Ok(())
    }

    pub fn create_provider(&mut self, provider: &Provider) -> Applied {
        self.check_name(provider)?;
        refuse_if(self.providers.insert(provider.id, provider.clone()).is_some())
    }

    pub fn replace_provider(&mut self, provider: &Provider) -> Applied {
        self.check_name(provider)?;
        let stored = self.providers.get_mut(&provider.id).ok_or(StorageError::Conflict)?;
        refuse_if(stored.version.next() != provider.version)?;
        *stored = provider.clone();
        Ok(())
    }

    fn check_name(&self, provider: &Provider) -> Applied {
        let is_twin = |other: &Provider| other.id != provider.id && other.name == provider.name;
        if self.providers.values().any(is_twin) {
            return Err(StorageError::Rejected(rules::taken("providers")));
        }
        Ok(())
    }

    fn project(&self, workspace_id: WorkspaceId, id: ProjectId) -> Option<&Project> {
        self.projects.get(&id).filter(|project| project.workspace_id == workspace_id)
    }

    fn access(&self, workspace_id: WorkspaceId, id: ProjectId, user_id: UserId) -> Option<ProjectAccess> {
        self.project(workspace_id, id)?;
        self.project_members.get(&(id, user_id)).map(|member| member.access)
    }
}

#[async_trait]
impl Projects for SharedNode {
    async fn project(
        &self,
        workspace_id: WorkspaceId,
        id: ProjectId,
    ) -> Result<Option<Project>, StorageError> {
        self.read(|tables| tables.project(workspace_id, id).cloned()).await
    }

    async fn access(
        &self,
        workspace_id: WorkspaceId,
        id: ProjectId,
        user_id: UserId,
    ) -> Result<Option<ProjectAccess>, StorageError> {
        self.read(|tables| tables.access(workspace_id, id, user_id)).await
    }

    async fn projects_of(
        &self,
        workspace_id: WorkspaceId,
        user_id: UserId,
        page: PageRequest<ProjectId>,
    ) -> Result<Page<(Project, ProjectAccess), ProjectId>, StorageError> {
        self.read(|tables| {
            let older =
                tables.projects.values().rev().filter(|it| page.after.is_none_or(|after| it.id < after));
            let seen =
                older.filter_map(|it| Some((it.clone(), tables.access(workspace_id, it.id, user_id)?)));
            let rows = seen.take(usize::from(page.limit) + 1).collect();
            Page::from_surplus(rows, page.limit, |(project, _)| project.id)
        })
        .await
    }

    async fn project_members(
        &self,
        workspace_id: WorkspaceId,
        id: ProjectId,
        page: PageRequest<UserId>,
    ) -> Result<Page<ProjectMember, UserId>, StorageError> {
        self.read(|tables| {
            let is_here = tables.project(workspace_id, id).is_some();
            let members = tables.project_members.values().filter(|it| is_here && it.project_id == id);
            let later = members.filter(|it| page.after.is_none_or(|after| it.user_id > after));
            let rows = later.take(usize::from(page.limit) + 1).cloned().collect();
            Page::from_surplus(rows, page.limit, |member| member.user_id)
        })
        .await
    }
}

#[async_trait]
impl Shares for SharedNode {
    async fn share(&self, id: ShareId) -> Result<Option<Share>, StorageError> {
        self.read(|tables| tables.shares.get(&id).cloned()).await
    }

    async fn shares_of(
        &self,
        workspace_id: WorkspaceId,
        conversation_id: ConversationId,
    ) -> Result<Vec<Share>, StorageError> {
        self.read(|tables| {
            let newest = tables.shares.values().rev();
            let wanted =
                newest.filter(|it| (it.workspace_id, it.conversation_id) == (workspace_id, conversation_id));
            wanted.map(|share| Share { snapshot: None, ..share.clone() }).collect()
        })
        .await
    }
}

#[async_trait]
impl Providers for SharedNode {
    async fn providers(&self) -> Result<Vec<Provider>, StorageError> {
        self.read(|tables| {
            let mut providers: Vec<Provider> = tables.providers.values().cloned().collect();
            providers.sort_by(|one, other| one.name.cmp(&other.name));
            providers
        })
        .await
    }

    async fn provider(&self, id: ProviderId) -> Result<Option<Provider>, StorageError> {
        self.read(|tables| tables.providers.get(&id).cloned()).await
    }
}

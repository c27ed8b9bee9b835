//! Reading conversations.

use async_trait::async_trait;
use domain::ports::{ConversationCursor, ConversationFilter, ConversationsOf};
use domain::{ConversationId, Page, Permission, ProjectAccess, ProjectId, TagId, Timestamp};
use validator::Validate;

use super::ConversationView;
use crate::access::Right;
use crate::bus::{Context, Query};
use crate::{Error, PageInput, Services, access};

/// A page of conversations.
pub type ConversationPage = Page<ConversationView, ConversationCursor>;

/// The actor's conversations, or those of everybody in a project that they see, most recently updated first.
#[derive(Debug, Clone, Default, Validate)]
pub struct ListConversations {
    /// Which page.
    pub page: PageInput,
    /// Those in this project, whosever they are; without one, the actor's own.
    pub project_id: Option<ProjectId>,
    /// Only pinned ones, or only the others.
    pub pinned: Option<bool>,
    /// Only archived ones, or only the others.
    pub archived: Option<bool>,
    /// Only those with this tag of the actor's.
    pub tag_id: Option<TagId>,
    /// Only those last updated at this moment or later.
    pub updated_from: Option<Timestamp>,
    /// Only those last updated before this moment.
    pub updated_before: Option<Timestamp>,
    /// Only those whose title contains this.
    #[validate(length(min = 1, max = 200, message = "must be 1 to 200 characters long"))]
    pub q: Option<String>,
}

#[async_trait]
impl Query for ListConversations {
    const NAME: &'static str = "conversation.list";
    const PERMISSION: Permission = Permission::Read;
    type Output = ConversationPage;

    async fn answer(&self, services: &Services, context: &Context) -> Result<ConversationPage, Error> {
        let actor = &context.actor;
        let filter = ConversationFilter {
            pinned: self.pinned,
            archived: self.archived,
            title_contains: self.q.clone(),
            tag_id: self.tag_id,
            updated_from: self.updated_from,
            updated_before: self.updated_before,
        };
        if let Some(id) = self.tag_id {
            access::tag(services, actor, id).await?;
        }
        let of = match self.project_id {
            Some(id) => {
                access::check_project(services, actor, id, ProjectAccess::Read).await?;
                ConversationsOf::Project(id)
            }
            None => ConversationsOf::Owner(actor.user_id),
        };
        let conversations = &services.ports.conversations;
        let page = conversations.list(actor.workspace_id, of, filter, self.page.request()?).await?;
        Ok(page.map(|conversation| ConversationView::for_person(conversation, actor.user_id)))
    }
}

/// One conversation.
#[derive(Debug, Clone, Validate)]
pub struct GetConversation {
    /// Which one.
    pub conversation_id: ConversationId,
}

#[async_trait]
impl Query for GetConversation {
    const NAME: &'static str = "conversation.get";
    const PERMISSION: Permission = Permission::Read;
    type Output = ConversationView;

    async fn answer(&self, services: &Services, context: &Context) -> Result<ConversationView, Error> {
        let conversation =
            access::conversation(services, &context.actor, self.conversation_id, Right::Read).await?;
        Ok(ConversationView::for_person(conversation, context.actor.user_id))
    }
}

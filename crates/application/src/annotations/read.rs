//! Reading annotations.

use async_trait::async_trait;
use domain::ports::AnnotationsIn;
use domain::{AnnotationId, ConversationId, MessageId, Page, Permission};
use validator::Validate;

use super::AnnotationView;
use crate::bus::{Context, Query};
use crate::{Error, PageInput, Services, access};

/// A page of annotations.
pub type AnnotationPage = Page<AnnotationView, AnnotationId>;

/// What the actor wrote beside the messages of a conversation, newest first.
#[derive(Debug, Clone, Validate)]
pub struct ListConversationAnnotations {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// Which page.
    pub page: PageInput,
}

#[async_trait]
impl Query for ListConversationAnnotations {
    const NAME: &'static str = "annotation.list_of_conversation";
    const PERMISSION: Permission = Permission::Read;
    type Output = AnnotationPage;

    async fn answer(&self, services: &Services, context: &Context) -> Result<AnnotationPage, Error> {
        access::sight(services, &context.actor, self.conversation_id).await?;
        list(services, context, AnnotationsIn::Conversation(self.conversation_id), &self.page).await
    }
}

/// What the actor wrote beside a message, newest first.
#[derive(Debug, Clone, Validate)]
pub struct ListAnnotations {
    /// Which message.
    pub message_id: MessageId,
    /// Which page.
    pub page: PageInput,
}

#[async_trait]
impl Query for ListAnnotations {
    const NAME: &'static str = "annotation.list";
    const PERMISSION: Permission = Permission::Read;
    type Output = AnnotationPage;

    async fn answer(&self, services: &Services, context: &Context) -> Result<AnnotationPage, Error> {
        let message = access::message(services, &context.actor, self.message_id).await?;
        list(services, context, AnnotationsIn::Message(message.id), &self.page).await
    }
}

async fn list(
    services: &Services,
    context: &Context,
    place: AnnotationsIn,
    page: &PageInput,
) -> Result<AnnotationPage, Error> {
    let (actor, annotations) = (&context.actor, &services.ports.annotations);
    let page = annotations.annotations_of(actor.workspace_id, actor.user_id, place, page.request()?).await?;
    Ok(page.map(AnnotationView::from))
}

//! Reading messages.

use async_trait::async_trait;
use domain::ports::ThreadMessage;
use domain::{ConversationId, EditId, MessageId, Page, PageRequest, Permission, WorkspaceId};
use validator::Validate;

use super::{MessageDetail, MessageEditView, ThreadMessageView};
use crate::access::Right;
use crate::bus::{Context, Query};
use crate::{Error, PageInput, Services, access};

/// A page of messages.
pub type MessagePage = Page<ThreadMessageView, MessageId>;

/// A page of edits.
pub type EditPage = Page<MessageEditView, EditId>;

/// Which messages of a conversation a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ThreadBranch {
    /// Those from the active leaf up to the root.
    #[default]
    Active,
    /// Those from the newest leaf below this message up to the root.
    Through(MessageId),
    /// Those of all branches.
    All,
}

/// Messages of a conversation, newest first.
#[derive(Debug, Clone, Validate)]
pub struct ListMessages {
    /// Which conversation.
    pub conversation_id: ConversationId,
    /// Which branch.
    pub branch: ThreadBranch,
    /// Which page.
    pub page: PageInput,
}

#[async_trait]
impl Query for ListMessages {
    const NAME: &'static str = "message.list";
    const PERMISSION: Permission = Permission::Read;
    type Output = MessagePage;

    async fn answer(&self, services: &Services, context: &Context) -> Result<MessagePage, Error> {
        let actor = &context.actor;
        let conversation_id = self.conversation_id;
        // The active leaf moves with every message, so it is never a remembered one.
        let active_leaf_id = if self.branch == ThreadBranch::Active {
            access::conversation(services, actor, conversation_id, Right::Read).await?.active_leaf_id
        } else {
            access::sight(services, actor, conversation_id).await?;
            None
        };
        let messages = &services.ports.messages;
        let page: PageRequest<MessageId> = self.page.request()?;
        let workspace_id = actor.workspace_id;
        if let Some(after) = page.after {
            let known = messages.get(workspace_id, after).await?;
            if known.is_none_or(|message| message.conversation_id != conversation_id) {
                return Err(Error::invalid_field(
                    "/after",
                    "invalid",
                    "is not a cursor that this list gave out",
                ));
            }
        }
        let leaf = match self.branch {
            ThreadBranch::All => {
                return Ok(messages.list(workspace_id, conversation_id, page).await?.map(Into::into));
            }
            ThreadBranch::Active => active_leaf_id,
            ThreadBranch::Through(id) => {
                let tree = messages.tree(workspace_id, conversation_id).await?;
                if tree.node(id).is_none() {
                    let detail = "is not a message of this conversation";
                    return Err(Error::invalid_field("/leaf", "unknown_message", detail));
                }
                Some(tree.newest_leaf(id))
            }
        };
        match leaf {
            Some(leaf) => Ok(messages.thread(workspace_id, leaf, page).await?.map(Into::into)),
            None => Ok(Page { items: Vec::new(), next: None }),
        }
    }
}

/// One message, with what the model was asked.
#[derive(Debug, Clone, Validate)]
pub struct GetMessage {
    /// Which one.
    pub message_id: MessageId,
}

#[async_trait]
impl Query for GetMessage {
    const NAME: &'static str = "message.get";
    const PERMISSION: Permission = Permission::Read;
    type Output = MessageDetail;

    async fn answer(&self, services: &Services, context: &Context) -> Result<MessageDetail, Error> {
        let message = access::message(services, &context.actor, self.message_id).await?;
        let effective_request = message.effective_request.clone();
        Ok(MessageDetail { message: message.into(), effective_request })
    }
}

/// The edits of a message, newest first.
#[derive(Debug, Clone, Validate)]
pub struct ListEdits {
    /// Which message.
    pub message_id: MessageId,
    /// Which page.
    pub page: PageInput,
}

#[async_trait]
impl Query for ListEdits {
    const NAME: &'static str = "message.list_edits";
    const PERMISSION: Permission = Permission::Read;
    type Output = EditPage;

    async fn answer(&self, services: &Services, context: &Context) -> Result<EditPage, Error> {
        let message = access::message(services, &context.actor, self.message_id).await?;
        let messages = &services.ports.messages;
        let page = messages.edits(message.workspace_id, message.id, self.page.request()?).await?;
        Ok(page.map(Into::into))
    }
}

/// The messages from the root to `leaf`, oldest first; empty when there is no such message.
pub(crate) async fn whole_thread(
    services: &Services,
    workspace_id: WorkspaceId,
    leaf: MessageId,
) -> Result<Vec<ThreadMessage>, Error> {
    let mut thread = Vec::new();
    let mut request = PageRequest::first(PageInput::MAX_LIMIT);
    loop {
        let page = services.ports.messages.thread(workspace_id, leaf, request).await?;
        thread.extend(page.items);
        match page.next {
            Some(after) => request = PageRequest { after: Some(after), limit: PageInput::MAX_LIMIT },
            None => break,
        }
    }
    thread.reverse();
    Ok(thread)
}

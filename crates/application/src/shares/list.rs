//! The links to a conversation.

use async_trait::async_trait;
use domain::{ConversationId, Permission, Share, ShareId, ShareKind, Timestamp};
use schemars::JsonSchema;
use serde::Serialize;
use validator::Validate;

use crate::access::Right;
use crate::bus::{Context, Query};
use crate::{Error, Services, access};

/// A link to a conversation, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "Share")]
pub struct ShareView {
    /// Its identifier, which is part of the link.
    pub id: ShareId,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// What it shows.
    pub kind: ShareKind,
    /// When it was made.
    pub created_at: Timestamp,
    /// After this it leads nowhere; `null` means never.
    pub expires_at: Option<Timestamp>,
}

impl From<Share> for ShareView {
    fn from(share: Share) -> Self {
        Self {
            id: share.id,
            conversation_id: share.conversation_id,
            kind: share.kind,
            created_at: share.created_at,
            expires_at: share.expires_at,
        }
    }
}

/// The links to a conversation of the actor's own, newest first, expired ones too.
#[derive(Debug, Clone, Validate)]
pub struct ListShares {
    /// Which conversation.
    pub conversation_id: ConversationId,
}

#[async_trait]
impl Query for ListShares {
    const NAME: &'static str = "share.list";
    const PERMISSION: Permission = Permission::Read;
    type Output = Vec<ShareView>;

    async fn answer(&self, services: &Services, context: &Context) -> Result<Vec<ShareView>, Error> {
        let conversation =
            access::conversation(services, &context.actor, self.conversation_id, Right::Own).await?;
        let shares = services.ports.shares.shares_of(conversation.workspace_id, conversation.id).await?;
        Ok(shares.into_iter().map(ShareView::from).collect())
    }
}

//! `share.create`

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use domain::{
    Conversation, ConversationId, ConversationRejection, Event, Permission, Share, ShareId, ShareKind,
    Timestamp,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use super::content::{MAX_BYTES, MAX_MESSAGES};
use super::{ShareView, SharedContent};
use crate::access::Right;
use crate::bus::{Command, Context, Decision, Handler};
use crate::{Code, Error, Services, access};

/// The most links to one conversation, expired ones among them.
const MAX_SHARES: usize = 100;

/// Makes a link by which anybody may read the active branch of a conversation, and nothing else.
#[derive(Debug, Clone, Serialize, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateShare {
    /// Which conversation: one of the asker's own.
    pub conversation_id: ConversationId,
    /// Whether the link shows the conversation as it is when somebody looks, or as it is now.
    pub kind: ShareKind,
    /// After this the link leads nowhere; absent: never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

/// A link that was just made: the only time that it is shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(title = "CreatedShare")]
pub struct CreatedShare {
    /// What lists show of it.
    #[serde(flatten)]
    pub share: ShareView,
    /// The link, relative to the address of this server. Its secret is stored only as a hash and cannot be shown again.
    pub link: String,
    /// The secret alone, for `X-Share-Token`.
    pub token: String,
}

impl Command for CreateShare {
    const NAME: &'static str = "share.create";
    const PERMISSION: Permission = Permission::Share;
    const HOLDS_A_SECRET: bool = true;
    type Output = CreatedShare;
}

#[async_trait]
impl Handler for CreateShare {
    async fn handle(&self, services: &Services, context: &Context) -> Result<Decision<CreatedShare>, Error> {
        if !services.settings.identity.link_sharing {
            let detail = "This server does not show conversations by links. Its operator can allow it.";
            return Err(Error::forbidden(detail));
        }
        let conversation =
            access::conversation(services, &context.actor, self.conversation_id, Right::Own).await?;
        let at = services.ports.clock.now();
        if self.expires_at.is_some_and(|expires_at| expires_at <= at) {
            return Err(Error::invalid_field("/expires_at", "past", "must be in the future"));
        }
        let others = services.ports.shares.shares_of(conversation.workspace_id, conversation.id).await?;
        if others.len() >= MAX_SHARES {
            let detail = format!("A conversation has at most {MAX_SHARES} links. Revoke others first.");
            return Err(Error::conflict("too_many_shares", detail));
        }
        let (leaf_id, snapshot) = match self.kind {
            ShareKind::Live => (None, None),
            ShareKind::Snapshot => {
                (conversation.active_leaf_id, Some(snapshot(services, &conversation).await?))
            }
        };
        let token = URL_SAFE_NO_PAD.encode(services.ports.ids.secret());
        let share = Share {
            id: ShareId::from_uuid(services.ports.ids.uuid()),
            workspace_id: conversation.workspace_id,
            conversation_id: conversation.id,
            owner_id: conversation.owner_id,
            kind: self.kind,
            token_hash: services.keyring.hash(&token),
            leaf_id,
            snapshot,
            created_at: at,
            expires_at: self.expires_at,
        };
        let link = format!("/share/{}#{token}", share.id);
        let output = CreatedShare { share: share.clone().into(), link, token };
        Ok(Decision::commit(services, context, vec![Event::ShareCreated(share)], output))
    }
}

/// The active branch as it is now.
async fn snapshot(services: &Services, conversation: &Conversation) -> Result<String, Error> {
    if let Some(id) = conversation.active_leaf_id {
        let leaf = services.ports.messages.get(conversation.workspace_id, id).await?;
        if leaf.is_some_and(|leaf| leaf.status.is_running()) {
            return Err(ConversationRejection::AnswerRunning.into());
        }
    }
    let content = SharedContent::read(services, conversation, conversation.active_leaf_id).await?;
    let text = serde_json::to_string(&content).map_err(Error::internal)?;
    // What is kept is JSON, in which some characters take more room.
    if content.is_whole && text.len() <= 2 * MAX_BYTES {
        return Ok(text);
    }
    let detail = format!(
        "A link keeps a copy of at most {MAX_MESSAGES} messages and {MAX_BYTES} bytes. Make a live link instead, or fork \
         the part that you want to show."
    );
    Err(Error::new(Code::TooLarge, "conversation_too_large", detail))
}

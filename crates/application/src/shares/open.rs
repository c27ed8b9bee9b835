//! What somebody sees who has a link.

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::time::Duration;

use domain::ports::Quota;
use domain::{Permission, Share, ShareId, ShareKind, User, UserState};
use schemars::JsonSchema;
use serde::Serialize;
use subtle::ConstantTimeEq as _;

use super::SharedContent;
use crate::{Code, Error, Services, network_of};

/// How often one address may look within a minute: a few people may follow live links at once.
const LOOKS: Quota = Quota {
    name: "shared_conversations",
    limit: NonZeroU32::new(240).unwrap(),
    window: Duration::from_mins(1),
};

/// A conversation as a link shows it.
#[derive(Debug, Clone, PartialEq, Serialize, JsonSchema)]
#[schemars(title = "SharedConversation")]
pub struct SharedConversation {
    /// Whether it is as it is now, or as it was when the link was made.
    pub kind: ShareKind,
    /// What was said.
    #[serde(flatten)]
    pub content: SharedContent,
}

/// What a link shows, to whoever has its secret.
///
/// # Errors
/// `not_found` for a link that is unknown, revoked or expired, a wrong secret, and where links are not allowed (any more),
/// without telling which.
pub async fn open_share(
    services: &Services,
    id: ShareId,
    token: &str,
    address: Option<IpAddr>,
) -> Result<SharedConversation, Error> {
    let decision = services.ports.rate_limiter.check(&network_of(address), LOOKS).await;
    if !decision.allowed {
        let detail =
            "Too many looks at shared conversations from your address. Wait a little, then try again.";
        return Err(Error::new(Code::RateLimited, "rate_limited", detail).retry_after(decision.reset_after));
    }
    let share = proven(services, id, token).await?.ok_or_else(Error::not_found)?;
    let content = match share.snapshot {
        Some(snapshot) => serde_json::from_str(&snapshot).map_err(Error::internal)?,
        None => live(services, &share).await?,
    };
    Ok(SharedConversation { kind: share.kind, content })
}

/// The link, if it is one that counts and this is its secret.
async fn proven(services: &Services, id: ShareId, token: &str) -> Result<Option<Share>, Error> {
    let presented = services.keyring.hash(token);
    let found = services.ports.shares.share(id).await?;
    // Of a link that does not exist, no secret is right; it is compared all the same.
    let expected = found.as_ref().map_or([0; 32], |share| *share.token_hash.as_bytes());
    let fits: bool = presented.as_bytes().ct_eq(&expected).into();
    let now = services.ports.clock.now();
    let counts = |share: &Share| {
        fits && services.settings.identity.link_sharing
            && share.expires_at.is_none_or(|expires_at| now < expires_at)
    };
    let Some(share) = found.filter(counts) else { return Ok(None) };
    // It counts as long as its maker may make it.
    let owner = services.ports.identities.user(share.workspace_id, share.owner_id).await?;
    let may =
        |owner: &User| owner.state == UserState::Active && owner.role >= Permission::Share.rule().least_role;
    Ok(owner.filter(may).map(|_| share))
}

async fn live(services: &Services, share: &Share) -> Result<SharedContent, Error> {
    let found = services.ports.conversations.get(share.workspace_id, share.conversation_id).await?;
    let conversation = found.ok_or_else(Error::not_found)?;
    SharedContent::read(services, &conversation, conversation.active_leaf_id).await
}

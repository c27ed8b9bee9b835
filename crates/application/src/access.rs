//! Whose is it: the one place that decides whether an actor sees a conversation.

use std::time::Duration;

use domain::ports::CacheKey;
use domain::{Actor, Conversation, ConversationId, Message, MessageId, Run, RunId, UserId, Version};

use crate::{Error, Services, remembered};

/// How long it is remembered whose a conversation is; that never changes while there is the conversation.
const KEEP: Duration = Duration::from_secs(4);

/// A conversation that the actor may see and change.
pub async fn conversation(
    services: &Services,
    actor: &Actor,
    id: ConversationId,
) -> Result<Conversation, Error> {
    let found = services.ports.conversations.get(actor.workspace_id, id).await?;
    found.filter(|conversation| is_visible(actor, conversation.owner_id)).ok_or_else(Error::not_found)
}

/// Refuses unless the actor may see the conversation, for reading what is in it. What is decided about the conversation
/// itself is decided from [`conversation`].
pub async fn check_conversation(services: &Services, actor: &Actor, id: ConversationId) -> Result<(), Error> {
    let key = CacheKey { kind: "conversation", id: format!("{}/{id}", actor.workspace_id) };
    let load = async || {
        let found = services.ports.conversations.get(actor.workspace_id, id).await?;
        Ok(found.map(|conversation| (conversation.owner_id, conversation.owner_id)))
    };
    let owner_id: Option<UserId> = remembered::get(&*services.ports.cache, &key, KEEP, load).await?;
    owner_id.filter(|owner_id| is_visible(actor, *owner_id)).map(|_| ()).ok_or_else(Error::not_found)
}

/// A message that the actor may see and change.
pub async fn message(services: &Services, actor: &Actor, id: MessageId) -> Result<Message, Error> {
    let found = services.ports.messages.get(actor.workspace_id, id).await?.ok_or_else(Error::not_found)?;
    check_conversation(services, actor, found.conversation_id).await?;
    Ok(found)
}

/// A message that the actor may see and change, with its conversation.
pub async fn message_in_conversation(
    services: &Services,
    actor: &Actor,
    id: MessageId,
) -> Result<(Conversation, Message), Error> {
    let found = services.ports.messages.get(actor.workspace_id, id).await?.ok_or_else(Error::not_found)?;
    let conversation = conversation(services, actor, found.conversation_id).await?;
    Ok((conversation, found))
}

/// A run that the actor may see and stop.
pub async fn run(services: &Services, actor: &Actor, id: RunId) -> Result<Run, Error> {
    let found = services.ports.runs.get(actor.workspace_id, id).await?;
    found.filter(|run| is_visible(actor, run.user_id)).ok_or_else(Error::not_found)
}

/// Conversations are private to their owner.
pub fn is_visible(actor: &Actor, owner_id: UserId) -> bool {
    actor.user_id == owner_id
}

/// Refuses a change that was made from an older version.
pub fn check_version(expected: Option<Version>, current: Version) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != current => Err(Error::stale(current)),
        Some(_) | None => Ok(()),
    }
}

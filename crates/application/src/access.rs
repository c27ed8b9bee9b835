//! Whose is it: the one place that decides whether an actor sees a conversation.

use domain::{Actor, Conversation, ConversationId, Message, MessageId, Run, RunId, UserId, Version};

use crate::{Error, Services};

/// A conversation that the actor may see and change.
pub async fn conversation(
    services: &Services,
    actor: &Actor,
    id: ConversationId,
) -> Result<Conversation, Error> {
    let found = services.ports.conversations.get(actor.workspace_id, id).await?;
    found.filter(|conversation| is_visible(actor, conversation.owner_id)).ok_or_else(Error::not_found)
}

/// A message that the actor may see and change, with its conversation.
pub async fn message(
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

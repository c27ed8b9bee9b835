//! A better title, from a model.

use domain::ports::{ChatMessage, CompletionRequest};
use domain::{
    ConversationId, Event, MessageRole, Origin, PageRequest, Parameters, Parts, Title, TitleOrigin,
    UnitOfWork, WorkspaceId,
};
use serde_json::Map;

use crate::models::provider_error;
use crate::{Error, Services};

/// How much of each message the model is shown, in characters.
const SHOWN_CHARACTERS: usize = 2_000;
/// The longest title that is taken from a model, in characters.
const LONGEST: usize = 80;
const INSTRUCTION: &str = "Give this conversation a title of at most six words, in the language it is held in. \
     Answer with the title alone: no quotation marks, no full stop, no explanation.";

/// Asks the model that answered for a title, and keeps it unless a person has chosen one meanwhile.
pub async fn propose(
    services: &Services,
    workspace_id: WorkspaceId,
    id: ConversationId,
) -> Result<(), Error> {
    let Some(conversation) = services.ports.conversations.get(workspace_id, id).await? else { return Ok(()) };
    let Some(leaf) =
        conversation.active_leaf_id.filter(|_| conversation.title_origin == TitleOrigin::Question)
    else {
        return Ok(());
    };
    let thread = services.ports.messages.thread(workspace_id, leaf, PageRequest::first(4)).await?.items;
    let Some(model) = thread.iter().find_map(|entry| entry.message.model.clone()) else { return Ok(()) };
    let Ok(model) = services.ports.models.resolve(&model) else { return Ok(()) };
    if !model.is_language_model {
        return Ok(());
    }
    let spoken = thread.iter().rev().map(|entry| {
        let text: String = entry.message.parts.prose().chars().take(SHOWN_CHARACTERS).collect();
        format!("{:?}: {text}", entry.message.role)
    });
    let transcript = spoken.collect::<Vec<_>>().join("\n\n");
    let messages = vec![
        ChatMessage { role: MessageRole::System, parts: Parts::from_text(INSTRUCTION) },
        ChatMessage { role: MessageRole::User, parts: Parts::from_text(transcript) },
    ];
    let request = CompletionRequest {
        model: model.provider_model.clone(),
        workspace_id,
        user_id: conversation.owner_id,
        conversation_id: None,
        messages,
        parameters: Parameters::default(),
        extra: Map::new(),
    };
    let completion = model.chat.complete(request).await.map_err(provider_error)?;
    let Some(title) = clean(&Parts::from(completion.parts).prose()) else { return Ok(()) };
    store(services, workspace_id, id, title).await
}

/// The first line with words in it, freed of quotation marks and markup; `None` when there is none of a fitting length.
fn clean(answer: &str) -> Option<Title> {
    let line = answer.lines().map(str::trim).find(|line| line.chars().any(char::is_alphanumeric))?;
    let unwanted = |c: char| {
        matches!(c, '"' | '\'' | '*' | '#' | '`' | '“' | '”' | '„' | '«' | '»' | '.') || c.is_whitespace()
    };
    let title = line.trim_matches(unwanted);
    if title.chars().count() > LONGEST { Title::from_question(title) } else { Title::new(title).ok() }
}

/// Loads again before each attempt: the conversation may have changed while the model thought.
async fn store(
    services: &Services,
    workspace_id: WorkspaceId,
    id: ConversationId,
    title: Title,
) -> Result<(), Error> {
    const ATTEMPTS: usize = 5;
    for _ in 0..ATTEMPTS {
        let Some(conversation) = services.ports.conversations.get(workspace_id, id).await? else {
            return Ok(());
        };
        let at = services.ports.clock.now();
        let Some(retitled) = conversation.retitle(title.clone()) else { return Ok(()) };
        let origin = Origin::SYSTEM;
        let unit = UnitOfWork::new(workspace_id, origin, at, vec![Event::ConversationUpdated(retitled)]);
        match services.ports.journal.commit(unit).await {
            Ok(_) => return Ok(()),
            Err(domain::ports::StorageError::Conflict) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Err(domain::ports::StorageError::Conflict.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_freed_of_what_models_put_around_it() {
        let cleaned = |answer: &str| clean(answer).map(|title| title.to_string());
        assert_eq!(cleaned("\n\"Tomatoes on a balcony.\"\n").as_deref(), Some("Tomatoes on a balcony"));
        assert_eq!(cleaned("**Growing tomatoes**\nBecause…").as_deref(), Some("Growing tomatoes"));
        assert_eq!(cleaned("---\n\n…"), None);
    }
}

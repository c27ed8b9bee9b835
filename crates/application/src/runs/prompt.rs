//! What a model is shown: the system prompt and the newest part of the thread that fits.

use domain::ports::ChatMessage;
use domain::{Message, MessageRole, PageRequest, Parts, PromptContext};

use super::AnswerRequest;
use crate::{Error, PageInput, Services};

/// What a model is shown.
pub struct Prompt {
    /// Which part of the branch is shown.
    pub context: PromptContext,
    /// The messages for the model, with the system prompt before them.
    pub messages: Vec<ChatMessage>,
}

/// Loads the thread that ends in the question, newest first, until a limit is reached.
pub async fn load(services: &Services, request: &AnswerRequest<'_>) -> Result<Prompt, Error> {
    let settings = &services.settings;
    let mut shown = vec![request.question.clone()];
    let mut bytes = request.question.parts.bytes();
    let mut page = PageRequest::first(PageInput::MAX_LIMIT);
    let mut more = request.earlier.is_some();
    while let (true, Some(leaf)) = (more, request.earlier) {
        let read = services.ports.messages.thread(leaf.workspace_id, leaf.id, page).await?;
        for entry in read.items {
            bytes += entry.message.parts.bytes();
            if shown.len() == settings.max_context_messages || bytes > settings.max_context_bytes {
                more = false;
                break;
            }
            if !entry.message.parts.is_empty() {
                shown.push(entry.message);
            }
        }
        more = more && read.next.is_some();
        page = PageRequest { after: read.next, limit: PageInput::MAX_LIMIT };
    }
    shown.reverse();
    let system = request
        .conversation
        .system_prompt
        .as_ref()
        .map(|prompt| ChatMessage { role: MessageRole::System, parts: Parts::from_text(prompt.as_str()) });
    let context = PromptContext {
        first_message_id: shown.first().map_or(request.question.id, |message| message.id),
        last_message_id: request.question.id,
        messages: u32::try_from(shown.len()).unwrap_or(u32::MAX),
    };
    let messages = system.into_iter().chain(shown.into_iter().map(to_chat_message)).collect();
    Ok(Prompt { context, messages })
}

fn to_chat_message(message: Message) -> ChatMessage {
    ChatMessage { role: message.role, parts: message.parts }
}

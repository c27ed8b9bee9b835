//! Conversations: trees of messages with one active leaf.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::text::{InvalidText, single_line, text_type};
use crate::{
    ConversationId, EffectiveRequest, Message, MessageId, MessageRole, MessageStatus, MessageTree, ModelName,
    NewMessage, Parameters, Parts, ProjectId, TagId, Timestamp, UserId, Version, WorkspaceId,
};

/// A conversation: what lists show of it, and the rules for what may happen to it.
#[derive(Debug, Clone, PartialEq)]
pub struct Conversation {
    /// Its identifier.
    pub id: ConversationId,
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// Whose it is.
    pub owner_id: UserId,
    /// The project whose members see it too.
    pub project_id: Option<ProjectId>,
    /// What lists show.
    pub title: Title,
    /// Where the title comes from; a person's title is never replaced.
    pub title_origin: TitleOrigin,
    /// The model that answers unless a message names another.
    pub model: Option<ModelName>,
    /// What every model is told first.
    pub system_prompt: Option<SystemPrompt>,
    /// How models answer unless a message says otherwise.
    pub parameters: Parameters,
    /// What its owner finds it under, in the order of the identifiers. [`crate::Event::ConversationTagged`] and its
    /// counterpart change it in storage; changing it here has no effect.
    pub tag_ids: Vec<TagId>,
    /// Whether it stands above the others.
    pub pinned: bool,
    /// Whether it is out of the way.
    pub archived: bool,
    /// The last message of the branch that is shown; `None` while there are no messages.
    pub active_leaf_id: Option<MessageId>,
    /// How many messages it has on all branches. Storage counts; changing it here has no effect.
    pub message_count: u32,
    /// Where it was forked from.
    pub forked_from: Option<ForkOrigin>,
    /// For optimistic locking.
    pub version: Version,
    /// When it was created.
    pub created_at: Timestamp,
    /// When something was last said in it, or it was last changed.
    pub updated_at: Timestamp,
}

/// Where a forked conversation comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ForkOrigin {
    /// The conversation that was forked.
    pub conversation_id: ConversationId,
    /// The last message that was taken along.
    pub message_id: MessageId,
}

/// Where a title comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum TitleOrigin {
    /// Nothing has been said yet.
    Default,
    /// The first question.
    Question,
    /// A model summed up the beginning.
    Model,
    /// A person chose it.
    Person,
}

text_type! {
    /// The title of a conversation: one line of 1 to 200 characters.
    Title, max 200, parse |text| single_line(text, Title::MAX_CHARACTERS)
}

impl Title {
    /// The length, in characters, that titles made from questions are cut to.
    const FROM_QUESTION: usize = 60;

    /// What a conversation is called before anything is said in it.
    pub fn placeholder() -> Self {
        Self("New conversation".to_owned())
    }

    /// A title from the beginning of a question, cut at a word; `None` when the question has no words.
    pub fn from_question(question: &str) -> Option<Self> {
        let mut title = String::new();
        let mut characters = 0;
        for word in question.split_whitespace() {
            let word: String =
                word.chars().filter(|c| Self::new(c.encode_utf8(&mut [0; 4])).is_ok()).collect();
            let length = word.chars().count();
            if length == 0 {
                continue;
            }
            let needed = length + usize::from(!title.is_empty());
            if characters + needed > Self::FROM_QUESTION {
                if title.is_empty() {
                    title.extend(word.chars().take(Self::FROM_QUESTION));
                }
                title.push('…');
                break;
            }
            if !title.is_empty() {
                title.push(' ');
            }
            title.push_str(&word);
            characters += needed;
        }
        Self::new(&title).ok()
    }
}

text_type! {
    /// What a model is told before the conversation: 1 to 32,768 characters, line breaks allowed.
    SystemPrompt, max 32_768, parse parse_system_prompt
}

fn parse_system_prompt(text: &str) -> Result<String, InvalidText> {
    if text.trim().is_empty() {
        return Err(InvalidText::Empty);
    }
    if text.chars().count() > SystemPrompt::MAX_CHARACTERS {
        return Err(InvalidText::TooLong { limit: SystemPrompt::MAX_CHARACTERS });
    }
    if text.contains('\0') {
        return Err(InvalidText::ControlCharacter);
    }
    Ok(text.to_owned())
}

/// What is needed to create a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct NewConversation {
    /// Its identifier.
    pub id: ConversationId,
    /// The tenant.
    pub workspace_id: WorkspaceId,
    /// Whose it is.
    pub owner_id: UserId,
    /// The project whose members see it too.
    pub project_id: Option<ProjectId>,
    /// What it is called; `None` to name it after its first question.
    pub title: Option<Title>,
    /// The model that answers.
    pub model: Option<ModelName>,
    /// What every model is told first.
    pub system_prompt: Option<SystemPrompt>,
    /// How models answer.
    pub parameters: Parameters,
}

/// What a person may change about a conversation. `None` leaves a field as it is; the inner `None` clears it.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ConversationChange {
    /// The new title.
    pub title: Option<Title>,
    /// The new model.
    pub model: Option<Option<ModelName>>,
    /// The new system prompt.
    pub system_prompt: Option<Option<SystemPrompt>>,
    /// The new parameters, all of them.
    pub parameters: Option<Parameters>,
    /// Whether it stands above the others.
    pub pinned: Option<bool>,
    /// Whether it is out of the way.
    pub archived: Option<bool>,
    /// The last message of the branch to show.
    pub active_leaf_id: Option<MessageId>,
    /// The project whose members see it too.
    pub project_id: Option<Option<ProjectId>>,
}

/// Why a conversation refuses what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ConversationRejection {
    /// The message named as parent is in another conversation.
    #[error("the parent message does not belong to this conversation")]
    ForeignParent,
    /// The branch ends in an answer that is still being written.
    #[error(
        "an answer is still being written on this branch; stop it, wait for it, or continue another branch"
    )]
    AnswerRunning,
    /// The content holds nothing.
    #[error("a message needs some content")]
    Empty,
    /// It has as many tags as a conversation may have.
    #[error("a conversation has at most {limit} tags", limit = Conversation::MAX_TAGS)]
    TooManyTags,
    /// Only questions can be answered again.
    #[error("only an answer, or a question, can be regenerated")]
    NotAnswerable,
}

impl Conversation {
    /// The largest number of tags.
    pub const MAX_TAGS: usize = 32;

    /// A conversation without messages.
    pub fn create(new: NewConversation, at: Timestamp) -> Self {
        let title_origin = if new.title.is_some() { TitleOrigin::Person } else { TitleOrigin::Default };
        Self {
            id: new.id,
            workspace_id: new.workspace_id,
            owner_id: new.owner_id,
            project_id: new.project_id,
            title: new.title.unwrap_or_else(Title::placeholder),
            title_origin,
            model: new.model,
            system_prompt: new.system_prompt,
            parameters: new.parameters,
            tag_ids: Vec::new(),
            pinned: false,
            archived: false,
            active_leaf_id: None,
            message_count: 0,
            forked_from: None,
            version: Version::FIRST,
            created_at: at,
            updated_at: at,
        }
    }

    /// The conversation after a person's change; `None` when the change changes nothing.
    pub fn update(&self, change: ConversationChange, at: Timestamp) -> Option<Self> {
        let mut updated = self.clone();
        if let Some(title) = change.title {
            updated.title = title;
            updated.title_origin = TitleOrigin::Person;
        }
        if let Some(model) = change.model {
            updated.model = model;
        }
        if let Some(system_prompt) = change.system_prompt {
            updated.system_prompt = system_prompt;
        }
        if let Some(parameters) = change.parameters {
            updated.parameters = parameters;
        }
        if let Some(project_id) = change.project_id {
            updated.project_id = project_id;
        }
        updated.pinned = change.pinned.unwrap_or(self.pinned);
        updated.archived = change.archived.unwrap_or(self.archived);
        updated.active_leaf_id = change.active_leaf_id.or(self.active_leaf_id);
        (updated != *self).then(|| updated.touched(at))
    }

    /// The conversation with a title that a model proposed; `None` once a person has chosen one.
    pub fn retitle(&self, title: Title) -> Option<Self> {
        if self.title_origin == TitleOrigin::Person || self.title == title {
            return None;
        }
        Some(Self { title, title_origin: TitleOrigin::Model, ..self.aside() })
    }

    /// The conversation with a tag; `None` where it has it already. When something was last said in it stays as it is.
    pub fn tag(&self, tag_id: TagId) -> Result<Option<Self>, ConversationRejection> {
        let Err(place) = self.tag_ids.binary_search(&tag_id) else { return Ok(None) };
        if self.tag_ids.len() >= Self::MAX_TAGS {
            return Err(ConversationRejection::TooManyTags);
        }
        let mut tagged = self.aside();
        tagged.tag_ids.insert(place, tag_id);
        Ok(Some(tagged))
    }

    /// The conversation without a tag; `None` where it does not have it.
    pub fn untag(&self, tag_id: TagId) -> Option<Self> {
        let place = self.tag_ids.binary_search(&tag_id).ok()?;
        let mut untagged = self.aside();
        untagged.tag_ids.remove(place);
        Some(untagged)
    }

    /// Adds a complete message under `parent` and makes it the active leaf.
    pub fn post(
        &self,
        new: NewMessage,
        parent: Option<&Message>,
        at: Timestamp,
    ) -> Result<(Self, Message), ConversationRejection> {
        if new.parts.bytes() == 0 {
            return Err(ConversationRejection::Empty);
        }
        self.check_parent(parent)?;
        let mut conversation = Self { active_leaf_id: Some(new.id), ..self.touched(at) };
        if conversation.title_origin == TitleOrigin::Default
            && new.role == MessageRole::User
            && let Some(title) = Title::from_question(&new.parts.searchable_text())
        {
            conversation.title = title;
            conversation.title_origin = TitleOrigin::Question;
        }
        let message = self.message(new, parent, at);
        Ok((conversation, message))
    }

    /// Adds a pending answer under `question` and makes it the active leaf. `self` must be the conversation as
    /// it is after the question was posted, when both happen in one unit of work.
    pub fn begin_answer(
        &self,
        answer_id: MessageId,
        question: &Message,
        request: EffectiveRequest,
        at: Timestamp,
    ) -> Result<(Self, Message), ConversationRejection> {
        if question.role == MessageRole::Assistant {
            return Err(ConversationRejection::NotAnswerable);
        }
        self.check_parent(Some(question))?;
        let conversation = Self { active_leaf_id: Some(answer_id), ..self.touched(at) };
        let new = NewMessage { id: answer_id, role: MessageRole::Assistant, parts: Parts::new() };
        let message = Message {
            status: MessageStatus::Pending,
            model: Some(request.model.clone()),
            effective_request: Some(request),
            ..self.message(new, Some(question), at)
        };
        Ok((conversation, message))
    }

    /// Removes a message and everything below it. Where the active branch is cut, it continues with the newest
    /// remaining branch beside the cut, or ends at the parent. Gives the conversation afterwards and what is gone.
    pub fn remove(
        &self,
        message_id: MessageId,
        tree: &MessageTree,
        at: Timestamp,
    ) -> Result<(Self, Vec<MessageId>), ConversationRejection> {
        let removed = tree.descendants(message_id);
        if removed.iter().any(|id| tree.node(*id).is_some_and(|node| node.status.is_running())) {
            return Err(ConversationRejection::AnswerRunning);
        }
        let active_leaf_id = match self.active_leaf_id {
            Some(leaf) if removed.contains(&leaf) => tree.leaf_without(message_id),
            leaf => leaf,
        };
        Ok((Self { active_leaf_id, ..self.touched(at) }, removed))
    }

    /// The conversation one version on.
    fn touched(&self, at: Timestamp) -> Self {
        Self { version: self.version.next(), updated_at: self.updated_at.max(at), ..self.clone() }
    }

    /// The conversation one version on, in its place among the others.
    fn aside(&self) -> Self {
        Self { version: self.version.next(), ..self.clone() }
    }

    fn check_parent(&self, parent: Option<&Message>) -> Result<(), ConversationRejection> {
        match parent {
            Some(parent) if parent.conversation_id != self.id => Err(ConversationRejection::ForeignParent),
            Some(parent) if parent.status.is_running() => Err(ConversationRejection::AnswerRunning),
            Some(_) | None => Ok(()),
        }
    }

    fn message(&self, new: NewMessage, parent: Option<&Message>, at: Timestamp) -> Message {
        Message {
            id: new.id,
            workspace_id: self.workspace_id,
            conversation_id: self.id,
            parent_id: parent.map(|parent| parent.id),
            role: new.role,
            parts: new.parts,
            status: MessageStatus::Complete,
            version: Version::FIRST,
            model: None,
            finish_reason: None,
            usage: None,
            effective_request: None,
            failure: None,
            flags: Vec::new(),
            created_at: at,
            edited_at: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_cut_at_a_word() {
        let question = "How do I grow tomatoes on a balcony that faces north and gets hardly any sun at all?";
        assert_eq!(
            Title::from_question(question).map(|t| t.to_string()).as_deref(),
            Some("How do I grow tomatoes on a balcony that faces north and…")
        );
        assert_eq!(Title::from_question("Hi\n\nthere").map(|t| t.to_string()).as_deref(), Some("Hi there"));
        assert_eq!(Title::from_question(" \n\u{0} "), None);
    }

    #[test]
    fn a_title_from_one_endless_word_is_cut_inside_it() {
        let title = Title::from_question(&"a".repeat(5000)).map(|t| t.to_string().chars().count());
        assert_eq!(title, Some(61));
    }
}

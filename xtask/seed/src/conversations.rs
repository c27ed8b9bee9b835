//! Made-up conversations as units of work.

use std::time::Duration;

use domain::{
    Conversation, ConversationId, EffectiveRequest, Event, FinishReason, Message, MessageId, MessageRole,
    ModelName, NewConversation, NewMessage, Origin, Parameters, Part, PromptContext, Timestamp, TokenCount,
    UnitOfWork, Usage, User, Version,
};

use crate::random::Random;
use crate::words::Words;

/// When the first conversation begins: 1 January 2024.
pub const BEGINNING: Timestamp = Timestamp::from_micros(1_704_067_200_000_000);

/// Conversations begin within two years.
const SPAN_SECONDS: u64 = 2 * 365 * 24 * 60 * 60;

/// A unit of work is full with this many events: enough that waiting for the disk costs little. SQLite keeps what a
/// unit changes in a list that it walks at every statement, so that ten times as many take longer, not shorter.
const EVENTS_A_UNIT: usize = 400;

/// The most messages that an answer's model saw.
const CONTEXT: usize = 16;

const MODELS: [&str; 4] = ["openai/large", "anthropic/medium", "ollama/small", "mistral/large"];

/// Makes conversations. Each depends on the seed and its own number alone.
pub struct Generator {
    seed: u64,
    owner: User,
    messages: u64,
    words: Words,
    models: Vec<ModelName>,
}

impl Generator {
    /// A generator of conversations with about `messages` messages each.
    pub fn new(seed: u64, owner: User, messages: u64) -> Self {
        let models = MODELS.iter().filter_map(|name| ModelName::new(name).ok()).collect();
        Self { seed, owner, messages, words: Words::new(), models }
    }

    /// The first `count` conversations, packed into large units of work.
    pub fn units(&self, count: u64) -> impl Iterator<Item = UnitOfWork> {
        let mut numbers = 0..count;
        std::iter::from_fn(move || {
            let mut events = Vec::with_capacity(EVENTS_A_UNIT);
            let mut at = BEGINNING;
            for number in numbers.by_ref() {
                let conversation = self.conversation(number, &mut events);
                at = at.max(conversation.updated_at);
                if events.len() >= EVENTS_A_UNIT {
                    break;
                }
            }
            let origin = Origin { user_id: Some(self.owner.id), ..Origin::SYSTEM };
            (!events.is_empty()).then(|| UnitOfWork::new(self.owner.workspace_id, origin, at, events))
        })
    }

    /// Appends the events of one conversation: created, its messages, and once updated to where it ends.
    fn conversation(&self, number: u64, events: &mut Vec<Event>) -> Conversation {
        let random = &mut Random::new(self.seed, number);
        let created_at = BEGINNING.plus(Duration::from_secs(random.below(SPAN_SECONDS)));
        let created = Conversation::create(
            NewConversation {
                id: ConversationId::from_uuid(random.uuid(created_at)),
                workspace_id: self.owner.workspace_id,
                owner_id: self.owner.id,
                project_id: None,
                title: None,
                model: Some(random.pick(&self.models).clone()),
                system_prompt: None,
                parameters: Parameters::default(),
            },
            created_at,
        );
        events.push(Event::ConversationCreated(created.clone()));
        let mut current = created.clone();
        let mut branch: Vec<Message> = Vec::new();
        let mut at = created_at;
        for _ in 0..self.turns(random) {
            branch_off(random, &mut branch);
            for role in [MessageRole::User, MessageRole::Assistant] {
                at = at.plus(Duration::from_secs(random.mostly_low(2, 900)));
                let (after, message) = self.post(random, &current, role, &branch, at);
                events.push(Event::MessagePosted(message.clone()));
                branch.push(message);
                current = after;
            }
        }
        let ended = Conversation {
            version: Version::FIRST.next(),
            pinned: random.chance(2),
            archived: random.chance(15),
            ..current
        };
        events.push(Event::ConversationUpdated(ended.clone()));
        ended
    }

    /// Questions with their answers: half of the messages, between a quarter and nearly twice as many.
    fn turns(&self, random: &mut Random) -> u64 {
        let middle = self.messages.div_ceil(2);
        let least = middle.div_ceil(4);
        least + random.below(2 * (middle - least) + 1)
    }

    fn post(
        &self,
        random: &mut Random,
        conversation: &Conversation,
        role: MessageRole,
        branch: &[Message],
        at: Timestamp,
    ) -> (Conversation, Message) {
        let is_answer = role == MessageRole::Assistant;
        let mut parts = Vec::with_capacity(2);
        if is_answer && random.chance(15) {
            parts.push(Part::Reasoning { text: self.words.thoughts(random) });
        }
        let text = if is_answer { self.words.answer(random) } else { self.words.question(random) };
        parts.push(Part::text(text));
        let new = NewMessage { id: MessageId::from_uuid(random.uuid(at)), role, parts: parts.into() };
        let posted = conversation.post(new, branch.last(), at);
        let (conversation, message) =
            posted.expect("the message has words, and its parent is complete and its own");
        if !is_answer {
            return (conversation, message);
        }
        let answered = self.answered(random, &conversation, message, branch);
        (conversation, answered)
    }

    /// The answer with what a run would have noted about it.
    fn answered(
        &self,
        random: &mut Random,
        conversation: &Conversation,
        message: Message,
        branch: &[Message],
    ) -> Message {
        let model = conversation.model.clone().unwrap_or_else(|| random.pick(&self.models).clone());
        let seen = &branch[branch.len().saturating_sub(CONTEXT)..];
        let usage = Usage {
            input_tokens: tokens(seen.iter().map(|message| message.parts.bytes()).sum()),
            output_tokens: tokens(message.parts.bytes()),
            ..Usage::default()
        };
        let effective_request = EffectiveRequest {
            model: model.clone(),
            parameters: Parameters::default(),
            system_prompt: None,
            context: PromptContext {
                first_message_id: seen.first().map_or(message.id, |first| first.id),
                last_message_id: seen.last().map_or(message.id, |last| last.id),
                messages: u32::try_from(seen.len()).unwrap_or(u32::MAX),
            },
        };
        let finish_reason = if random.chance(2) { FinishReason::Length } else { FinishReason::Stop };
        Message {
            model: Some(model),
            finish_reason: Some(finish_reason),
            usage: Some(usage),
            effective_request: Some(effective_request),
            ..message
        }
    }
}

/// Now and then a person goes back and asks differently: the branch continues from an earlier answer.
fn branch_off(random: &mut Random, branch: &mut Vec<Message>) {
    if branch.len() >= 4 && random.chance(12) {
        let turns_back = usize::try_from(random.mostly_low(1, 3)).unwrap_or(1);
        branch.truncate(branch.len().saturating_sub(2 * turns_back).max(2));
    }
}

/// About four bytes are a token.
fn tokens(bytes: usize) -> TokenCount {
    TokenCount(u32::try_from(bytes / 4).unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use std::collections::{HashMap, HashSet};

    use domain::{DisplayName, Email, Role, UserId, UserState, WorkspaceId};
    use uuid::Uuid;

    use super::*;

    fn generator(seed: u64, messages: u64) -> Generator {
        let owner = User {
            id: UserId::from_uuid(Uuid::from_u128(1)),
            workspace_id: WorkspaceId::from_uuid(Uuid::from_u128(2)),
            home_workspace_id: WorkspaceId::from_uuid(Uuid::from_u128(2)),
            role: Role::Owner,
            email: Email::new("owner@localhost").expect("an address"),
            display_name: DisplayName::new("Owner").expect("a name"),
            state: UserState::Active,
            password_hash: None,
            version: Version::FIRST,
            created_at: BEGINNING,
        };
        Generator::new(seed, owner, messages)
    }

    fn events(seed: u64, conversations: u64, messages: u64) -> Vec<Event> {
        generator(seed, messages).units(conversations).flat_map(|unit| unit.events).collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_conversations_and_another_gives_others() {
        assert_eq!(events(1, 50, 10), events(1, 50, 10));
        assert_ne!(events(1, 5, 10), events(2, 5, 10));
        assert_eq!(events(1, 5, 10), events(1, 50, 10)[..events(1, 5, 10).len()]);
    }

    #[test]
    fn there_are_as_many_conversations_as_asked_for_with_about_as_many_messages() {
        let events = events(3, 1000, 20);
        let conversations =
            events.iter().filter(|event| matches!(event, Event::ConversationCreated(_))).count();
        let messages = events.iter().filter(|event| matches!(event, Event::MessagePosted(_))).count();
        assert_eq!(conversations, 1000);
        assert!((18_000..=22_000).contains(&messages), "{messages}");
    }

    #[test]
    fn every_tree_is_sound_and_some_have_branches() {
        let mut messages: HashMap<MessageId, Message> = HashMap::new();
        let mut parents = HashSet::new();
        let mut branches = 0;
        for event in events(4, 300, 20) {
            match event {
                Event::MessagePosted(message) => {
                    if let Some(parent) = message.parent_id {
                        assert_eq!(messages[&parent].conversation_id, message.conversation_id);
                        assert!(messages[&parent].created_at < message.created_at && parent < message.id);
                        branches += usize::from(!parents.insert(parent));
                    }
                    assert!(message.parts.bytes() <= Message::MAX_BYTES);
                    assert!(messages.insert(message.id, message).is_none(), "ids are unique");
                }
                Event::ConversationUpdated(conversation) => {
                    let leaf = conversation.active_leaf_id.expect("something was said");
                    assert_eq!(messages[&leaf].conversation_id, conversation.id);
                    assert_eq!(messages[&leaf].created_at, conversation.updated_at);
                    assert_ne!(conversation.title, domain::Title::placeholder());
                }
                _ => {}
            }
        }
        assert!(branches > 100, "{branches}");
    }

    #[test]
    fn units_of_work_are_large_but_bounded() {
        let sizes: Vec<usize> = generator(5, 20).units(2000).map(|unit| unit.events.len()).collect();
        let (last, full) = sizes.split_last().expect("there is something to store");
        assert!(full.iter().all(|size| (EVENTS_A_UNIT..EVENTS_A_UNIT + 100).contains(size)), "{sizes:?}");
        assert!(*last > 0);
    }
}

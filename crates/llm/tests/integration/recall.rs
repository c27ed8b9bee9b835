//! The built-in responder.

use std::sync::Arc;

use async_trait::async_trait;
use domain::ports::{ChatModel, Models, Search, SearchHit, SearchRequest, StorageError};
use domain::{ConversationId, FinishReason, MessageId, MessageRole, ModelName, Part, Timestamp, Title};
use llm::{Connected, ModelsSettings, ProviderKind, ProviderSettings, Recall, RecallSettings, Registry};
use parking_lot::Mutex;
use testing::contracts::chat_model::question;
use uuid::Uuid;

use crate::support::{ask, read};

/// A search that finds the same every time, or fails, and keeps what it was asked.
#[derive(Default)]
pub struct FixedSearch {
    pub hits: Vec<SearchHit>,
    pub is_down: bool,
    pub asked: Mutex<Vec<SearchRequest>>,
}

#[async_trait]
impl Search for FixedSearch {
    async fn messages(&self, request: SearchRequest) -> Result<Vec<SearchHit>, StorageError> {
        self.asked.lock().push(request);
        if self.is_down { Err(StorageError::Unavailable("down".into())) } else { Ok(self.hits.clone()) }
    }
}

pub fn hit(number: u128, snippet: &str) -> SearchHit {
    SearchHit {
        conversation_id: ConversationId::from_uuid(Uuid::from_u128(number)),
        conversation_title: Title::new("Balcony").expect("the title is one line"),
        message_id: MessageId::from_uuid(Uuid::from_u128(number + 100)),
        role: MessageRole::User,
        created_at: Timestamp::from_micros(1_767_225_600_000_000),
        snippet: snippet.to_owned(),
        highlights: Vec::new(),
    }
}

pub fn recall(search: FixedSearch) -> (Recall, Arc<FixedSearch>) {
    let search = Arc::new(search);
    let settings = RecallSettings { pace_ms: 1, ..RecallSettings::default() };
    (Recall::new(Arc::<FixedSearch>::clone(&search), settings, Connected::default()), search)
}

#[tokio::test]
async fn it_quotes_each_message_once_with_a_link_and_a_citation() {
    let hits = vec![hit(1, "tomatoes need sun"), hit(2, "Tomatoes need sun "), hit(3, "more tomatoes")];
    let (recall, search) = recall(FixedSearch { hits, ..FixedSearch::default() });
    let conversation_id = Some(ConversationId::from_uuid(Uuid::from_u128(9)));
    let request = domain::ports::CompletionRequest { conversation_id, ..question() };
    let seen = read(&recall, request).await;
    assert_eq!(seen.parts.len(), 3, "{seen:?}");
    let address =
        |number: u128| format!("/c/{0}?leaf={1}#{1}", Uuid::from_u128(number), Uuid::from_u128(number + 100));
    for (part, number) in seen.parts[1..].iter().zip([1, 3]) {
        assert!(matches!(part, Part::Citation { url, .. } if *url == address(number)), "{part:?}");
        assert!(seen.text().contains(&format!("]({})", address(number))));
    }
    assert!(matches!(seen.end, Ok((FinishReason::Stop, None))));
    let asked = search.asked.lock();
    assert_eq!((asked[0].words.as_slice(), asked[0].all_words), (["tomatoes".to_owned()].as_slice(), false));
    assert_eq!(asked[0].filter.except, conversation_id);
}

#[tokio::test]
async fn a_greeting_is_answered_without_a_search() {
    let (recall, search) = recall(FixedSearch::default());
    let seen = read(&recall, ask("recall")).await;
    assert!(seen.text().contains("COLLOQUY_PROVIDERS__"), "{seen:?}");
    assert!(search.asked.lock().is_empty());
}

#[tokio::test]
async fn a_database_that_is_away_is_a_failure_and_not_an_empty_answer() {
    let (recall, _) = recall(FixedSearch { is_down: true, ..FixedSearch::default() });
    assert_eq!(recall.complete(question()).await.map_err(|error| error.code()), Err("provider_failed"));
}

#[tokio::test]
async fn the_question_itself_asked_before_is_quoted_last() {
    let hits = vec![hit(1, "what did I write  about tomatoes?\n"), hit(2, "Roma tomatoes grow well")];
    let (recall, _) = recall(FixedSearch { hits, ..FixedSearch::default() });
    let seen = read(&recall, question()).await;
    let (said, question) = (seen.text().find("Roma"), seen.text().find("what did I write"));
    assert!(said.is_some() && said < question, "{seen:?}");
}

#[tokio::test]
async fn it_knows_of_the_language_models_beside_it() {
    let connected = Connected::default();
    let search = Arc::new(FixedSearch::default());
    let settings = RecallSettings { pace_ms: 0, ..RecallSettings::default() };
    let recall = Arc::new(Recall::new(search, settings, connected.clone()));
    let provider = ProviderSettings {
        models: vec!["small".to_owned(), "large".to_owned()],
        ..ProviderSettings::new(ProviderKind::Openai)
    };
    let models = ModelsSettings { default_model: Some("mine/large".to_owned()), ..ModelsSettings::default() };
    let registry = Registry::new(
        &[("mine".to_owned(), provider)].into(),
        &models,
        recall,
        connected,
        outbound::Guard::default(),
    )
    .expect("the settings are right");
    let name = ModelName::new(ModelName::RECALL).expect("the constant is a name");
    let recall = registry.resolve(&name).expect("it is always there");
    let seen = read(recall.chat.as_ref(), question()).await;
    assert!(seen.text().contains("mine/large and 1 other are connected"), "{seen:?}");
    assert!(!seen.text().contains("No language model"), "{seen:?}");
}

//! `builtin/recall`: answers from the person's own earlier messages, and says plainly that no language model does.

mod markdown;
mod words;

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{
    ChatModel, Completion, CompletionEvent, CompletionRequest, CompletionStream, ProviderError, Search,
    SearchFilter, SearchHit, SearchOrder, SearchRequest,
};
use domain::{FinishReason, MessageRole, Part, PartDelta};
use futures_util::{StreamExt, stream};

use self::words::telling_words;
use crate::connected::Connected;
use crate::settings::{RecallSettings, milliseconds};

/// How long a piece of the answer is, in bytes, or a word longer.
const PIECE: usize = 24;

/// The built-in responder.
pub struct Recall {
    search: Arc<dyn Search>,
    settings: RecallSettings,
    connected: Connected,
}

impl Recall {
    /// A responder that looks through what `search` finds and names the language models that are `connected`.
    pub const fn new(search: Arc<dyn Search>, settings: RecallSettings, connected: Connected) -> Self {
        Self { search, settings, connected }
    }

    /// The text, and what it quotes.
    async fn answer(&self, request: &CompletionRequest) -> Result<(String, Vec<Part>), ProviderError> {
        let asked = request.messages.iter().rev().find(|message| message.role == MessageRole::User);
        let question = asked.map(|message| message.parts.prose()).unwrap_or_default();
        let words = telling_words(&question);
        let mut hits = if words.is_empty() { Vec::new() } else { self.hits(request, &words).await? };
        // Who asks again wants what was said about it, not the question.
        hits.sort_by_key(|hit| is_same(&hit.snippet, &question));
        hits.truncate(usize::from(self.settings.quotes));
        let text = markdown::answer(self.connected.get().as_ref(), &words, &hits);
        Ok((text, hits.iter().map(citation).collect()))
    }

    async fn hits(
        &self,
        request: &CompletionRequest,
        words: &[String],
    ) -> Result<Vec<SearchHit>, ProviderError> {
        let search = SearchRequest {
            workspace_id: request.workspace_id,
            owner_id: request.user_id,
            words: words.to_vec(),
            all_words: false,
            filter: SearchFilter {
                role: Some(MessageRole::User),
                except: request.conversation_id,
                ..SearchFilter::default()
            },
            order: SearchOrder::Best,
            before: None,
            // People repeat themselves; what is the same is quoted once.
            limit: self.settings.quotes.saturating_mul(3),
        };
        let mut hits = self.search.messages(search).await.map_err(|error| {
            tracing::warn!(%error, "the built-in responder cannot search");
            ProviderError::Failed {
                detail: "your earlier messages cannot be searched at the moment".to_owned(),
            }
        })?;
        let mut seen = HashSet::new();
        hits.retain(|hit| seen.insert(plain(&hit.snippet)));
        Ok(hits)
    }
}

#[async_trait]
impl ChatModel for Recall {
    async fn stream(&self, request: CompletionRequest) -> Result<CompletionStream, ProviderError> {
        let (text, citations) = self.answer(&request).await?;
        let appended = pieces(&text).into_iter().map(|text| PartDelta::Appended { part: 0, text });
        let deltas: Vec<PartDelta> = [PartDelta::Started(Part::text(""))]
            .into_iter()
            .chain(appended)
            .chain(citations.into_iter().map(PartDelta::Started))
            .collect();
        let end = CompletionEvent::Finished { finish_reason: FinishReason::Stop, usage: None };
        let steps = deltas.into_iter().map(CompletionEvent::Delta).chain([end]);
        let pace = milliseconds(self.settings.pace_ms);
        Ok(stream::iter(steps).then(move |step| paced(step, pace)).boxed())
    }

    async fn complete(&self, request: CompletionRequest) -> Result<Completion, ProviderError> {
        let (text, citations) = self.answer(&request).await?;
        let parts = [Part::text(text)].into_iter().chain(citations).collect();
        Ok(Completion { parts, finish_reason: FinishReason::Stop, usage: None })
    }
}

async fn paced(step: CompletionEvent, pace: Duration) -> Result<CompletionEvent, ProviderError> {
    if matches!(step, CompletionEvent::Delta(PartDelta::Appended { .. })) && !pace.is_zero() {
        tokio::time::sleep(pace).await;
    }
    Ok(step)
}

/// The text in pieces of a few words.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces = vec![String::new()];
    for word in text.split_inclusive(char::is_whitespace) {
        match pieces.last_mut() {
            Some(last) if last.len() < PIECE => last.push_str(word),
            _ => pieces.push(word.to_owned()),
        }
    }
    pieces
}

/// Whether a passage is the question itself, or a part of a long one.
fn is_same(snippet: &str, question: &str) -> bool {
    let (passage, question) = (plain(snippet), plain(question));
    let part = passage.trim_matches('…');
    if part.len() == passage.len() { passage == question } else { question.contains(part.trim()) }
}

/// A text without what does not make it another one: its case and its white space.
fn plain(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase()
}

/// Where a message stands, on this server.
fn address(hit: &SearchHit) -> String {
    format!("/c/{0}?leaf={1}#{1}", hit.conversation_id, hit.message_id)
}

fn citation(hit: &SearchHit) -> Part {
    Part::Citation {
        url: address(hit),
        title: Some(hit.conversation_title.to_string()),
        quote: Some(hit.snippet.clone()),
    }
}

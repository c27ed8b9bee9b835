//! Searching in what was said.

use std::time::Duration;

use async_trait::async_trait;
use domain::ports::{CacheKey, SearchFilter, SearchHit, SearchOrder, SearchRequest};
use domain::{
    ConversationId, MessageId, MessageRole, Page, PageRequest, Permission, ProjectAccess, Timestamp, Title,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use validator::Validate;

use crate::bus::{Context, Query};
use crate::{Error, PageInput, Services, access, remembered};

/// A page of hits.
pub type SearchPage = Page<SearchHitView, MessageId>;

/// How long a page is remembered. What its owner changes in this process is seen at once, what they change elsewhere as
/// soon as it is heard of, and within this time where it is not.
const KEEP: Duration = Duration::from_secs(3);

/// The actor's messages in which words occur.
#[derive(Debug, Clone, Validate)]
pub struct SearchMessages {
    /// The words, all of which must occur; those in quotation marks one after the other.
    #[validate(length(min = 1, max = 200, message = "must be 1 to 200 characters long"))]
    pub q: String,
    /// Which of them. The tag and the project are the actor's.
    pub filter: SearchFilter,
    /// The order of the hits.
    pub order: SearchOrder,
    /// Which page. In the order of [`SearchOrder::Best`] there is one.
    pub page: PageInput,
}

/// A message in which what was searched for occurs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(title = "SearchHit")]
pub struct SearchHitView {
    /// The conversation it belongs to.
    pub conversation_id: ConversationId,
    /// What the conversation is called.
    pub conversation_title: Title,
    /// The message. It names its branch too: `leaf` in the list of the conversation's messages.
    pub message_id: MessageId,
    /// Who speaks.
    pub role: MessageRole,
    /// When it was posted.
    pub created_at: Timestamp,
    /// The passage around the match, in pieces that make it up one after the other.
    pub snippet: Vec<SnippetPiece>,
}

/// A piece of a passage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SnippetPiece {
    /// Plain text.
    pub text: String,
    /// Whether it is what was searched for.
    pub highlighted: bool,
}

#[async_trait]
impl Query for SearchMessages {
    const NAME: &'static str = "message.search";
    const PERMISSION: Permission = Permission::Read;
    type Output = SearchPage;

    async fn answer(&self, services: &Services, context: &Context) -> Result<SearchPage, Error> {
        let page: PageRequest<MessageId> = self.page.request()?;
        if self.order == SearchOrder::Best && page.after.is_some() {
            let detail = "goes with order=newest only: the best hits are one page";
            return Err(Error::invalid_field("/after", "not_paged", detail));
        }
        let actor = &context.actor;
        if let Some(id) = self.filter.tag_id {
            access::tag(services, actor, id).await?;
        }
        if let Some(id) = self.filter.project_id {
            access::check_project(services, actor, id, ProjectAccess::Read).await?;
        }
        let request = SearchRequest {
            workspace_id: actor.workspace_id,
            owner_id: actor.user_id,
            words: words(&self.q),
            all_words: true,
            filter: self.filter.clone(),
            order: self.order,
            before: page.after,
            limit: page.limit + 1,
        };
        if request.words.is_empty() {
            return Ok(Page { items: Vec::new(), next: None });
        }
        let key = CacheKey { kind: "search", id: fingerprint(&request) };
        let load = async || {
            let hits = services.ports.search.messages(request.clone()).await?;
            let hits: Vec<SearchHitView> = hits.into_iter().map(SearchHitView::from).collect();
            Ok(Some((actor.user_id, hits)))
        };
        let hits = remembered::get(&*services.ports.cache, &key, KEEP, load).await?.unwrap_or_default();
        let mut found = Page::from_surplus(hits, page.limit, |hit| hit.message_id);
        if self.order == SearchOrder::Best {
            found.next = None;
        }
        Ok(found)
    }
}

/// The words of what a person typed; those in quotation marks stay together.
fn words(typed: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (number, piece) in typed.split('"').enumerate() {
        if number % 2 == 1 {
            words.push(piece.trim().to_owned());
        } else {
            words.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Tells requests from one another.
fn fingerprint(request: &SearchRequest) -> String {
    blake3::hash(format!("{request:?}").as_bytes()).to_hex().to_string()
}

impl From<SearchHit> for SearchHitView {
    fn from(hit: SearchHit) -> Self {
        Self {
            snippet: pieces(&hit.snippet, &hit.highlights),
            conversation_id: hit.conversation_id,
            conversation_title: hit.conversation_title,
            message_id: hit.message_id,
            role: hit.role,
            created_at: hit.created_at,
        }
    }
}

fn pieces(snippet: &str, highlights: &[std::ops::Range<usize>]) -> Vec<SnippetPiece> {
    let mut pieces = Vec::new();
    let mut push = |text: Option<&str>, highlighted| {
        if let Some(text) = text.filter(|text| !text.is_empty()) {
            pieces.push(SnippetPiece { text: text.to_owned(), highlighted });
        }
    };
    let mut end = 0;
    for highlight in highlights {
        push(snippet.get(end..highlight.start), false);
        push(snippet.get(highlight.clone()), true);
        end = highlight.end;
    }
    push(snippet.get(end..), false);
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_in_quotation_marks_stay_together() {
        assert_eq!(words(" red  \"spring onions\" soup"), ["red", "spring onions", "soup"]);
        assert_eq!(words("\"left open"), ["left open"]);
        assert_eq!(words(" \"\" "), Vec::<String>::new());
    }

    #[test]
    fn pieces_make_up_the_snippet() {
        let made = pieces("ünder the ünion", &[0..6, 11..17]);
        let shown: Vec<_> = made.iter().map(|piece| (piece.text.as_str(), piece.highlighted)).collect();
        assert_eq!(shown, [("ünder", true), (" the ", false), ("ünion", true)]);
        assert_eq!(pieces("", &[]), []);
    }
}

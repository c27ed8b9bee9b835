//! What a link shows: the words of one branch, without anything that leads further.

use domain::{
    Conversation, ConversationId, Message, MessageId, MessageRole, ModelName, PageRequest, Part, Timestamp,
    Title,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Error, PageInput, Services};

/// The most text that a link shows, in bytes.
pub(super) const MAX_BYTES: usize = 4 * 1024 * 1024;
/// The most messages that a link shows.
pub(super) const MAX_MESSAGES: usize = 5_000;

/// The words of one branch.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct SharedContent {
    /// What the conversation is called.
    pub title: Title,
    /// What was said, oldest first.
    pub messages: Vec<SharedMessage>,
    /// Whether that is all of the branch; otherwise it is the newest part of it.
    pub is_whole: bool,
}

/// One message of a conversation that a link shows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SharedMessage {
    /// Who speaks.
    pub role: MessageRole,
    /// What is said.
    pub parts: Vec<Part>,
    /// Which model wrote it.
    pub model: Option<ModelName>,
    /// When it was posted.
    pub created_at: Timestamp,
}

impl SharedContent {
    /// The branch of a conversation that ends in a message: as much of its end as a link may show.
    pub(super) async fn read(
        services: &Services,
        conversation: &Conversation,
        leaf: Option<MessageId>,
    ) -> Result<Self, Error> {
        let mut content = Self { title: conversation.title.clone(), messages: Vec::new(), is_whole: true };
        let Some(leaf) = leaf else { return Ok(content) };
        let mut bytes = 0;
        let mut request = PageRequest::first(PageInput::MAX_LIMIT);
        'pages: loop {
            let page = services.ports.messages.thread(conversation.workspace_id, leaf, request).await?;
            for entry in page.items {
                bytes += entry.message.parts.bytes();
                if bytes > MAX_BYTES || content.messages.len() == MAX_MESSAGES {
                    content.is_whole = false;
                    break 'pages;
                }
                content.messages.push(entry.message.into());
            }
            let Some(after) = page.next else { break };
            request = PageRequest { after: Some(after), limit: PageInput::MAX_LIMIT };
        }
        content.messages.reverse();
        Ok(content)
    }
}

impl From<Message> for SharedMessage {
    fn from(message: Message) -> Self {
        Self {
            role: message.role,
            parts: message.parts.as_slice().iter().cloned().filter_map(outward).collect(),
            model: message.model,
            created_at: message.created_at,
        }
    }
}

/// A part for whoever has a link: without what leads to other conversations.
fn outward(part: Part) -> Option<Part> {
    Some(match part {
        // A relative address leads into this server.
        Part::Citation { url, .. } if !(url.starts_with("https://") || url.starts_with("http://")) => {
            return None;
        }
        Part::Text { text } => Part::Text { text: without_addresses(&text) },
        Part::Reasoning { text } => Part::Reasoning { text: without_addresses(&text) },
        Part::ToolResult { call_id, text } => Part::ToolResult { call_id, text: without_addresses(&text) },
        other => other,
    })
}

/// A text without addresses of conversations on this server. Of a link in Markdown its words stay.
fn without_addresses(text: &str) -> String {
    const BEGIN: &str = "/c/";
    const ID_BYTES: usize = 36;
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(BEGIN) {
        let (before, address) = rest.split_at(at);
        kept.push_str(before);
        let id = address.get(BEGIN.len()..BEGIN.len() + ID_BYTES);
        if id.is_none_or(|id| id.parse::<ConversationId>().is_err()) {
            kept.push_str(BEGIN);
            rest = &address[BEGIN.len()..];
            continue;
        }
        let ends = |c: char| c.is_whitespace() || matches!(c, ')' | ']' | '>' | '"' | '\'' | '<');
        rest = address.find(ends).map_or("", |end| &address[end..]);
        if kept.ends_with("](")
            && let Some(after) = rest.strip_prefix(')')
        {
            kept.pop();
            rest = after;
        }
    }
    kept.push_str(rest);
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "0192f000-0000-7000-8000-000000000000";

    #[test]
    fn addresses_of_conversations_are_left_out_and_nothing_else_is() {
        let linked = format!("1. [Garden](/c/{ID}?leaf={ID}#{ID}), 2026-11-21\n   > **roses**");
        assert_eq!(without_addresses(&linked), "1. [Garden], 2026-11-21\n   > **roses**");
        assert_eq!(
            without_addresses(&format!("see https://a.example/c/{ID} too")),
            "see https://a.example too"
        );
        assert_eq!(without_addresses(&format!("/c/{ID}")), "");
        for harmless in ["", "/c/", "cd /c/users; ls", "/c/ünïcödé-ünïcödé-ünïcödé-ünïcödé-ünï", "[a](/cats)"]
        {
            assert_eq!(without_addresses(harmless), harmless);
        }
    }

    #[test]
    fn citations_of_other_conversations_are_left_out() {
        let citation = |url: &str| Part::Citation { url: url.to_owned(), title: None, quote: None };
        assert_eq!(outward(citation(&format!("/c/{ID}"))), None);
        assert_eq!(outward(citation("https://example.org/")), Some(citation("https://example.org/")));
    }
}

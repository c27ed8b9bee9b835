//! A conversation to read: where `builtin/recall` links to, as long as nothing better shows it.

use std::fmt::Write as _;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use application::conversations::{ConversationView, GetConversation};
use application::messages::{ListMessages, MessagePage, MessageView, ThreadBranch};
use application::{PageInput, encode_cursor};
use bytes::Bytes;
use domain::{MessageId, MessageRole, MessageStatus, Part, Timestamp};
use url::{Url, form_urlencoded};

use super::front::see_other;
use super::{client, complete, escape, html, refuse};
use crate::problem::Problem;
use crate::route::{Call, Handling};

/// How many pages are looked through for a message that a link names.
const MAX_STEPS: usize = 64;

/// `GET /c/{conversation_id}`: the client, which finds out itself what there is to see; without it, a page to read.
pub fn page_or_client(call: Call) -> Handling {
    Box::pin(client::or_else(call, page))
}

/// The messages of a branch, oldest first; `leaf` names a message on another branch.
fn page(call: Call) -> Handling {
    Box::pin(async move { Ok(show(&call).await.unwrap_or_else(|problem| explain(&call, &problem))) })
}

async fn show(call: &Call) -> Result<HttpResponse, Problem> {
    let context = call.context().await?;
    let conversation_id = call.id("conversation_id")?;
    let conversation = call.state.bus.ask(&context, GetConversation { conversation_id }).await?;
    let wanted = Wanted::read(call.request.query_string())?;
    let branch = wanted.leaf.map_or(ThreadBranch::Active, ThreadBranch::Through);
    let mut after = wanted.after.clone().filter(|after| !after.is_empty());
    for _ in 0..MAX_STEPS {
        let page = PageInput { limit: Some(PageInput::MAX_LIMIT), after: after.clone() };
        let messages = call.state.bus.ask(&context, ListMessages { conversation_id, branch, page }).await?;
        if let (Some(next), true) = (&messages.next, wanted.is_further(&messages)) {
            after = Some(encode_cursor(next));
            continue;
        }
        return Ok(html(Bytes::from(write(&conversation, &messages, &wanted, after.is_some()))));
    }
    Err(Problem::unknown_route())
}

/// What the page says instead. Somebody who is not signed in signs in first and comes back.
fn explain(call: &Call, problem: &Problem) -> HttpResponse {
    if problem.status() == StatusCode::UNAUTHORIZED {
        let asked = call.request.uri().path_and_query().map_or("/", |asked| asked.as_str());
        let next: String = form_urlencoded::byte_serialize(asked.as_bytes()).collect();
        return see_other(&format!("/login?next={next}"));
    }
    // A branch or a cursor that is none is an address that leads nowhere.
    let is_unknown = problem.status() == StatusCode::UNPROCESSABLE_ENTITY;
    if is_unknown { refuse(&Problem::unknown_route()) } else { refuse(problem) }
}

/// Which part of a conversation is wanted. Parameters that are not ours do no harm: links collect them.
#[derive(Default)]
struct Wanted {
    leaf: Option<MessageId>,
    after: Option<String>,
}

impl Wanted {
    fn read(query: &str) -> Result<Self, Problem> {
        let mut wanted = Self::default();
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.as_ref() {
                "leaf" => wanted.leaf = Some(value.parse().map_err(|_| Problem::unknown_route())?),
                "after" => wanted.after = Some(value.into_owned()),
                _ => {}
            }
        }
        Ok(wanted)
    }

    /// Whether the message that the link names stands on an older page. Who asks for a certain page gets that one.
    fn is_further(&self, page: &MessagePage) -> bool {
        let is_there = |leaf| page.items.iter().any(|entry| entry.message.id == leaf);
        self.after.is_none() && self.leaf.is_some_and(|leaf| !is_there(leaf))
    }

    /// The address of a certain page of the same branch; without a cursor, of the newest.
    fn address(&self, conversation: &ConversationView, after: Option<&MessageId>) -> String {
        let leaf = self.leaf.map_or_else(String::new, |leaf| format!("leaf={leaf}&"));
        let after = after.map_or_else(String::new, encode_cursor);
        format!("/c/{}?{leaf}after={after}", conversation.id)
    }
}

fn write(conversation: &ConversationView, page: &MessagePage, wanted: &Wanted, has_newer: bool) -> String {
    let link = |after, words| {
        let address = escape(&wanted.address(conversation, after));
        format!("<p><a href=\"{address}\">{words}</a></p>\n")
    };
    let older = page.next.as_ref().map_or_else(String::new, |next| link(Some(next), "Older messages"));
    let newest = if has_newer { link(None, "Newest messages") } else { String::new() };
    let mut messages: String = page.items.iter().rev().map(|entry| message(&entry.message)).collect();
    if messages.is_empty() {
        messages.push_str("<p class=\"quiet\">Nothing has been said yet.</p>\n");
    }
    // A title may look like a placeholder; the messages come last, so that nothing is looked for in them.
    let title = escape(conversation.title.as_str()).replace('{', "&#123;");
    complete(include_str!("assets/conversation.html"))
        .replace("{{title}}", &title)
        .replace("{{older}}", &older)
        .replace("{{newest}}", &newest)
        .replace("{{messages}}", &messages)
}

fn message(message: &MessageView) -> String {
    let role = match message.role {
        MessageRole::System => "System",
        MessageRole::User => "User",
        MessageRole::Assistant => "Assistant",
        MessageRole::Tool => "Tool",
    };
    let status = match message.status {
        MessageStatus::Pending => "pending",
        MessageStatus::Streaming => "being written",
        MessageStatus::Complete => "complete",
        MessageStatus::Interrupted => "interrupted",
        MessageStatus::Failed => "failed",
        MessageStatus::Cancelled => "stopped",
    };
    let mut html = format!(
        "<article class=\"message\" id=\"{}\"><h2>{role} {}<span>{status}</span>",
        message.id,
        moment(message.created_at)
    );
    if let Some(model) = &message.model {
        push(&mut html, format_args!("<span>{}</span>", escape(&model.to_string())));
    }
    html.push_str("</h2>\n");
    let (citations, others): (Vec<&Part>, Vec<&Part>) =
        message.parts.as_slice().iter().partition(|part| matches!(part, Part::Citation { .. }));
    for other in others {
        html.push_str(&part(other));
    }
    if !citations.is_empty() {
        let items: String = citations.into_iter().map(part).collect();
        push(&mut html, format_args!("<ul class=\"sources\">\n{items}</ul>\n"));
    }
    if let Some(problem) = &message.problem {
        push(&mut html, format_args!("<p class=\"notice bad\">{}</p>\n", escape(&problem.detail)));
    }
    html.push_str("</article>\n");
    html
}

fn part(part: &Part) -> String {
    match part {
        Part::Text { text } => said(text),
        Part::Reasoning { text } => folded("Reasoning", text),
        Part::ToolCall { name, arguments, .. } => folded(&format!("Call of {name}"), arguments),
        Part::ToolResult { text, .. } => folded("Result of a tool", text),
        Part::Image { url, .. } => format!("<p>{}</p>\n", source(url, "A picture")),
        Part::File { name, text, .. } => match text {
            Some(text) => folded(&format!("File {name}"), text),
            None => format!("<p class=\"quiet\">File {}</p>\n", escape(name)),
        },
        Part::Citation { url, title, quote } => {
            let quote = quote
                .as_deref()
                .map_or_else(String::new, |quote| format!("<div class=\"quoted\">{}</div>", escape(quote)));
            format!("<li>{}{quote}</li>\n", source(url, title.as_deref().unwrap_or(url)))
        }
        Part::Unsupported { description } => format!("<p class=\"quiet\">{}</p>\n", escape(description)),
    }
}

fn said(text: &str) -> String {
    format!("<div class=\"said\">{}</div>\n", escape(text))
}

fn folded(summary: &str, text: &str) -> String {
    format!("<details><summary>{}</summary>{}</details>\n", escape(summary), said(text))
}

/// The words as a link to a source, where it is an address that can be followed without harm.
fn source(url: &str, words: &str) -> String {
    let words = escape(words);
    match safe(url) {
        Some(url) => format!("<a href=\"{}\" rel=\"noopener noreferrer nofollow\">{words}</a>", escape(&url)),
        None => words,
    }
}

/// The address as browsers will understand it, where it is on this server or `https:`.
fn safe(address: &str) -> Option<String> {
    let here = Url::parse("https://here.invalid/").ok()?;
    let url = here.join(address).ok().filter(|url| url.scheme() == "https")?;
    if url.origin() == here.origin() {
        let within = url.as_str().strip_prefix(here.as_str())?.trim_start_matches('/');
        return Some(format!("/{within}"));
    }
    Some(url.into())
}

fn moment(at: Timestamp) -> String {
    let at = at.to_string();
    let minute: String = at.chars().take(16).map(|letter| if letter == 'T' { ' ' } else { letter }).collect();
    format!("<time datetime=\"{at}\">{minute} UTC</time>")
}

fn push(html: &mut String, part: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = html.write_fmt(part);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_here_or_over_https_become_links() {
        assert_eq!(safe("/c/1#2").as_deref(), Some("/c/1#2"));
        assert_eq!(safe("https://example.org/a?b").as_deref(), Some("https://example.org/a?b"));
        assert_eq!(safe("/\t/example.org/").as_deref(), Some("https://example.org/"));
        assert_eq!(safe("/.//example.org/").as_deref(), Some("/example.org/"));
        for harmful in ["javascript:alert(1)", "JAVA\nSCRIPT:alert(1)", "data:text/html,x", "http://a/", "//"]
        {
            assert_eq!(safe(harmful), None, "{harmful}");
        }
    }

    #[test]
    fn what_is_said_is_never_markup() {
        let evil = "<script>\"'&";
        let parts = [
            Part::text(evil),
            Part::Reasoning { text: evil.into() },
            Part::ToolCall { id: evil.into(), name: evil.into(), arguments: evil.into() },
            Part::ToolResult { call_id: evil.into(), text: evil.into() },
            Part::Image { url: evil.into(), media_type: None },
            Part::File { name: evil.into(), media_type: None, text: Some(evil.into()) },
            Part::File { name: evil.into(), media_type: None, text: None },
            Part::Citation { url: evil.into(), title: Some(evil.into()), quote: Some(evil.into()) },
            Part::Unsupported { description: evil.into() },
        ];
        for one in &parts {
            assert!(!part(one).contains("<script"), "{}", part(one));
        }
    }
}

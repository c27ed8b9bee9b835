//! From a request in the domain's terms to the bytes of `POST /chat/completions`.

use std::borrow::Cow;
use std::fmt::Write;

use domain::ports::{ChatMessage, CompletionRequest};
use domain::{MessageRole, Part};
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

/// How the answer is to come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Delivery {
    /// As a whole.
    Whole,
    /// In steps, the consumption at the end.
    StreamWithUsage,
    /// In steps; for providers that do not know `stream_options`.
    Stream,
}

/// What a provider calls the largest length of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LengthField {
    /// What all but one understand.
    MaxTokens,
    /// What `OpenAI` asks for since its reasoning models.
    MaxCompletionTokens,
}

impl LengthField {
    const fn as_str(self) -> &'static str {
        match self {
            Self::MaxTokens => "max_tokens",
            Self::MaxCompletionTokens => "max_completion_tokens",
        }
    }
}

/// The body of the request.
pub(super) fn body(
    request: &CompletionRequest,
    delivery: Delivery,
    length_field: LengthField,
) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Body { request, delivery, length_field })
}

struct Body<'a> {
    request: &'a CompletionRequest,
    delivery: Delivery,
    length_field: LengthField,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl Serialize for Body<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let parameters = &self.request.parameters;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("model", &self.request.model)?;
        map.serialize_entry("messages", &Messages(&self.request.messages))?;
        if self.delivery != Delivery::Whole {
            map.serialize_entry("stream", &true)?;
        }
        if self.delivery == Delivery::StreamWithUsage {
            map.serialize_entry("stream_options", &StreamOptions { include_usage: true })?;
        }
        if let Some(temperature) = parameters.temperature {
            map.serialize_entry("temperature", &temperature)?;
        }
        if let Some(top_p) = parameters.top_p {
            map.serialize_entry("top_p", &top_p)?;
        }
        if let Some(most) = parameters.max_output_tokens {
            map.serialize_entry(self.length_field.as_str(), &most)?;
        }
        for (name, value) in &self.request.extra {
            let is_set = match name.as_str() {
                "model" | "messages" | "stream" | "stream_options" => true,
                "temperature" => parameters.temperature.is_some(),
                "top_p" => parameters.top_p.is_some(),
                "max_tokens" | "max_completion_tokens" => parameters.max_output_tokens.is_some(),
                _ => false,
            };
            if !is_set {
                map.serialize_entry(name, value)?;
            }
        }
        map.end()
    }
}

struct Messages<'a>(&'a [ChatMessage]);

impl Serialize for Messages<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for message in self.0 {
            let parts = message.parts.as_slice();
            let is_result = |part: &&Part| matches!(part, Part::ToolResult { .. });
            if message.role != MessageRole::Tool || !parts.iter().any(|part| is_result(&part)) {
                list.serialize_element(&Spoken { role: message.role, parts })?;
            }
            for part in parts {
                if let Part::ToolResult { call_id, text } = part {
                    list.serialize_element(&ToolResult {
                        role: "tool",
                        tool_call_id: call_id,
                        content: text,
                    })?;
                }
            }
        }
        list.end()
    }
}

#[derive(Serialize)]
struct ToolResult<'a> {
    role: &'static str,
    tool_call_id: &'a str,
    content: &'a str,
}

/// A message but for the tool results in it.
struct Spoken<'a> {
    role: MessageRole,
    parts: &'a [Part],
}

impl Serialize for Spoken<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("role", role(self.role))?;
        let is_call = |part: &Part| matches!(part, Part::ToolCall { .. });
        let is_image = |part: &Part| matches!(part, Part::Image { .. });
        let calls = self.role == MessageRole::Assistant && self.parts.iter().any(is_call);
        if self.parts.iter().any(is_image) && self.role != MessageRole::Assistant {
            map.serialize_entry("content", &ContentList(self.parts))?;
        } else {
            let text = joined(self.parts);
            if text.is_empty() && calls {
                map.serialize_entry("content", &())?;
            } else {
                map.serialize_entry("content", &text)?;
            }
        }
        if calls {
            map.serialize_entry("tool_calls", &ToolCalls(self.parts))?;
        }
        map.end()
    }
}

/// A tool's words without the call that they answer have no place in the wire format; they go as a person's.
const fn role(role: MessageRole) -> &'static str {
    match role {
        MessageRole::System => "system",
        MessageRole::User | MessageRole::Tool => "user",
        MessageRole::Assistant => "assistant",
    }
}

/// What a model reads of a part, as prose.
fn prose(part: &Part) -> Option<Cow<'_, str>> {
    match part {
        Part::Text { text } => Some(Cow::Borrowed(text)),
        Part::File { name, text, .. } => {
            let name = name.replace(['"', '<', '>', '\n', '\r'], "'");
            let mut block = format!("<file name=\"{name}\">\n");
            let written = match text {
                Some(text) => write!(block, "{text}\n</file>"),
                None => write!(block, "(the content is not available)\n</file>"),
            };
            written.ok().map(|()| Cow::Owned(block))
        }
        Part::Reasoning { .. }
        | Part::ToolCall { .. }
        | Part::ToolResult { .. }
        | Part::Image { .. }
        | Part::Citation { .. }
        | Part::Unsupported { .. } => None,
    }
}

fn joined(parts: &[Part]) -> Cow<'_, str> {
    let mut texts = parts.iter().filter_map(prose);
    let Some(first) = texts.next() else { return Cow::Borrowed("") };
    texts.fold(first, |mut all, text| {
        let owned = all.to_mut();
        owned.push('\n');
        owned.push_str(&text);
        all
    })
}

struct ContentList<'a>(&'a [Part]);

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Content<'a> {
    Text { text: Cow<'a, str> },
    ImageUrl { image_url: ImageUrl<'a> },
}

#[derive(Serialize)]
struct ImageUrl<'a> {
    url: &'a str,
}

impl Serialize for ContentList<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().filter_map(|part| match part {
            Part::Image { url, .. } => Some(Content::ImageUrl { image_url: ImageUrl { url } }),
            part => prose(part).map(|text| Content::Text { text }),
        }))
    }
}

struct ToolCalls<'a>(&'a [Part]);

#[derive(Serialize)]
struct ToolCall<'a> {
    id: &'a str,
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Serialize)]
struct Function<'a> {
    name: &'a str,
    arguments: &'a str,
}

impl Serialize for ToolCalls<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().filter_map(|part| match part {
            Part::ToolCall { id, name, arguments } => {
                Some(ToolCall { id, r#type: "function", function: Function { name, arguments } })
            }
            _ => None,
        }))
    }
}

#[cfg(test)]
mod tests {
    use domain::{Parameters, Parts, UserId, WorkspaceId};
    use serde_json::{Map, Value, json};
    use uuid::Uuid;

    use super::*;

    fn request(messages: Vec<ChatMessage>) -> CompletionRequest {
        CompletionRequest {
            model: "m".to_owned(),
            workspace_id: WorkspaceId::from_uuid(Uuid::nil()),
            user_id: UserId::from_uuid(Uuid::nil()),
            conversation_id: None,
            messages,
            parameters: Parameters::default(),
            extra: Map::new(),
        }
    }

    fn message(role: MessageRole, parts: Vec<Part>) -> ChatMessage {
        ChatMessage { role, parts: Parts::from(parts) }
    }

    fn sent(request: &CompletionRequest, delivery: Delivery, field: LengthField) -> Value {
        let bytes = body(request, delivery, field).expect("plain values serialise");
        serde_json::from_slice(&bytes).expect("the body is JSON")
    }

    #[test]
    fn every_kind_of_message_has_its_shape_on_the_wire() {
        let call =
            Part::ToolCall { id: "c1".to_owned(), name: "add".to_owned(), arguments: "{\"a\":1}".to_owned() };
        let result = Part::ToolResult { call_id: "c1".to_owned(), text: "2".to_owned() };
        let image = Part::Image { url: "data:image/png;base64,AA==".to_owned(), media_type: None };
        let file =
            Part::File { name: "a\".txt".to_owned(), media_type: None, text: Some("inside".to_owned()) };
        let request = request(vec![
            message(MessageRole::System, vec![Part::text("Be brief.")]),
            message(MessageRole::User, vec![Part::text("Look:"), image, file]),
            message(MessageRole::Assistant, vec![Part::Reasoning { text: "hm".to_owned() }, call]),
            message(MessageRole::Tool, vec![result]),
            message(MessageRole::User, vec![Part::text("one"), Part::text("two")]),
        ]);
        insta::assert_json_snapshot!(sent(&request, Delivery::StreamWithUsage, LengthField::MaxTokens), @r#"
        {
          "model": "m",
          "messages": [
            {
              "role": "system",
              "content": "Be brief."
            },
            {
              "role": "user",
              "content": [
                {
                  "type": "text",
                  "text": "Look:"
                },
                {
                  "type": "image_url",
                  "image_url": {
                    "url": "data:image/png;base64,AA=="
                  }
                },
                {
                  "type": "text",
                  "text": "<file name=\"a'.txt\">\ninside\n</file>"
                }
              ]
            },
            {
              "role": "assistant",
              "content": null,
              "tool_calls": [
                {
                  "id": "c1",
                  "type": "function",
                  "function": {
                    "name": "add",
                    "arguments": "{\"a\":1}"
                  }
                }
              ]
            },
            {
              "role": "tool",
              "tool_call_id": "c1",
              "content": "2"
            },
            {
              "role": "user",
              "content": "one\ntwo"
            }
          ],
          "stream": true,
          "stream_options": {
            "include_usage": true
          }
        }
        "#);
    }

    #[test]
    fn parameters_win_over_extra_fields_and_nothing_may_replace_the_request_itself() {
        let mut request = request(vec![message(MessageRole::User, vec![Part::text("Hi")])]);
        request.parameters = Parameters { temperature: Some(0.5), top_p: None, max_output_tokens: Some(10) };
        request.extra = json!({"model": "x", "messages": [], "stream": false, "stream_options": 1,
            "temperature": 2, "top_p": 0.1, "max_tokens": 5, "seed": 7, "stop": ["a"]})
        .as_object()
        .cloned()
        .unwrap_or_default();
        let sent = sent(&request, Delivery::Whole, LengthField::MaxCompletionTokens);
        assert_eq!(
            sent,
            json!({"model": "m", "messages": [{"role": "user", "content": "Hi"}], "temperature": 0.5,
                "max_completion_tokens": 10, "top_p": 0.1, "seed": 7, "stop": ["a"]})
        );
    }
}

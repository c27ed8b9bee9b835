//! The body of `POST /v1/chat/completions`. Fields that we do not know go to the provider as they are.

use std::fmt;

use domain::ports::ChatMessage;
use domain::{MessageRole, ModelName, Parameters, Part, Parts};
use schemars::JsonSchema;
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use application::Error;

/// What a model is asked.
#[derive(Debug, Default, JsonSchema)]
#[schemars(title = "ChatCompletionRequest", rename = "ChatCompletionRequest")]
pub struct ChatRequest {
    /// The model: `<provider>/<model>`, or the bare name where it is unambiguous. Absent: the server's default.
    pub model: Option<String>,
    /// What was said, oldest first.
    pub messages: Vec<RequestMessage>,
    /// Whether the answer comes in steps.
    pub stream: Option<bool>,
    /// How it comes in steps.
    pub stream_options: Option<StreamOptions>,
    /// How many answers; one.
    #[schemars(range(min = 1, max = 1))]
    pub n: Option<u32>,
    /// Randomness, 0 to 2.
    #[schemars(range(min = 0.0, max = 2.0))]
    pub temperature: Option<f64>,
    /// Nucleus sampling, 0 to 1.
    #[schemars(range(min = 0.0, max = 1.0))]
    pub top_p: Option<f64>,
    /// The most tokens the answer may have.
    pub max_completion_tokens: Option<u32>,
    /// The same, by its old name.
    pub max_tokens: Option<u32>,
    /// Whether the exchange is kept in a conversation.
    pub store: Option<bool>,
    /// Everything else: `tools`, `tool_choice`, `response_format`, `stop`, `seed`, ….
    #[schemars(flatten)]
    pub extra: Map<String, Value>,
}

/// How an answer comes in steps.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct StreamOptions {
    /// Whether a last chunk says what the answer consumed.
    #[serde(default)]
    pub include_usage: Option<bool>,
}

/// One message.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(title = "ChatCompletionMessage", rename = "ChatCompletionMessage")]
pub struct RequestMessage {
    /// `system`, `developer`, `user`, `assistant`, `tool` or `function`.
    pub role: String,
    /// A text, or a list of `text` and `image_url` parts.
    #[serde(default)]
    #[schemars(with = "Value")]
    pub content: Option<Content>,
    /// What an assistant's thoughts were; not sent on.
    #[serde(default)]
    pub reasoning_content: Option<String>,
    /// Tools that an assistant wanted to be called.
    #[serde(default)]
    pub tool_calls: Option<Vec<ToolCall>>,
    /// The call that a tool answers.
    #[serde(default)]
    pub tool_call_id: Option<String>,
    /// The tool's name, in the place of `tool_call_id` in old requests.
    #[serde(default)]
    pub name: Option<String>,
}

/// A text, or parts.
#[derive(Debug)]
pub enum Content {
    /// A text.
    Text(String),
    /// Parts.
    Parts(Vec<ContentPart>),
}

/// One part of a content.
#[derive(Debug, Deserialize)]
pub struct ContentPart {
    /// `text` or `image_url`.
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    text: Option<String>,
    #[serde(default)]
    refusal: Option<String>,
    #[serde(default)]
    image_url: Option<ImageUrl>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum ImageUrl {
    Object { url: String },
    Text(String),
}

/// A tool that an assistant wanted to be called.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct ToolCall {
    /// The call's name.
    pub id: String,
    /// What is called.
    pub function: FunctionCall,
}

/// What is called.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(inline)]
pub struct FunctionCall {
    /// The function.
    pub name: String,
    /// Its arguments, as JSON text.
    #[serde(default)]
    pub arguments: String,
}

impl<'de> Deserialize<'de> for Content {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;

        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = Content;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string or a list of content parts")
            }

            fn visit_str<E>(self, text: &str) -> Result<Content, E> {
                Ok(Content::Text(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Content, E> {
                Ok(Content::Text(text))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Content, A::Error> {
                let mut parts = Vec::new();
                while let Some(part) = list.next_element()? {
                    parts.push(part);
                }
                Ok(Content::Parts(parts))
            }
        }

        deserializer.deserialize_any(ContentVisitor)
    }
}

/// By hand, because a flattened map would have every message copied through a tree of values.
impl<'de> Deserialize<'de> for ChatRequest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RequestVisitor;

        impl<'de> Visitor<'de> for RequestVisitor {
            type Value = ChatRequest;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<ChatRequest, A::Error> {
                let mut request = ChatRequest::default();
                while let Some(name) = map.next_key::<String>()? {
                    match name.as_str() {
                        "model" => request.model = map.next_value()?,
                        "messages" => request.messages = map.next_value()?,
                        "stream" => request.stream = map.next_value()?,
                        "stream_options" => request.stream_options = map.next_value()?,
                        "n" => request.n = map.next_value()?,
                        "temperature" => request.temperature = map.next_value()?,
                        "top_p" => request.top_p = map.next_value()?,
                        "max_completion_tokens" => request.max_completion_tokens = map.next_value()?,
                        "max_tokens" => request.max_tokens = map.next_value()?,
                        "store" => request.store = map.next_value()?,
                        // Labels for OpenAI's own store, which providers refuse without it.
                        "metadata" => {
                            map.next_value::<IgnoredAny>()?;
                        }
                        _ => {
                            let value: Value = map.next_value()?;
                            if !value.is_null() {
                                request.extra.insert(name, value);
                            }
                        }
                    }
                }
                Ok(request)
            }
        }

        deserializer.deserialize_map(RequestVisitor)
    }
}

impl ChatRequest {
    /// Reads a body.
    pub fn read(body: &[u8]) -> Result<Self, Error> {
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        let request: Self = serde_path_to_error::deserialize(&mut deserializer).map_err(|error| {
            let path = error.path().to_string();
            let pointer = if path == "." { String::new() } else { pointer(&path) };
            Error::invalid_field(&pointer, "invalid", format!("{}", error.inner()))
        })?;
        deserializer.end().map_err(|error| {
            Error::invalid_field("", "invalid", format!("the body goes on after its end: {error}"))
        })?;
        if request.n.is_some_and(|n| n != 1) {
            return Err(Error::invalid_field(
                "/n",
                "unsupported_value",
                "only one answer is given: n must be 1",
            ));
        }
        Ok(request)
    }

    /// The model, if one is named.
    pub fn model(&self) -> Result<Option<ModelName>, Error> {
        let name = self.model.as_deref().filter(|name| !name.is_empty());
        name.map(ModelName::new)
            .transpose()
            .map_err(|error| Error::invalid_field("/model", "invalid", format!("{error}")))
    }

    /// How to answer.
    pub fn parameters(&self) -> Parameters {
        Parameters {
            temperature: self.temperature,
            top_p: self.top_p,
            max_output_tokens: self.max_completion_tokens.or(self.max_tokens),
        }
    }

    /// Whether a last chunk says what the answer consumed.
    pub fn includes_usage(&self) -> bool {
        self.stream_options.and_then(|options| options.include_usage).unwrap_or(false)
    }

    /// Takes the messages in our terms.
    pub fn take_messages(&mut self) -> Result<Vec<ChatMessage>, Error> {
        let messages = std::mem::take(&mut self.messages);
        messages.into_iter().enumerate().map(|(index, message)| message.into_chat_message(index)).collect()
    }
}

impl RequestMessage {
    fn into_chat_message(self, index: usize) -> Result<ChatMessage, Error> {
        let role = match self.role.as_str() {
            "system" | "developer" => MessageRole::System,
            "user" => MessageRole::User,
            "assistant" => MessageRole::Assistant,
            "tool" | "function" => MessageRole::Tool,
            _ => {
                let detail = "must be system, developer, user, assistant or tool";
                return Err(Error::invalid_field(&format!("/messages/{index}/role"), "invalid", detail));
            }
        };
        let mut parts = Vec::new();
        if let Some(text) = self.reasoning_content.filter(|text| !text.is_empty()) {
            parts.push(Part::Reasoning { text });
        }
        let content = match self.content {
            Some(content) => content.into_parts(index)?,
            None => Vec::new(),
        };
        if role == MessageRole::Tool {
            let call_id = self.tool_call_id.or(self.name).ok_or_else(|| {
                let pointer = format!("/messages/{index}/tool_call_id");
                Error::invalid_field(&pointer, "required", "a tool's message names the call that it answers")
            })?;
            parts.push(Part::ToolResult { call_id, text: Parts::from(content).prose() });
        } else {
            parts.extend(content);
        }
        for call in self.tool_calls.into_iter().flatten() {
            let FunctionCall { name, arguments } = call.function;
            parts.push(Part::ToolCall { id: call.id, name, arguments });
        }
        Ok(ChatMessage { role, parts: Parts::from(parts) })
    }
}

impl Content {
    fn into_parts(self, message: usize) -> Result<Vec<Part>, Error> {
        match self {
            Self::Text(text) => Ok(vec![Part::text(text)]),
            Self::Parts(parts) => {
                parts.into_iter().enumerate().map(|(index, part)| part.into_part(message, index)).collect()
            }
        }
    }
}

impl ContentPart {
    fn into_part(self, message: usize, index: usize) -> Result<Part, Error> {
        let pointer = |field: &str| format!("/messages/{message}/content/{index}/{field}");
        let missing = |field: &str| Error::invalid_field(&pointer(field), "required", "is missing");
        match self.kind.as_str() {
            "text" | "input_text" | "output_text" => self.text.map(Part::text).ok_or_else(|| missing("text")),
            "refusal" => self.refusal.or(self.text).map(Part::text).ok_or_else(|| missing("refusal")),
            "image_url" => match self.image_url {
                Some(ImageUrl::Object { url } | ImageUrl::Text(url)) => {
                    Ok(Part::Image { url, media_type: None })
                }
                None => Err(missing("image_url")),
            },
            _ => {
                let detail = "content parts are of type text or image_url";
                Err(Error::invalid_field(&pointer("type"), "unsupported_value", detail))
            }
        }
    }
}

/// `messages[0].role` as a JSON Pointer.
fn pointer(path: &str) -> String {
    let mut pointer = String::with_capacity(path.len() + 1);
    pointer.push('/');
    for character in path.chars() {
        match character {
            '[' | '.' => pointer.push('/'),
            ']' => {}
            other => pointer.push(other),
        }
    }
    pointer
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(value: &Value) -> Result<ChatRequest, Error> {
        ChatRequest::read(value.to_string().as_bytes())
    }

    fn messages(value: &Value) -> Result<Vec<ChatMessage>, Error> {
        read(&json!({"model": "a/b", "messages": value}))?.take_messages()
    }

    fn pointer_of(error: &Error) -> &str {
        error.problem().fields.first().map_or("", |field| field.pointer.as_str())
    }

    #[test]
    fn every_kind_of_message_is_understood() {
        use MessageRole::{Assistant, System, Tool, User};

        let messages = messages(&json!([
            {"role": "developer", "content": "Be brief."},
            {"role": "user", "name": "ann", "content": [
                {"type": "text", "text": "Look"},
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AA==", "detail": "low"}},
            ]},
            {"role": "assistant", "content": null, "reasoning_content": "hm", "refusal": null, "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "add", "arguments": "{\"a\":1}"}},
            ]},
            {"role": "tool", "tool_call_id": "c1", "content": [{"type": "text", "text": "2"}]},
            {"role": "assistant", "content": "Two."},
        ]))
        .expect("all of it is allowed");
        let roles: Vec<MessageRole> = messages.iter().map(|message| message.role).collect();
        assert_eq!(roles, [System, User, Assistant, Tool, Assistant]);
        let part = |message: usize, part: usize| &messages[message].parts.as_slice()[part];
        assert_eq!(part(0, 0), &Part::text("Be brief."));
        assert_eq!(
            part(1, 1),
            &Part::Image { url: "data:image/png;base64,AA==".to_owned(), media_type: None }
        );
        assert_eq!(part(2, 0), &Part::Reasoning { text: "hm".to_owned() });
        assert!(matches!(part(2, 1), Part::ToolCall { id, name, .. } if id == "c1" && name == "add"));
        assert_eq!(part(3, 0), &Part::ToolResult { call_id: "c1".to_owned(), text: "2".to_owned() });
    }

    #[test]
    fn what_we_do_not_know_is_passed_on_and_what_is_ours_is_not() {
        let request = read(&json!({
            "model": "m", "messages": [], "stream": true, "stream_options": {"include_usage": true}, "n": 1,
            "temperature": 0.5, "max_tokens": 5, "store": false, "metadata": {"a": "b"}, "logit_bias": null,
            "tools": [{"type": "function"}], "seed": 7, "brand_new": {"x": [1]},
        }))
        .expect("unknown fields are tolerated");
        assert!(request.includes_usage());
        assert_eq!(request.parameters().max_output_tokens, Some(5));
        assert_eq!(
            Value::Object(request.extra),
            json!({"tools": [{"type": "function"}], "seed": 7, "brand_new": {"x": [1]}})
        );
    }

    #[test]
    fn mistakes_name_their_field() {
        let several = read(&json!({"messages": [], "n": 2})).expect_err("n is 2");
        assert_eq!(pointer_of(&several), "/n");
        let role = messages(&json!([{"role": "king", "content": "x"}])).expect_err("there is no such role");
        assert_eq!(pointer_of(&role), "/messages/0/role");
        let content = messages(&json!([{"role": "user", "content": 5}])).expect_err("content is a number");
        assert_eq!(pointer_of(&content), "/messages/0/content");
        let audio = messages(&json!([{"role": "user", "content": [{"type": "input_audio"}]}]))
            .expect_err("there is no audio");
        assert_eq!(pointer_of(&audio), "/messages/0/content/0/type");
        let tool = messages(&json!([{"role": "tool", "content": "x"}])).expect_err("it answers nothing");
        assert_eq!(pointer_of(&tool), "/messages/0/tool_call_id");
        assert!(ChatRequest::read(b"[]").is_err());
        assert!(ChatRequest::read(b"{\"messages\":[]} x").is_err());
    }
}

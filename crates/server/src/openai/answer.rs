//! The answer of `POST /v1/chat/completions`, as a whole.

use domain::{FinishReason, Part, Usage};
use schemars::JsonSchema;
use serde::Serialize;

/// What identifies an answer, in every chunk of it too.
#[derive(Debug, Clone)]
pub struct Head {
    /// `chatcmpl-…`
    pub id: String,
    /// Seconds since the Unix epoch.
    pub created: i64,
    /// The model that answers.
    pub model: String,
}

/// A whole answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(title = "ChatCompletion", rename = "ChatCompletion")]
pub struct ChatAnswer<'a> {
    /// `chatcmpl-…`
    pub id: &'a str,
    /// `chat.completion`
    pub object: &'static str,
    /// Seconds since the Unix epoch.
    pub created: i64,
    /// The model that answered.
    pub model: &'a str,
    /// One choice.
    pub choices: [Choice<'a>; 1],
    /// What the answer consumed, where the provider said so.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usage: Option<UsageBody>,
}

/// The choice.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct Choice<'a> {
    index: u32,
    message: AnswerMessage<'a>,
    logprobs: Option<()>,
    finish_reason: &'static str,
}

/// What the model said.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct AnswerMessage<'a> {
    role: &'static str,
    content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    reasoning_content: Option<String>,
    refusal: Option<()>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<AnswerToolCall<'a>>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct AnswerToolCall<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: &'static str,
    function: AnswerFunction<'a>,
}

#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct AnswerFunction<'a> {
    name: &'a str,
    arguments: &'a str,
}

/// What an answer consumed, in OpenAI's terms.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
pub struct UsageBody {
    prompt_tokens: u32,
    completion_tokens: u32,
    total_tokens: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt_tokens_details: Option<InputDetails>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion_tokens_details: Option<OutputDetails>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
struct InputDetails {
    cached_tokens: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(inline)]
struct OutputDetails {
    reasoning_tokens: u32,
}

impl From<Usage> for UsageBody {
    fn from(usage: Usage) -> Self {
        let (input, output) = (usage.input_tokens.0, usage.output_tokens.0);
        Self {
            prompt_tokens: input,
            completion_tokens: output,
            total_tokens: u64::from(input) + u64::from(output),
            prompt_tokens_details: usage
                .cached_input_tokens
                .map(|tokens| InputDetails { cached_tokens: tokens.0 }),
            completion_tokens_details: usage
                .reasoning_tokens
                .map(|tokens| OutputDetails { reasoning_tokens: tokens.0 }),
        }
    }
}

/// OpenAI's word for why the model stopped.
pub const fn finish_reason(reason: FinishReason) -> &'static str {
    match reason {
        FinishReason::Stop | FinishReason::Other => "stop",
        FinishReason::Length => "length",
        FinishReason::ToolCalls => "tool_calls",
        FinishReason::ContentFilter => "content_filter",
    }
}

impl<'a> ChatAnswer<'a> {
    /// The answer that consists of these parts.
    pub fn new(head: &'a Head, parts: &'a [Part], reason: FinishReason, usage: Option<Usage>) -> Self {
        let mut message = AnswerMessage {
            role: "assistant",
            content: None,
            reasoning_content: None,
            refusal: None,
            tool_calls: Vec::new(),
        };
        for part in parts {
            match part {
                Part::Text { text } => message.content.get_or_insert_default().push_str(text),
                Part::Reasoning { text } => message.reasoning_content.get_or_insert_default().push_str(text),
                Part::ToolCall { id, name, arguments } => message.tool_calls.push(AnswerToolCall {
                    id,
                    kind: "function",
                    function: AnswerFunction { name, arguments },
                }),
                Part::ToolResult { .. }
                | Part::Image { .. }
                | Part::File { .. }
                | Part::Citation { .. }
                | Part::Unsupported { .. } => {}
            }
        }
        if message.content.is_none() && message.tool_calls.is_empty() {
            message.content = Some(String::new());
        }
        let choice = Choice { index: 0, message, logprobs: None, finish_reason: finish_reason(reason) };
        Self {
            id: &head.id,
            object: "chat.completion",
            created: head.created,
            model: &head.model,
            choices: [choice],
            usage: usage.map(UsageBody::from),
        }
    }
}

#[cfg(test)]
mod tests {
    use domain::TokenCount;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_whole_answer_has_the_shape_that_libraries_read() {
        let head = Head { id: "chatcmpl-1".to_owned(), created: 5, model: "a/b".to_owned() };
        let parts = [
            Part::Reasoning { text: "hm".to_owned() },
            Part::text("One"),
            Part::ToolCall { id: "c".to_owned(), name: "f".to_owned(), arguments: "{}".to_owned() },
        ];
        let usage = Usage {
            input_tokens: TokenCount(3),
            output_tokens: TokenCount(4),
            reasoning_tokens: Some(TokenCount(1)),
            ..Usage::default()
        };
        let answer = ChatAnswer::new(&head, &parts, FinishReason::ToolCalls, Some(usage));
        assert_eq!(
            serde_json::to_value(answer).expect("an answer is JSON"),
            json!({
                "id": "chatcmpl-1", "object": "chat.completion", "created": 5, "model": "a/b",
                "choices": [{"index": 0, "logprobs": null, "finish_reason": "tool_calls", "message": {
                    "role": "assistant", "content": "One", "reasoning_content": "hm", "refusal": null,
                    "tool_calls": [{"id": "c", "type": "function", "function": {"name": "f", "arguments": "{}"}}],
                }}],
                "usage": {"prompt_tokens": 3, "completion_tokens": 4, "total_tokens": 7,
                    "completion_tokens_details": {"reasoning_tokens": 1}},
            })
        );
    }
}

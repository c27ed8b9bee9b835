//! What providers send: the chunks of a streamed answer, and a whole one. Strings are borrowed where they can be.

use std::borrow::Cow;
use std::fmt;

use domain::{FinishReason, Money, TokenCount, Usage};
use serde::de::{IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

/// One chunk of a streamed answer, or all of a whole one.
#[derive(Debug, Deserialize)]
pub(super) struct Answer<'a> {
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub choices: Vec<Choice<'a>>,
    #[serde(borrow, default)]
    pub usage: Option<&'a RawValue>,
    #[serde(borrow, default)]
    pub error: Option<&'a RawValue>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice<'a> {
    #[serde(default, deserialize_with = "or_default")]
    pub index: u32,
    /// A streamed choice has a `delta`, a whole one a `message`.
    #[serde(borrow, default, alias = "message", deserialize_with = "or_default")]
    pub delta: Delta<'a>,
    #[serde(borrow, default)]
    finish_reason: Option<Text<'a>>,
}

impl Choice<'_> {
    /// Why the model stopped, in the provider's word; some send an empty one while it goes on.
    pub fn finish_reason(&self) -> Option<&str> {
        self.finish_reason.as_ref().map(Text::as_str).filter(|reason| !reason.is_empty())
    }
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Delta<'a> {
    #[serde(borrow, default)]
    pub content: Option<Content<'a>>,
    #[serde(borrow, default)]
    pub refusal: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub reasoning_content: Option<Text<'a>>,
    #[serde(borrow, default)]
    pub reasoning: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub tool_calls: Vec<ToolCallDelta<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct ToolCallDelta<'a> {
    #[serde(default)]
    pub index: Option<u32>,
    #[serde(borrow, default)]
    pub id: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub function: FunctionDelta<'a>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct FunctionDelta<'a> {
    #[serde(borrow, default)]
    pub name: Option<Text<'a>>,
    #[serde(borrow, default)]
    arguments: Option<&'a RawValue>,
}

impl<'a> FunctionDelta<'a> {
    /// The arguments as written; some providers send the object itself instead of its text.
    pub fn arguments(&self) -> Option<Cow<'a, str>> {
        let raw = self.arguments?.get();
        match raw.as_bytes().first() {
            Some(b'"') => serde_json::from_str::<Text<'a>>(raw).ok().map(|text| text.0),
            _ => Some(Cow::Borrowed(raw)),
        }
    }
}

/// A string, borrowed where it holds no escapes. (`Option<Cow<str>>` would always be owned.)
#[derive(Debug)]
pub(super) struct Text<'a>(pub Cow<'a, str>);

impl Text<'_> {
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;

        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Cow<'de, str>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Cow::Borrowed(text))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text.to_owned()))
            }

            fn visit_string<E>(self, text: String) -> Result<Self::Value, E> {
                Ok(Cow::Owned(text))
            }
        }

        deserializer.deserialize_str(TextVisitor).map(Self)
    }
}

/// The content of an answer: a string nearly everywhere, a list of pieces at Mistral's reasoning models.
#[derive(Debug)]
pub(super) enum Content<'a> {
    Text(Cow<'a, str>),
    Pieces(Vec<Piece<'a>>),
}

/// A piece of a listed content.
#[derive(Debug, Deserialize)]
pub(super) struct Piece<'a> {
    #[serde(borrow, default)]
    pub text: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "or_default")]
    pub thinking: Vec<Thought<'a>>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Thought<'a> {
    #[serde(borrow, default)]
    pub text: Option<Text<'a>>,
}

impl<'de: 'a, 'a> Deserialize<'de> for Content<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ContentVisitor;

        impl<'de> Visitor<'de> for ContentVisitor {
            type Value = Content<'de>;

            fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str("a string or a list of pieces")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Content::Text(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Content::Text(Cow::Owned(text.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
                let mut pieces = Vec::new();
                while let Some(piece) = list.next_element()? {
                    pieces.push(piece);
                }
                Ok(Content::Pieces(pieces))
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(Content::Pieces(Vec::new()))
            }
        }

        deserializer.deserialize_any(ContentVisitor)
    }
}

/// `null` where a value is expected counts as absent.
fn or_default<'de, D: Deserializer<'de>, T: Default + Deserialize<'de>>(
    deserializer: D,
) -> Result<T, D::Error> {
    Option::deserialize(deserializer).map(Option::unwrap_or_default)
}

/// What `finish_reason` means. Beside `OpenAI`'s own words those that others are known to send.
pub(super) fn finish_reason(word: &str) -> FinishReason {
    match word {
        "stop" | "end_turn" | "eos" | "stop_sequence" | "eos_token" => FinishReason::Stop,
        "length" | "max_tokens" | "model_length" => FinishReason::Length,
        "tool_calls" | "function_call" | "tool_use" => FinishReason::ToolCalls,
        "content_filter" | "safety" | "SAFETY" => FinishReason::ContentFilter,
        _ => FinishReason::Other,
    }
}

/// What the generation consumed; `None` where it is not stated in numbers.
pub(super) fn usage(raw: &RawValue) -> Option<Usage> {
    #[derive(Deserialize)]
    struct Stated {
        #[serde(default)]
        prompt_tokens: Option<f64>,
        #[serde(default)]
        completion_tokens: Option<f64>,
        #[serde(default)]
        prompt_tokens_details: Option<InputDetails>,
        #[serde(default)]
        completion_tokens_details: Option<OutputDetails>,
        /// `DeepSeek`'s word for the cached part of the input.
        #[serde(default)]
        prompt_cache_hit_tokens: Option<f64>,
        /// `OpenRouter` states what it charged, in dollars.
        #[serde(default)]
        cost: Option<f64>,
    }

    #[derive(Deserialize)]
    struct InputDetails {
        #[serde(default)]
        cached_tokens: Option<f64>,
    }

    #[derive(Deserialize)]
    struct OutputDetails {
        #[serde(default)]
        reasoning_tokens: Option<f64>,
    }

    let stated: Option<Stated> = serde_json::from_str(raw.get()).ok()?;
    let stated = stated?;
    if stated.prompt_tokens.is_none() && stated.completion_tokens.is_none() {
        return None;
    }
    let cached = stated.prompt_tokens_details.and_then(|details| details.cached_tokens);
    let reasoning = stated.completion_tokens_details.and_then(|details| details.reasoning_tokens);
    Some(Usage {
        input_tokens: tokens(stated.prompt_tokens.unwrap_or_default()),
        output_tokens: tokens(stated.completion_tokens.unwrap_or_default()),
        cached_input_tokens: cached.or(stated.prompt_cache_hit_tokens).map(tokens),
        reasoning_tokens: reasoning.map(tokens),
        cost_microusd: stated.cost.and_then(Money::from_dollars),
    })
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "`as` clamps to the range of u32"
)]
const fn tokens(stated: f64) -> TokenCount {
    TokenCount(stated as u32)
}

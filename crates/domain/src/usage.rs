//! What a generation consumed, and why it ended.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{ApiKeyId, ModelName, Money, UserId};

/// A number of tokens.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(transparent)]
#[schemars(inline)]
pub struct TokenCount(pub u32);

/// What one generation consumed, as the provider stated it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Usage {
    /// Tokens of the request.
    pub input_tokens: TokenCount,
    /// Tokens of the answer, reasoning among them.
    pub output_tokens: TokenCount,
    /// Of the input, how many the provider served from its cache.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cached_input_tokens: Option<TokenCount>,
    /// Of the output, how many were reasoning.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reasoning_tokens: Option<TokenCount>,
    /// What the provider charged, where it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cost_microusd: Option<Money>,
}

/// Why a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(inline)]
pub enum FinishReason {
    /// The model was done.
    Stop,
    /// The answer reached its largest length.
    Length,
    /// The model asks for tools to be called.
    ToolCalls,
    /// The provider withheld content.
    ContentFilter,
    /// The provider gave a reason that has no standard name.
    Other,
}

/// Consumption of one person with one model since the last entry, for the usage ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageEntry {
    /// Who asked.
    pub user_id: UserId,
    /// With which key, where it was one: counts against its budget.
    pub api_key_id: Option<ApiKeyId>,
    /// Which model answered.
    pub model: ModelName,
    /// How many generations.
    pub requests: u32,
    /// Tokens of the requests.
    pub input_tokens: u64,
    /// Tokens of the answers.
    pub output_tokens: u64,
    /// What the providers charged, where they said so.
    pub cost: Money,
}

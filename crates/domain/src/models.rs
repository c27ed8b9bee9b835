//! Names of models, and the parameters a person may set.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::text::{InvalidText, single_line, text_type};

text_type! {
    /// The name of a model, `<provider>/<model>` or, where it is unambiguous, the bare model: one line of
    /// 1 to 200 characters without white space.
    ModelName, max 200, parse parse_model_name
}

impl ModelName {
    /// The built-in responder that answers from the person's own messages.
    pub const RECALL: &'static str = "builtin/recall";
}

fn parse_model_name(text: &str) -> Result<String, InvalidText> {
    let text = single_line(text, ModelName::MAX_CHARACTERS)?;
    if text.contains(char::is_whitespace) {
        return Err(InvalidText::Malformed { expected: "a model name without white space" });
    }
    Ok(text)
}

/// How a model is asked to answer. What is `None` is left to the provider.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Parameters {
    /// Randomness, 0 to 2.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 2.0))]
    pub temperature: Option<f64>,
    /// Nucleus sampling, 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 0.0, max = 1.0))]
    pub top_p: Option<f64>,
    /// The most tokens the answer may have.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = 1, max = 1_000_000))]
    pub max_output_tokens: Option<u32>,
}

impl Parameters {
    /// The first field outside its range, with the range in words.
    pub fn first_problem(&self) -> Option<(&'static str, &'static str)> {
        let outside = |value: Option<f64>, most: f64| value.is_some_and(|v| !(0.0..=most).contains(&v));
        if outside(self.temperature, 2.0) {
            Some(("temperature", "must be between 0 and 2"))
        } else if outside(self.top_p, 1.0) {
            Some(("top_p", "must be between 0 and 1"))
        } else if self.max_output_tokens.is_some_and(|most| most == 0 || most > 1_000_000) {
            Some(("max_output_tokens", "must be between 1 and 1000000"))
        } else {
            None
        }
    }

    /// These parameters, with what they leave open taken from `defaults`.
    #[must_use]
    pub fn or(self, defaults: &Self) -> Self {
        Self {
            temperature: self.temperature.or(defaults.temperature),
            top_p: self.top_p.or(defaults.top_p),
            max_output_tokens: self.max_output_tokens.or(defaults.max_output_tokens),
        }
    }
}

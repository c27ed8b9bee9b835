//! Settings of the providers, and of what all of them share.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use domain::ModelName;
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;
use url::Url;
use validator::{Validate, ValidationError};

use crate::secret::Secret;

/// The providers by their names: the section `providers`.
pub type Providers = BTreeMap<String, ProviderSettings>;

/// The dialect that a provider speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProviderKind {
    /// `OpenAI` itself.
    Openai,
    /// Anything that speaks `OpenAI`'s wire: vLLM, llama.cpp, LM Studio, `OpenRouter` and the like.
    OpenaiCompatible,
    /// Ollama.
    Ollama,
    /// Mistral, whose wire is `OpenAI`'s.
    Mistral,
    /// Anthropic; not served yet.
    Anthropic,
    /// Google Gemini; not served yet.
    Gemini,
}

/// The kinds that are known, but not served yet.
pub const UNSERVED_KINDS: &[&str] = &[ProviderKind::Anthropic.as_str(), ProviderKind::Gemini.as_str()];

impl ProviderKind {
    /// Where the provider is unless a setting says otherwise.
    pub const fn default_base_url(self) -> Option<&'static str> {
        match self {
            Self::Openai => Some("https://api.openai.com/v1"),
            Self::Ollama => Some("http://127.0.0.1:11434/v1"),
            Self::Mistral => Some("https://api.mistral.ai/v1"),
            Self::OpenaiCompatible | Self::Anthropic | Self::Gemini => None,
        }
    }

    /// The word in the settings.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Openai => "openai",
            Self::OpenaiCompatible => "openai-compatible",
            Self::Ollama => "ollama",
            Self::Mistral => "mistral",
            Self::Anthropic => "anthropic",
            Self::Gemini => "gemini",
        }
    }

    /// The kind behind a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }

    const ALL: [Self; 6] =
        [Self::Openai, Self::OpenaiCompatible, Self::Ollama, Self::Mistral, Self::Anthropic, Self::Gemini];

    const fn is_served(self) -> bool {
        !matches!(self, Self::Anthropic | Self::Gemini)
    }
}

/// One provider: `COLLOQUY_PROVIDERS__<NAME>__…`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(deny_unknown_fields)]
#[validate(schema(function = "check_address", skip_on_field_errors = false))]
pub struct ProviderSettings {
    /// The dialect.
    #[validate(custom(function = "check_kind"))]
    pub kind: ProviderKind,
    /// The address up to and with `/v1`; the kind's own where it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub base_url: Option<String>,
    /// The credential; none for most local servers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[validate(custom(function = "check_api_key"))]
    pub api_key: Option<Secret>,
    /// The models to offer, as a list or in one comma-separated line; none to ask the provider for its list.
    #[serde(default, deserialize_with = "list_or_line")]
    #[validate(length(max = 2000), custom(function = "check_models"))]
    pub models: Vec<String>,
    /// The longest wait for a connection, in milliseconds.
    #[serde(default = "defaults::connect_timeout_ms")]
    #[validate(range(min = 1, max = 300_000))]
    pub connect_timeout_ms: u64,
    /// The longest wait for the first token of a streamed answer, from the request on, in milliseconds.
    #[serde(default = "defaults::first_token_timeout_ms")]
    #[validate(range(min = 1, max = 3_600_000))]
    pub first_token_timeout_ms: u64,
    /// The longest silence between two pieces of an answer, in milliseconds.
    #[serde(default = "defaults::idle_timeout_ms")]
    #[validate(range(min = 1, max = 3_600_000))]
    pub idle_timeout_ms: u64,
    /// The longest wait for an answer that comes as a whole, in milliseconds.
    #[serde(default = "defaults::answer_timeout_ms")]
    #[validate(range(min = 1, max = 7_200_000))]
    pub answer_timeout_ms: u64,
    /// The largest answer, in bytes.
    #[serde(default = "defaults::max_answer_bytes")]
    #[validate(range(min = 1024, max = 268_435_456))]
    pub max_answer_bytes: usize,
    /// The largest line of a streamed answer, in bytes.
    #[serde(default = "defaults::max_line_bytes")]
    #[validate(range(min = 1024, max = 67_108_864))]
    pub max_line_bytes: usize,
}

mod defaults {
    pub const fn connect_timeout_ms() -> u64 {
        10_000
    }
    pub const fn first_token_timeout_ms() -> u64 {
        120_000
    }
    pub const fn idle_timeout_ms() -> u64 {
        60_000
    }
    pub const fn answer_timeout_ms() -> u64 {
        600_000
    }
    pub const fn max_answer_bytes() -> usize {
        16 * 1024 * 1024
    }
    pub const fn max_line_bytes() -> usize {
        crate::sse::DEFAULT_LIMIT
    }
}

impl ProviderSettings {
    /// A provider of this kind with every other setting at its default.
    pub const fn new(kind: ProviderKind) -> Self {
        Self {
            kind,
            base_url: None,
            api_key: None,
            models: Vec::new(),
            connect_timeout_ms: defaults::connect_timeout_ms(),
            first_token_timeout_ms: defaults::first_token_timeout_ms(),
            idle_timeout_ms: defaults::idle_timeout_ms(),
            answer_timeout_ms: defaults::answer_timeout_ms(),
            max_answer_bytes: defaults::max_answer_bytes(),
            max_line_bytes: defaults::max_line_bytes(),
        }
    }

    /// The address that requests go to, without a slash at its end; `None` when it is missing or no address.
    pub fn address(&self) -> Option<Url> {
        let text = self.base_url.as_deref().or(self.kind.default_base_url())?;
        let url = Url::parse(text.trim().trim_end_matches('/')).ok()?;
        let is_plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        (matches!(url.scheme(), "http" | "https") && url.has_host() && is_plain).then_some(url)
    }
}

/// What all models share: the section `models`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, Validate)]
#[serde(default, deny_unknown_fields)]
pub struct ModelsSettings {
    /// The model that answers when none is named, `<provider>/<model>`; else the first one connected.
    #[validate(custom(function = "check_model_name"))]
    pub default_model: Option<String>,
    /// Whether an Ollama, LM Studio or llama.cpp on its usual port of this machine is found by itself.
    pub discover_local: bool,
    /// The time between two looks at the providers' lists of models, in seconds.
    #[validate(range(min = 1, max = 86_400))]
    pub refresh_seconds: u64,
    /// When a request is tried again.
    #[validate(nested)]
    pub retry: RetrySettings,
    /// When a failing provider is left alone.
    #[validate(nested)]
    pub breaker: BreakerSettings,
    /// The built-in responder.
    #[validate(nested)]
    pub recall: RecallSettings,
}

impl Default for ModelsSettings {
    fn default() -> Self {
        Self {
            default_model: None,
            discover_local: true,
            refresh_seconds: 180,
            retry: RetrySettings::default(),
            breaker: BreakerSettings::default(),
            recall: RecallSettings::default(),
        }
    }
}

/// When a request is tried again: only before anything of the answer has arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(default, deny_unknown_fields)]
pub struct RetrySettings {
    /// The largest number of further attempts.
    #[validate(range(max = 2))]
    pub attempts: u32,
    /// The pause before the first further attempt, in milliseconds; doubled for the next one, and jittered.
    #[validate(range(max = 60_000))]
    pub pause_ms: u64,
    /// The longest wait that a provider may ask for (`Retry-After`), in milliseconds; beyond it the error is given.
    #[validate(range(max = 60_000))]
    pub longest_wait_ms: u64,
}

impl Default for RetrySettings {
    fn default() -> Self {
        Self { attempts: 2, pause_ms: 250, longest_wait_ms: 10_000 }
    }
}

/// When a failing provider is left alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(default, deny_unknown_fields)]
pub struct BreakerSettings {
    /// After how many failures in a row.
    #[validate(range(min = 1, max = 1000))]
    pub failures: u32,
    /// For how long, in milliseconds; then one request tries it out.
    #[validate(range(min = 1, max = 3_600_000))]
    pub pause_ms: u64,
}

impl Default for BreakerSettings {
    fn default() -> Self {
        Self { failures: 5, pause_ms: 15_000 }
    }
}

/// The built-in responder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, Validate)]
#[serde(default, deny_unknown_fields)]
pub struct RecallSettings {
    /// The pause between two pieces of its answer, in milliseconds.
    #[validate(range(max = 1000))]
    pub pace_ms: u64,
    /// The largest number of messages that it quotes.
    #[validate(range(min = 1, max = 20))]
    pub quotes: u16,
}

impl Default for RecallSettings {
    fn default() -> Self {
        Self { pace_ms: 5, quotes: 5 }
    }
}

/// A setting that makes starting impossible, in words for the operator.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{setting}: {problem}")]
pub struct SettingsProblem {
    /// The setting as an environment variable.
    pub setting: String,
    /// What is wrong and what to do.
    pub problem: String,
}

impl SettingsProblem {
    pub(crate) fn of_provider(name: &str, key: &str, problem: impl Into<String>) -> Self {
        let name = name.to_uppercase().replace('-', "_");
        Self { setting: format!("COLLOQUY_PROVIDERS__{name}__{key}"), problem: problem.into() }
    }
}

/// Every problem of the providers and of what they share, in a stable order. Starting needs an empty list.
pub fn problems(providers: &Providers, models: &ModelsSettings) -> Vec<SettingsProblem> {
    let mut problems = Vec::new();
    for (name, provider) in providers {
        if let Some(problem) = name_problem(name) {
            problems.push(SettingsProblem { setting: format!("COLLOQUY_PROVIDERS__{name}"), problem });
        }
        collect(&format!("COLLOQUY_PROVIDERS__{}", name.to_uppercase()), provider.validate(), &mut problems);
    }
    collect("COLLOQUY_MODELS", models.validate(), &mut problems);
    problems
}

fn collect(
    section: &str,
    result: Result<(), validator::ValidationErrors>,
    problems: &mut Vec<SettingsProblem>,
) {
    let Err(errors) = result else { return };
    let mut found = Vec::new();
    walk(section, &errors, &mut found);
    found.sort_by(|a, b| a.setting.cmp(&b.setting));
    problems.extend(found);
}

fn walk(section: &str, errors: &validator::ValidationErrors, found: &mut Vec<SettingsProblem>) {
    for (field, kind) in errors.errors() {
        let setting = match field.as_ref() {
            "__all__" => format!("{section}__BASE_URL"),
            field => format!("{section}__{}", field.to_uppercase()),
        };
        match kind {
            validator::ValidationErrorsKind::Struct(inner) => walk(&setting, inner, found),
            validator::ValidationErrorsKind::List(_) => {}
            validator::ValidationErrorsKind::Field(list) => {
                found.extend(list.iter().map(|error| {
                    let problem = match error.code.as_ref() {
                        "missing" => format!("is missing; set {setting}"),
                        _ => describe(error),
                    };
                    SettingsProblem { setting: setting.clone(), problem }
                }));
            }
        }
    }
}

pub(crate) fn describe(error: &ValidationError) -> String {
    let bound = |name: &str| error.params.get(name).map(ToString::to_string);
    match (&error.message, bound("min"), bound("max")) {
        (Some(message), ..) => message.to_string(),
        (None, Some(least), Some(most)) => format!("must be from {least} to {most}"),
        (None, None, Some(most)) => format!("must be at most {most}"),
        (None, ..) => format!("is not valid ({})", error.code),
    }
}

fn name_problem(name: &str) -> Option<String> {
    let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-' || c == '_';
    if name.is_empty() || name.len() > 40 || !name.chars().all(is_word) {
        return Some("a provider's name is 1 to 40 lower-case letters, digits, '-' or '_'".to_owned());
    }
    (name == crate::BUILTIN).then(|| format!("the name {name} is taken by the built-in responder"))
}

fn problem(code: &'static str, message: impl Into<Cow<'static, str>>) -> ValidationError {
    ValidationError::new(code).with_message(message.into())
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the validator passes a reference")]
fn check_kind(kind: &ProviderKind) -> Result<(), ValidationError> {
    if kind.is_served() {
        return Ok(());
    }
    let kind = kind.as_str();
    Err(problem(
        "not_served",
        format!(
            "the kind {kind} is not supported by this version; use openai, openai-compatible, ollama or \
             mistral, or reach {kind} through its OpenAI-compatible address with kind openai-compatible"
        ),
    ))
}

fn check_address(provider: &ProviderSettings) -> Result<(), ValidationError> {
    if provider.address().is_some() || !provider.kind.is_served() {
        return Ok(());
    }
    if provider.base_url.is_none() {
        return Err(problem("missing", "is missing"));
    }
    Err(problem(
        "address",
        "must be the provider's http or https address, such as https://host/v1, without credentials, query or \
         fragment",
    ))
}

fn check_api_key(key: &Secret) -> Result<(), ValidationError> {
    if key.expose().chars().all(|c| c.is_ascii_graphic()) && !key.is_empty() {
        return Ok(());
    }
    Err(problem("api_key", "must be one line of visible ASCII characters"))
}

fn check_models(models: &[String]) -> Result<(), ValidationError> {
    match models.iter().find(|model| ModelName::new(model).is_err()) {
        Some(model) => Err(problem("model", format!("{model:?} is not the name of a model"))),
        None => Ok(()),
    }
}

fn check_model_name(name: &str) -> Result<(), ValidationError> {
    if ModelName::new(name).is_ok() {
        return Ok(());
    }
    Err(problem("model", "must be the name of a model, <provider>/<model>"))
}

fn list_or_line<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum ListOrLine {
        List(Vec<String>),
        Line(String),
    }
    let models = match ListOrLine::deserialize(deserializer)? {
        ListOrLine::List(models) => models,
        ListOrLine::Line(line) => line.split(',').map(str::to_owned).collect(),
    };
    Ok(models.iter().map(|model| model.trim().to_owned()).filter(|model| !model.is_empty()).collect())
}

/// The duration that a setting in milliseconds names.
pub(crate) const fn milliseconds(value: u64) -> Duration {
    Duration::from_millis(value)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn provider(value: serde_json::Value) -> ProviderSettings {
        serde_json::from_value(value).expect("the shape of the settings is right")
    }

    fn messages(name: &str, value: serde_json::Value) -> Vec<String> {
        let providers = BTreeMap::from([(name.to_owned(), provider(value))]);
        problems(&providers, &ModelsSettings::default()).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_least_settings_of_every_served_kind_are_enough() {
        for kind in ["openai", "ollama", "mistral"] {
            assert_eq!(messages("one", json!({"kind": kind})), [""; 0], "{kind}");
        }
        let compatible = json!({"kind": "openai-compatible", "base_url": "http://127.0.0.1:9/v1/"});
        assert_eq!(messages("one", compatible.clone()), [""; 0]);
        assert_eq!(
            provider(compatible).address().map(String::from).as_deref(),
            Some("http://127.0.0.1:9/v1")
        );
    }

    #[test]
    fn kinds_that_are_not_served_are_refused_by_the_name_of_the_setting() {
        for kind in ["anthropic", "gemini"] {
            let found = messages("claude", json!({"kind": kind}));
            assert_eq!(found.len(), 1);
            assert!(found[0].starts_with("COLLOQUY_PROVIDERS__CLAUDE__KIND: the kind "), "{found:?}");
        }
    }

    #[test]
    fn every_problem_is_told_at_once() {
        let found = messages(
            "Bad/Name",
            json!({"kind": "openai-compatible", "base_url": "ftp://host", "api_key": "two words",
                   "models": ["a b"], "connect_timeout_ms": 0}),
        );
        assert_eq!(found.len(), 5, "{found:#?}");
        assert!(found.iter().any(|problem| problem.contains("CONNECT_TIMEOUT_MS: must be from 1 to 300000")));
    }

    #[test]
    fn an_address_that_is_not_there_is_told_as_missing() {
        let found = messages("y", json!({"kind": "openai-compatible"}));
        let name = "COLLOQUY_PROVIDERS__Y__BASE_URL";
        assert_eq!(found, [format!("{name}: is missing; set {name}")]);
    }

    #[test]
    fn a_key_in_the_address_is_refused() {
        let found =
            messages("one", json!({"kind": "openai-compatible", "base_url": "https://user:key@host/v1"}));
        assert_eq!(found.len(), 1, "{found:?}");
    }

    #[test]
    fn models_are_a_list_or_a_comma_separated_line() {
        assert_eq!(provider(json!({"kind": "openai", "models": "a, b,"})).models, ["a", "b"]);
        assert_eq!(provider(json!({"kind": "openai", "models": ["a"]})).models, ["a"]);
    }

    #[test]
    fn a_key_is_never_shown() {
        let settings = provider(json!({"kind": "openai", "api_key": "sk-very-secret"}));
        let shown = format!("{settings:?} {}", serde_json::to_string(&settings).expect("plain values"));
        assert!(!shown.contains("very"), "{shown}");
        assert!(shown.contains(Secret::MASK));
    }
}

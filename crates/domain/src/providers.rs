//! Model providers that administrators connect while the server runs.

use crate::text::{InvalidText, text_type};
use crate::{ModelName, ProviderId, Timestamp, Version, WorkspaceId};

/// A model provider that an administrator connected.
#[derive(Clone, PartialEq, Eq)]
pub struct Provider {
    /// Its identifier.
    pub id: ProviderId,
    /// The workspace from which it is managed, the first one; all workspaces may use it.
    pub workspace_id: WorkspaceId,
    /// What begins the names of its models; unique.
    pub name: ProviderName,
    /// Which protocol it speaks, as in the settings.
    pub kind: String,
    /// Its address; `None` for the usual one of its kind.
    pub base_url: Option<String>,
    /// Its API key, encrypted.
    pub sealed_api_key: Option<Vec<u8>>,
    /// The models to offer; empty for all that it lists.
    pub models: Vec<ModelName>,
    /// Whether it is used.
    pub enabled: bool,
    /// For optimistic locking.
    pub version: Version,
    /// When it was connected.
    pub created_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
}

text_type! {
    /// The name of a provider: 1 to 40 lower-case letters, digits, `-` and `_`, a letter or digit first.
    ProviderName, max 40, parse parse_name
}

fn parse_name(text: &str) -> Result<String, InvalidText> {
    let is_valid = (1..=40).contains(&text.len())
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "-_".contains(c));
    let expected = "1 to 40 lower-case letters, digits, - and _";
    if is_valid { Ok(text.to_owned()) } else { Err(InvalidText::Malformed { expected }) }
}

/// The API key of a provider: 1 to 4,096 visible ASCII characters. It never shows in debug output.
#[derive(Clone, PartialEq, Eq, serde::Serialize, schemars::JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct ProviderKey(#[schemars(length(min = 1, max = 4096), extend("format" = "password"))] String);

impl ProviderKey {
    /// The largest number of characters.
    pub const MAX_CHARACTERS: usize = 4096;

    /// Checks the rule and builds the value; white space around it is dropped.
    pub fn new(text: &str) -> Result<Self, InvalidText> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidText::Empty);
        }
        if text.len() > Self::MAX_CHARACTERS {
            return Err(InvalidText::TooLong { limit: Self::MAX_CHARACTERS });
        }
        if !text.chars().all(|c| c.is_ascii_graphic()) {
            return Err(InvalidText::Malformed { expected: "one line of visible ASCII characters" });
        }
        Ok(Self(text.to_owned()))
    }

    /// The key itself.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl<'de> serde::Deserialize<'de> for ProviderKey {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        Self::new(&text).map_err(serde::de::Error::custom)
    }
}

impl std::fmt::Debug for ProviderKey {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ProviderKey(…)")
    }
}

impl std::fmt::Debug for Provider {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Provider")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

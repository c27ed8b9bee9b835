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

impl std::fmt::Debug for Provider {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("Provider")
            .field("id", &self.id)
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

//! A secret that does not show itself.

use std::fmt;

use serde::{Deserialize, Serialize, Serializer};

/// A credential. It is masked wherever it is formatted or serialised; [`Secret::expose`] is the only way to it.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// What stands in its place.
    pub const MASK: &'static str = "********";
    /// Anything shorter is no secret, and to blot it out would mangle ordinary words.
    const SHORTEST: usize = 4;

    /// Wraps a credential; white space around it, such as the line end of a secret file, is dropped.
    pub fn new(text: &str) -> Self {
        Self(text.trim().to_owned())
    }

    /// The credential itself.
    pub fn expose(&self) -> &str {
        self.0.trim()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.expose().is_empty()
    }

    /// `text` without the credential.
    pub(crate) fn blot_out(&self, text: &str) -> String {
        if self.expose().len() < Self::SHORTEST {
            return text.to_owned();
        }
        text.replace(self.expose(), Self::MASK)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(Self::MASK)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Self::MASK)
    }
}

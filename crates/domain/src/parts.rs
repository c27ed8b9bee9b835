//! The ordered parts of a message.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One part of a message. The serialised form is the same in storage and on the wire.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Part {
    /// Prose, in Markdown.
    Text {
        /// The prose.
        text: String,
    },
    /// What a model thought before it answered.
    Reasoning {
        /// The thoughts.
        text: String,
    },
    /// A model asks for a tool to be called.
    ToolCall {
        /// The provider's name for this call.
        id: String,
        /// The tool.
        name: String,
        /// The arguments exactly as the model wrote them; usually JSON, not always valid.
        arguments: String,
    },
    /// What a tool returned.
    ToolResult {
        /// The call that this answers.
        call_id: String,
        /// What came back.
        text: String,
    },
    /// A picture.
    Image {
        /// Where it is: a `data:` or `https:` address.
        url: String,
        /// Its media type, where known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        media_type: Option<String>,
    },
    /// A file.
    File {
        /// What it is called.
        name: String,
        /// Its media type, where known.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        media_type: Option<String>,
        /// Its text, where it has one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// A reference to a source.
    Citation {
        /// Where the source is; a relative address points into this server.
        url: String,
        /// What the source is called.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        title: Option<String>,
        /// What is quoted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        quote: Option<String>,
    },
    /// Something that an import brought along and that has no other kind.
    Unsupported {
        /// What the source called it.
        description: String,
    },
}

impl Part {
    /// A text part.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Text { text: text.into() }
    }

    /// The text that search finds and models read; `None` for parts without any.
    pub fn searchable(&self) -> Option<&str> {
        match self {
            Self::Text { text } | Self::ToolResult { text, .. } => Some(text),
            Self::File { text, .. } => text.as_deref(),
            Self::Citation { quote, .. } => quote.as_deref(),
            Self::Reasoning { .. }
            | Self::ToolCall { .. }
            | Self::Image { .. }
            | Self::Unsupported { .. } => None,
        }
    }

    /// The length of everything in the part, in bytes.
    pub fn len(&self) -> usize {
        let optional = |text: &Option<String>| text.as_ref().map_or(0, String::len);
        match self {
            Self::Text { text } | Self::Reasoning { text } => text.len(),
            Self::ToolCall { id, name, arguments } => id.len() + name.len() + arguments.len(),
            Self::ToolResult { call_id, text } => call_id.len() + text.len(),
            Self::Image { url, media_type } => url.len() + optional(media_type),
            Self::File { name, media_type, text } => name.len() + optional(media_type) + optional(text),
            Self::Citation { url, title, quote } => url.len() + optional(title) + optional(quote),
            Self::Unsupported { description } => description.len(),
        }
    }

    /// Whether the part holds nothing.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Appends streamed text to the field that streams: the text, the thoughts or the arguments.
    /// Parts that arrive whole ignore it.
    pub fn append(&mut self, delta: &str) {
        match self {
            Self::Text { text } | Self::Reasoning { text } | Self::ToolResult { text, .. } => {
                text.push_str(delta);
            }
            Self::ToolCall { arguments, .. } => arguments.push_str(delta),
            Self::Image { .. } | Self::File { .. } | Self::Citation { .. } | Self::Unsupported { .. } => {}
        }
    }
}

/// One step of a streamed answer, as the run engine applies it to the parts so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PartDelta {
    /// A new part begins, usually empty; it becomes the last one.
    Started(Part),
    /// More text for the part at this index.
    Appended {
        /// The index of the part, from 0.
        part: usize,
        /// What to append.
        text: String,
    },
}

/// The ordered parts of a message, with what is known of them as a whole.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(inline)]
pub struct Parts(Vec<Part>);

impl Parts {
    /// No parts yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// One text part.
    pub fn from_text(text: impl Into<String>) -> Self {
        Self(vec![Part::text(text)])
    }

    /// The parts in order.
    pub fn as_slice(&self) -> &[Part] {
        &self.0
    }

    /// Whether there are no parts.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// How many parts there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// The length of everything in all parts, in bytes.
    pub fn bytes(&self) -> usize {
        self.0.iter().map(Part::len).sum()
    }

    /// Applies one step of a stream. An index that does not exist is ignored: only the run engine makes
    /// deltas, and it starts every part before it appends to it.
    pub fn apply(&mut self, delta: &PartDelta) {
        match delta {
            PartDelta::Started(part) => self.0.push(part.clone()),
            PartDelta::Appended { part, text } => {
                if let Some(part) = self.0.get_mut(*part) {
                    part.append(text);
                }
            }
        }
    }

    /// Everything that search finds, one part a line.
    pub fn searchable_text(&self) -> String {
        let texts: Vec<&str> = self.0.iter().filter_map(Part::searchable).collect();
        texts.join("\n")
    }

    /// The prose alone: text parts, joined.
    pub fn prose(&self) -> String {
        self.0
            .iter()
            .filter_map(|part| if let Part::Text { text } = part { Some(text.as_str()) } else { None })
            .collect()
    }
}

impl From<Vec<Part>> for Parts {
    fn from(parts: Vec<Part>) -> Self {
        Self(parts)
    }
}

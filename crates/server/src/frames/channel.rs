//! What can be subscribed to, by name.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use domain::{ConversationId, RunId};
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Serialize, Serializer};

/// What can be subscribed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Channel {
    /// `user:me`: what happens to one's own conversations and account.
    User,
    /// `conversation:<id>`: what happens in one conversation, and the answers that are written in it.
    Conversation(ConversationId),
    /// `run:<id>`: one generation.
    Run(RunId),
}

/// A text that names no channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("must be user:me, conversation:<id> or run:<id>")]
pub struct InvalidChannel;

impl FromStr for Channel {
    type Err = InvalidChannel;

    fn from_str(text: &str) -> Result<Self, InvalidChannel> {
        match text.split_once(':') {
            Some(("user", "me")) => Ok(Self::User),
            Some(("conversation", id)) => id.parse().map(Self::Conversation).map_err(|_| InvalidChannel),
            Some(("run", id)) => id.parse().map(Self::Run).map_err(|_| InvalidChannel),
            _ => Err(InvalidChannel),
        }
    }
}

impl fmt::Display for Channel {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User => formatter.write_str("user:me"),
            Self::Conversation(id) => write!(formatter, "conversation:{id}"),
            Self::Run(id) => write!(formatter, "run:{id}"),
        }
    }
}

impl Serialize for Channel {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl JsonSchema for Channel {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Channel".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "user:me, conversation:<id> or run:<id>",
            "pattern": "^(user:me|conversation:[0-9a-f-]{36}|run:[0-9a-f-]{36})$",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_channel_reads_back_as_it_is_written() {
        let id = "0192f000-0000-7000-8000-000000000001";
        for text in ["user:me".to_owned(), format!("conversation:{id}"), format!("run:{id}")] {
            assert_eq!(text.parse::<Channel>().map(|channel| channel.to_string()), Ok(text));
        }
        for text in ["", "user", "user:you", "run:", "run:x", "Conversation:1", "conversation"] {
            assert_eq!(text.parse::<Channel>(), Err(InvalidChannel), "{text}");
        }
    }
}

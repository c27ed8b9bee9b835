//! How domain values read as numbers and texts.

use domain::{ConversationId, InvalidText, JobKind, Message, Timestamp, Version};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::errors::Corrupt;
use crate::rules;

/// A moment in a row, in microseconds since the Unix epoch.
pub const fn moment(micros: i64) -> Timestamp {
    Timestamp::from_micros(micros)
}

/// A version in a row.
pub fn version(number: i64) -> Result<Version, Corrupt> {
    u32::try_from(number)
        .ok()
        .and_then(Version::new)
        .ok_or_else(|| Corrupt::new(format!("{number} is no version")))
}

/// A count in a row.
pub fn count(number: i64) -> Result<u32, Corrupt> {
    u32::try_from(number).map_err(Corrupt::new)
}

/// A bounded text in a row, by the constructor of its type.
pub fn text<T>(text: &str, parse: impl FnOnce(&str) -> Result<T, InvalidText>) -> Result<T, Corrupt> {
    parse(text).map_err(Corrupt::new)
}

/// A structured value in a row.
pub fn json<T: DeserializeOwned>(text: &str) -> Result<T, Corrupt> {
    serde_json::from_str(text).map_err(Corrupt::new)
}

/// A structured value in a row, where there is one.
pub fn optional_json<T: DeserializeOwned>(text: Option<&str>) -> Result<Option<T>, Corrupt> {
    text.map(json).transpose()
}

/// The structured fields of a message as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MessageTexts {
    /// What it says.
    pub parts: String,
    /// What it consumed.
    pub usage: Option<String>,
    /// Why there is no whole answer.
    pub failure: Option<String>,
    /// What the model was asked.
    pub effective_request: Option<String>,
}

impl MessageTexts {
    /// The fields of this message.
    pub fn of(message: &Message) -> serde_json::Result<Self> {
        fn optional<T: Serialize>(value: Option<&T>) -> serde_json::Result<Option<String>> {
            value.map(serde_json::to_string).transpose()
        }
        Ok(Self {
            parts: serde_json::to_string(&message.parts)?,
            usage: optional(message.usage.as_ref())?,
            failure: optional(message.failure.as_ref())?,
            effective_request: optional(message.effective_request.as_ref())?,
        })
    }
}

/// The word for a kind of job, and what the job is about.
pub const fn job_kind(kind: &JobKind) -> (&'static str, Option<ConversationId>) {
    match kind {
        JobKind::TitleConversation { conversation_id } => ("title_conversation", Some(*conversation_id)),
    }
}

/// The kind of job behind a word.
pub fn job_from_row(kind: &str, conversation_id: Option<ConversationId>) -> Result<JobKind, Corrupt> {
    match (kind, conversation_id) {
        ("title_conversation", Some(conversation_id)) => Ok(JobKind::TitleConversation { conversation_id }),
        (other, _) => Err(Corrupt::new(format!("{other:?} is no complete job"))),
    }
}

/// The day of a moment, counted from 1970-01-01, UTC.
pub const fn day(at: Timestamp) -> i64 {
    at.seconds().div_euclid(24 * 60 * 60)
}

/// An amount of usage as the ledger holds it; the error is the rule that it breaks.
pub fn amount(number: u64) -> Result<i64, &'static str> {
    i64::try_from(number).map_err(|_| rules::USAGE_BOUNDS)
}

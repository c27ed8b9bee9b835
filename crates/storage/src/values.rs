//! How domain values read as numbers and texts.

use std::net::IpAddr;

use chrono::{DateTime, Datelike as _, Utc};
use domain::ports::{ConversationCursor, ConversationFilter};
use domain::{
    AnnotationContent, AnnotationKind, ConversationId, InvalidText, JobKind, Message, Money, NoteText,
    Rating, Timestamp, Version,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use uuid::Uuid;

use crate::errors::Corrupt;
use crate::rules;
use crate::words::Word as _;

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
    /// What is remarkable about it, where anything is.
    pub flags: Option<String>,
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
            flags: optional(Some(&message.flags).filter(|flags| !flags.is_empty()))?,
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

/// The place before which the conversations of a page are: the end of the page before it, or where the filter begins.
pub fn list_start(after: Option<ConversationCursor>, filter: &ConversationFilter) -> ConversationCursor {
    let end = ConversationCursor {
        updated_at: Timestamp::from_micros(i64::MAX),
        id: ConversationId::from_uuid(Uuid::max()),
    };
    let bound = filter.updated_before.map_or(end, |updated_at| ConversationCursor {
        updated_at,
        id: ConversationId::from_uuid(Uuid::nil()),
    });
    after.map_or(bound, |after| after.min(bound))
}

/// What an annotation in a row says.
pub fn annotation_content(
    kind: &str,
    rating: Option<&str>,
    note: Option<&str>,
) -> Result<AnnotationContent, Corrupt> {
    let note = note.map(|note| text(note, NoteText::new)).transpose()?;
    match (AnnotationKind::from_word(kind)?, rating, note) {
        (AnnotationKind::Rating, Some(rating), note) => {
            Ok(AnnotationContent::Rating { rating: Rating::from_word(rating)?, note })
        }
        (AnnotationKind::Note, None, Some(note)) => Ok(AnnotationContent::Note { note }),
        _ => Err(Corrupt::new("an annotation says something else than its kind")),
    }
}

/// The day of a moment, counted from 1970-01-01, UTC.
pub const fn day(at: Timestamp) -> i64 {
    at.seconds().div_euclid(24 * 60 * 60)
}

/// The month of a moment, counted from January 1970, UTC.
pub fn month(at: Timestamp) -> i64 {
    let date = DateTime::<Utc>::from_timestamp_micros(at.micros()).unwrap_or_default();
    i64::from(date.year() - 1970) * 12 + i64::from(date.month0())
}

/// An address of a machine in a row.
pub fn address(text: &str) -> Result<IpAddr, Corrupt> {
    text.parse().map_err(Corrupt::new)
}

/// A hash in a row.
pub fn hash(bytes: &[u8]) -> Result<[u8; 32], Corrupt> {
    bytes.try_into().map_err(|_| Corrupt::new("a hash is not 32 bytes long"))
}

/// An amount of money in a row.
pub fn money(micros: i64) -> Result<Money, Corrupt> {
    u64::try_from(micros).map(Money::from_micros).map_err(Corrupt::new)
}

/// An amount of usage as the ledger holds it; the error is the rule that it breaks.
pub fn amount(number: u64) -> Result<i64, &'static str> {
    i64::try_from(number).map_err(|_| rules::USAGE_BOUNDS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_those_of_the_calendar() {
        for (moment, expected) in [
            ("1969-12-31T23:59:59Z", -1),
            ("1970-01-01T00:00:00Z", 0),
            ("2026-11-30T23:59:59.999999Z", 682),
            ("2026-12-01T00:30:00+01:00", 682),
            ("2026-12-01T00:00:00Z", 683),
        ] {
            assert_eq!(Timestamp::parse_rfc3339(moment).map(month), Some(expected), "{moment}");
        }
    }
}

//! The one error of the application layer: a code, what the asker may know, and what only the log may know.

use std::time::Duration;

use domain::ports::StorageError;
use domain::{ConversationRejection, MessageRejection, Version};
use schemars::JsonSchema;
use serde::Serialize;

/// What went wrong, in a dozen kinds that every transport can express.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// The request cannot be read at all.
    Malformed,
    /// A field breaks a rule.
    InvalidInput,
    /// Nobody is signed in, or the credential is not (or no longer) valid.
    Unauthenticated,
    /// The credential or the role does not allow it.
    Forbidden,
    /// There is no such thing, or it is somebody else's.
    NotFound,
    /// It was there once, and is no longer kept.
    Gone,
    /// It does not fit the present state.
    Conflict,
    /// The version that the caller expected is not the present one.
    PreconditionFailed,
    /// It is larger than what is kept or shown.
    TooLarge,
    /// More requests than the quota allows.
    RateLimited,
    /// Too much is going on; try again soon.
    Overloaded,
    /// The database, or another part that is needed, is away; try again soon.
    Unavailable,
    /// It took longer than the limit.
    TimedOut,
    /// The model provider failed.
    Provider,
    /// A defect.
    Internal,
}

/// What went wrong. [`Error::problem`] is for the asker; the internal source has no way to reach one.
#[derive(Debug, thiserror::Error)]
#[error("{}: {}", .problem.slug, .problem.detail)]
pub struct Error {
    code: Code,
    problem: Problem,
    #[source]
    internal: Option<Box<dyn std::error::Error + Send + Sync>>,
    /// Whether the log holds the source already.
    is_logged: bool,
}

/// What the asker may know about an error.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// A stable name for programs, such as `stale_version`.
    pub slug: &'static str,
    /// What happened, to what, and what to do next.
    pub detail: String,
    /// For invalid input: which fields, and why.
    pub fields: Vec<FieldError>,
    /// When another attempt is worth it.
    pub retry_after: Option<Duration>,
    /// For a stale version: the present one.
    pub current_version: Option<Version>,
}

/// Why one field of the input is invalid.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct FieldError {
    /// A JSON Pointer (RFC 6901) to the field in the parameters, such as `/parts/0/text`.
    pub pointer: String,
    /// A stable name for programs: `required`, `unknown_field`, `invalid`, `too_long`, ….
    pub code: String,
    /// The rule in words.
    pub detail: String,
}

impl FieldError {
    /// Names a field and the rule it breaks.
    pub fn new(pointer: impl Into<String>, code: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { pointer: pointer.into(), code: code.into(), detail: detail.into() }
    }
}

impl Error {
    /// An error with words for the asker.
    pub fn new(code: Code, slug: &'static str, detail: impl Into<String>) -> Self {
        let problem = Problem {
            slug,
            detail: detail.into(),
            fields: Vec::new(),
            retry_after: None,
            current_version: None,
        };
        Self { code, problem, internal: None, is_logged: false }
    }

    /// Input that breaks rules.
    pub fn invalid(fields: Vec<FieldError>) -> Self {
        let detail = match fields.as_slice() {
            [field] if field.pointer.is_empty() => field.detail.clone(),
            [field] => format!("{}: {}", field.pointer, field.detail),
            _ => "Several fields are invalid; see errors.".to_owned(),
        };
        let mut error = Self::new(Code::InvalidInput, "invalid_input", detail);
        error.problem.fields = fields;
        error
    }

    /// One field that breaks a rule.
    pub fn invalid_field(pointer: &str, code: &str, detail: impl Into<String>) -> Self {
        Self::invalid(vec![FieldError::new(pointer, code, detail)])
    }

    /// Something that does not exist, or is somebody else's: both look the same.
    pub fn not_found() -> Self {
        Self::new(Code::NotFound, "not_found", "There is nothing here that you may see.")
    }

    /// Events after a position that are no longer kept.
    pub fn forgotten() -> Self {
        Self::new(
            Code::Gone,
            "events_forgotten",
            "Some of the events after this position are no longer kept. Load everything again; without a position, a list \
             begins with the oldest event that is kept, and a stream with what happens from now on.",
        )
    }

    /// A version that is no longer the present one.
    pub fn stale(current: Version) -> Self {
        let mut error = Self::new(
            Code::PreconditionFailed,
            "stale_version",
            format!(
                "It has changed meanwhile: the present version is {current}. Load it again and repeat your change."
            ),
        );
        error.problem.current_version = Some(current);
        error
    }

    /// Somebody who is not signed in.
    pub fn unauthenticated() -> Self {
        Self::new(
            Code::Unauthenticated,
            "unauthenticated",
            "Sign in, refresh the access token, or send a valid API key as a bearer token or in X-Api-Key.",
        )
    }

    /// Somebody who did not prove who they are; which part of the proof is wrong is not told.
    pub fn wrong_credentials() -> Self {
        let detail =
            "The address, the password or the code is wrong, or the account may not be used yet or any more.";
        Self::new(Code::Unauthenticated, "wrong_credentials", detail)
    }

    /// Somebody who may not do this.
    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(Code::Forbidden, "forbidden", detail)
    }

    /// Something that does not fit the present state.
    pub fn conflict(slug: &'static str, detail: impl Into<String>) -> Self {
        Self::new(Code::Conflict, slug, detail)
    }

    /// A defect; `source` goes to the log only.
    pub fn internal(source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        let mut error = Self::new(
            Code::Internal,
            "internal_error",
            "Something went wrong on our side. It has been logged.",
        );
        error.internal = Some(source.into());
        error
    }

    /// Tells when another attempt is worth it.
    #[must_use]
    pub const fn retry_after(mut self, after: Duration) -> Self {
        self.problem.retry_after = Some(after);
        self
    }

    /// The kind.
    pub const fn code(&self) -> Code {
        self.code
    }

    /// What the asker may know.
    pub const fn problem(&self) -> &Problem {
        &self.problem
    }

    /// Gives the source to the log, with everything behind it, unless it is there already or there is none.
    pub fn log_source(&mut self) {
        let Some(source) = self.internal.as_deref().filter(|_| !self.is_logged) else { return };
        let mut causes = source.to_string();
        let mut next = source.source();
        while let Some(cause) = next {
            let words = cause.to_string();
            if !causes.contains(&words) {
                causes.push_str(": ");
                causes.push_str(&words);
            }
            next = cause.source();
        }
        if self.code == Code::Internal {
            tracing::error!(error = %self, causes, "operation failed");
        } else {
            tracing::warn!(error = %self, causes, "operation failed");
        }
        self.is_logged = true;
    }

    /// What only the log may know.
    pub fn internal_source(&self) -> Option<&(dyn std::error::Error + Send + Sync)> {
        self.internal.as_deref()
    }
}

impl From<StorageError> for Error {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Conflict => Self::conflict(
                "concurrent_change",
                "Somebody else changed this at the same moment. Try again.",
            )
            .retry_after(Duration::from_secs(1)),
            StorageError::Rejected(StorageError::TAG_TAKEN) => {
                let detail =
                    "You have a tag of this name, perhaps in other case. Use it, or choose another name.";
                Self::conflict("tag_taken", detail)
            }
            StorageError::Rejected(StorageError::RATED_ALREADY) => {
                let detail = "You have rated this message. Change that rating, or delete it first.";
                Self::conflict("rated_already", detail)
            }
            StorageError::Rejected(reason) => Self::conflict("rejected", reason),
            StorageError::Unavailable(source) => {
                let mut error = Self::new(
                    Code::Unavailable,
                    "storage_unavailable",
                    "The database does not answer at the moment. Nothing was changed; try again.",
                )
                .retry_after(Duration::from_secs(1));
                error.internal = Some(source);
                error
            }
            StorageError::Corrupt(source) => Self::internal(source),
        }
    }
}

impl From<ConversationRejection> for Error {
    fn from(rejection: ConversationRejection) -> Self {
        match rejection {
            ConversationRejection::ForeignParent => {
                Self::invalid_field("/parent_id", "foreign_parent", rejection.to_string())
            }
            ConversationRejection::AnswerRunning => Self::conflict("answer_running", rejection.to_string()),
            ConversationRejection::Empty => Self::invalid_field("/text", "required", rejection.to_string()),
            ConversationRejection::TooManyTags => Self::conflict("too_many_tags", rejection.to_string()),
            ConversationRejection::NotAnswerable => Self::conflict("not_answerable", rejection.to_string()),
        }
    }
}

impl From<MessageRejection> for Error {
    fn from(rejection: MessageRejection) -> Self {
        match rejection {
            MessageRejection::StillRunning => Self::conflict("answer_running", rejection.to_string()),
            MessageRejection::Empty => Self::invalid_field("/text", "required", rejection.to_string()),
        }
    }
}

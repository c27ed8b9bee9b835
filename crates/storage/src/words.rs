//! Values that stand in a column as one of a few words.

use domain::{
    AnnotationKind, FinishReason, KeyPurpose, MessageRole, MessageStatus, ProjectAccess, Rating, Role,
    RunStatus, SessionKind, ShareKind, TagColor, TicketKind, TitleOrigin, UserState,
};

use crate::errors::Corrupt;

/// A value that stands in a column as one of a few words.
pub trait Word: Sized {
    /// The word.
    fn word(self) -> &'static str;

    /// The value behind a word.
    fn from_word(word: &str) -> Result<Self, Corrupt>;
}

macro_rules! words {
    ($($type:ident { $($variant:ident = $word:literal),+ $(,)? })+) => {$(
        impl Word for $type {
            fn word(self) -> &'static str {
                match self {
                    $(Self::$variant => $word),+
                }
            }

            fn from_word(word: &str) -> Result<Self, Corrupt> {
                match word {
                    $($word => Ok(Self::$variant),)+
                    other => Err(Corrupt::new(format!(concat!("{:?} is no ", stringify!($type)), other))),
                }
            }
        }
    )+};
}

words! {
    Role { Viewer = "viewer", Member = "member", Admin = "admin", Owner = "owner" }
    UserState { Pending = "pending", Active = "active", Suspended = "suspended" }
    SessionKind { Browser = "browser", Program = "program" }
    TicketKind {
        Activation = "activation", PasswordReset = "password_reset", EmailVerification = "email_verification",
        PasskeyRegistration = "passkey_registration", PasskeySignIn = "passkey_sign_in",
    }
    ProjectAccess { Read = "read", Write = "write", Manage = "manage" }
    ShareKind { Live = "live", Snapshot = "snapshot" }
    KeyPurpose { Hashing = "hashing", Sealing = "sealing", Signing = "signing" }
    TagColor {
        Gray = "gray", Red = "red", Orange = "orange", Yellow = "yellow", Green = "green", Blue = "blue",
        Purple = "purple", Pink = "pink",
    }
    AnnotationKind { Rating = "rating", Note = "note" }
    Rating { Up = "up", Down = "down" }
    TitleOrigin { Default = "default", Question = "question", Model = "model", Person = "person" }
    MessageRole { System = "system", User = "user", Assistant = "assistant", Tool = "tool" }
    MessageStatus {
        Pending = "pending", Streaming = "streaming", Complete = "complete", Interrupted = "interrupted",
        Failed = "failed", Cancelled = "cancelled",
    }
    FinishReason {
        Stop = "stop", Length = "length", ToolCalls = "tool_calls", ContentFilter = "content_filter", Other = "other",
    }
    RunStatus {
        Running = "running", Completed = "completed", Failed = "failed", Cancelled = "cancelled",
        Interrupted = "interrupted",
    }
}

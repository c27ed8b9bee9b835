//! Typed identifiers: UUIDv7 inside, so that an id carries its time and sorts by it.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident;)+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
        #[serde(transparent)]
        #[schemars(inline)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps an identifier that came from storage or from [`crate::ports::Ids`].
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare identifier, for storage.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(formatter)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, concat!(stringify!($name), "({})"), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

typed_id! {
    /// A tenant: the wall between groups of people.
    WorkspaceId;
    /// A person with an account.
    UserId;
    /// A signed-in browser.
    SessionId;
    /// A key that a program presents.
    ApiKeyId;
    /// A tree of messages.
    ConversationId;
    /// One message in a conversation.
    MessageId;
    /// One entry in the history of a message's edits.
    EditId;
    /// One generation of an answer; never reused.
    RunId;
    /// A unit of background work.
    JobId;
    /// One running server process; the owner of leases.
    NodeId;
    /// A way into a workspace that was offered to somebody.
    InvitationId;
    /// A link or a challenge that works once.
    TicketId;
    /// A passkey.
    PasskeyId;
    /// Conversations that several people share.
    ProjectId;
    /// A word under which conversations are found again.
    TagId;
    /// A remark beside a message, or a judgement of it.
    AnnotationId;
    /// A link to a conversation.
    ShareId;
    /// A model provider that an administrator connected.
    ProviderId;
    /// A key of the server itself.
    SecretKeyId;
}

//! What clients send. Fields that are not known here are ignored.

use std::borrow::Cow;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};

/// The first frame of a client that is not authenticated yet, or that resumes.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "type", rename = "hello")]
#[schemars(title = "Hello", rename = "Hello")]
pub struct Hello {
    /// What the answer's `reply_to` will be.
    #[serde(default)]
    pub id: Option<String>,
    /// An API key or an access token; absent where the request for the socket was authenticated.
    #[serde(default)]
    pub token: Option<String>,
    /// Which program this is.
    #[serde(default)]
    pub client: Option<String>,
    /// What to subscribe to, in one round trip.
    #[serde(default)]
    pub subscriptions: Vec<SubscriptionRequest>,
}

/// One subscription.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[schemars(title = "SubscriptionRequest")]
pub struct SubscriptionRequest {
    /// `user:me`, `conversation:<id>` or `run:<id>`.
    pub channel: String,
    /// The epoch that `subscribed` named; goes with `after`.
    #[serde(default)]
    pub epoch: Option<String>,
    /// The last position that the client has. Absent: from now on, or all of a run.
    #[serde(default)]
    pub after: Option<u64>,
}

/// A wish to receive what happens on a channel.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "type", rename = "subscribe")]
#[schemars(title = "Subscribe", rename = "Subscribe")]
pub struct Subscribe {
    /// What the answer's `reply_to` will be.
    #[serde(default)]
    pub id: Option<String>,
    /// What and from where.
    #[serde(flatten)]
    pub request: SubscriptionRequest,
}

/// The end of a subscription.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "type", rename = "unsubscribe")]
#[schemars(title = "Unsubscribe", rename = "Unsubscribe")]
pub struct Unsubscribe {
    /// What the answer's `reply_to` will be.
    #[serde(default)]
    pub id: Option<String>,
    /// The channel.
    pub channel: String,
}

/// Any command, by name.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "type", rename = "command")]
#[schemars(title = "Command", rename = "Command")]
pub struct Command {
    /// The answer's `reply_to`, and the idempotency key: 1 to 255 visible ASCII characters.
    pub id: String,
    /// `<noun>.<verb>`.
    pub name: String,
    /// The command's parameters.
    #[serde(default)]
    #[schemars(with = "Option<Map<String, Value>>")]
    pub params: Option<Box<RawValue>>,
    /// The version that the caller saw, for commands that change a resource.
    #[serde(default)]
    pub expected_version: Option<u32>,
    /// W3C Trace Context of the caller.
    #[serde(default)]
    pub traceparent: Option<String>,
}

/// A fresh credential in place of one that is about to expire.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "type", rename = "authenticate")]
#[schemars(title = "Authenticate", rename = "Authenticate")]
pub struct Authenticate {
    /// What the answer's `reply_to` will be.
    #[serde(default)]
    pub id: Option<String>,
    /// An API key or an access token of the same person.
    pub token: String,
}

/// The answer to `ping`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "type", rename = "pong")]
#[schemars(title = "Pong", rename = "Pong")]
pub struct Pong {
    /// The `id` of the ping that it answers, where there was one.
    #[serde(default)]
    pub reply_to: Option<String>,
}

/// A client's question whether the server is there; answered with `pong`.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(tag = "type", rename = "ping")]
#[schemars(title = "ClientPing", rename = "ClientPing")]
pub struct ClientPing {
    /// What the answer's `reply_to` will be.
    #[serde(default)]
    pub id: Option<String>,
}

/// A frame from a client.
#[derive(Debug)]
pub enum Incoming {
    /// `hello`
    Hello(Hello),
    /// `subscribe`
    Subscribe(Subscribe),
    /// `unsubscribe`
    Unsubscribe(Unsubscribe),
    /// `command`
    Command(Command),
    /// `authenticate`
    Authenticate(Authenticate),
    /// `ping`
    Ping(ClientPing),
    /// `pong`, and every type that is not known here.
    Ignored,
}

/// Why a text is no frame.
#[derive(Debug, PartialEq, Eq)]
pub enum Unreadable {
    /// It is no JSON object with a `type`.
    NoFrame(String),
    /// Fields of a known type have wrong values.
    WrongField {
        /// The frame's `id`, where it can be read.
        id: Option<String>,
        /// A JSON Pointer to the field.
        pointer: String,
        /// What is wrong.
        detail: String,
    },
}

impl Incoming {
    /// Reads a frame.
    pub fn read(text: &str) -> Result<Self, Unreadable> {
        #[derive(Deserialize)]
        struct Head<'a> {
            #[serde(borrow, rename = "type")]
            kind: Cow<'a, str>,
        }

        // A struct would also be read from a JSON array.
        if !text.trim_ascii_start().starts_with('{') {
            return Err(Unreadable::NoFrame("a frame is a JSON object".to_owned()));
        }
        let head: Head<'_> =
            serde_json::from_str(text).map_err(|error| Unreadable::NoFrame(error.to_string()))?;
        match head.kind.as_ref() {
            "hello" => typed(text).map(Self::Hello),
            "subscribe" => typed(text).map(Self::Subscribe),
            "unsubscribe" => typed(text).map(Self::Unsubscribe),
            "command" => typed(text).map(Self::Command),
            "authenticate" => typed(text).map(Self::Authenticate),
            "ping" => typed(text).map(Self::Ping),
            _ => Ok(Self::Ignored),
        }
    }
}

fn typed<'a, T: Deserialize<'a>>(text: &'a str) -> Result<T, Unreadable> {
    #[derive(Deserialize)]
    struct Identified {
        #[serde(default)]
        id: Option<String>,
    }

    serde_json::from_str(text).map_err(|error| {
        let id = serde_json::from_str::<Identified>(text).ok().and_then(|frame| frame.id);
        let detail = error.to_string();
        let named = detail.strip_prefix("missing field `").and_then(|rest| rest.split('`').next());
        let pointer = named.map_or_else(String::new, |name| format!("/{name}"));
        Unreadable::WrongField { id, pointer, detail }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_types_and_fields_are_ignored() {
        assert!(matches!(Incoming::read(r#"{"type":"wave","x":1}"#), Ok(Incoming::Ignored)));
        assert!(matches!(Incoming::read(r#"{"type":"pong","reply_to":3}"#), Ok(Incoming::Ignored)));
        let hello = Incoming::read(
            r#"{"type":"hello","colour":"red","subscriptions":[{"channel":"user:me","x":1}]}"#,
        );
        assert!(matches!(hello, Ok(Incoming::Hello(hello)) if hello.subscriptions.len() == 1));
    }

    #[test]
    fn what_is_no_frame_is_told_from_a_frame_with_a_wrong_field() {
        for text in ["", "[]", "1", "{}", r#"{"type":1}"#, "{\"type\":\"hello\"", &"[".repeat(10_000)] {
            assert!(matches!(Incoming::read(text), Err(Unreadable::NoFrame(_))), "{text:.20}");
        }
        let wrong = Incoming::read(r#"{"type":"subscribe","id":"7"}"#);
        let Err(Unreadable::WrongField { id, pointer, .. }) = wrong else { panic!("{wrong:?}") };
        assert_eq!((id.as_deref(), pointer.as_str()), (Some("7"), "/channel"));
        let wrong = Incoming::read(r#"{"type":"command","id":"8","name":1}"#);
        assert!(matches!(wrong, Err(Unreadable::WrongField { id: Some(id), .. }) if id == "8"));
    }
}

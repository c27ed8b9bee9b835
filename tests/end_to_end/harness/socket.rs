//! A client of the WebSocket protocol.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::{HeaderName, HeaderValue};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::DEADLINE;

/// An id that no other command has.
#[expect(clippy::disallowed_methods, reason = "the tests play clients, which choose any ids")]
pub fn new_id() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// An open socket.
pub struct Socket {
    stream: WebSocketStream<MaybeTlsStream<TcpStream>>,
    /// The `welcome` frame; `null` while it has not come.
    pub welcome: Value,
}

impl Socket {
    /// Connects, and reads the `welcome` where credentials were given.
    pub async fn connect(
        address: SocketAddr,
        path: &str,
        headers: &[(String, String)],
    ) -> Result<Self, Error> {
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        for (name, value) in headers {
            let name = HeaderName::try_from(name.as_str()).expect("the name of a header");
            request
                .headers_mut()
                .insert(name, HeaderValue::try_from(value.as_str()).expect("the value of a header"));
        }
        let (stream, _) = connect_async(request).await?;
        let mut socket = Self { stream, welcome: Value::Null };
        if !headers.is_empty() {
            socket.welcome = socket.expect_type("welcome").await;
        }
        Ok(socket)
    }

    /// Sends a frame.
    pub async fn send(&mut self, frame: &Value) {
        self.stream.send(Message::text(frame.to_string())).await.expect("an open socket");
    }

    /// The next frame as text; pings of the protocol and of the application are answered and passed over. The error is
    /// the close code, or zero where the connection ended without one.
    pub async fn next_text(&mut self) -> Result<String, u16> {
        loop {
            let message = tokio::time::timeout(DEADLINE, self.stream.next()).await.expect("a frame in time");
            match message {
                Some(Ok(Message::Text(text))) if text.contains(r#""type":"ping""#) => {
                    self.send(&json!({ "type": "pong" })).await;
                }
                Some(Ok(Message::Text(text))) => return Ok(text.to_string()),
                Some(Ok(Message::Close(frame))) => return Err(frame.map_or(0, |frame| frame.code.into())),
                Some(Ok(Message::Binary(_) | Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(_)) | None => return Err(0),
            }
        }
    }

    /// The next frame.
    pub async fn next(&mut self) -> Value {
        let text = self.next_text().await.unwrap_or_else(|code| panic!("the socket was closed with {code}"));
        serde_json::from_str(&text).expect("JSON in a frame")
    }

    /// The next frame of a type; others are passed over.
    pub async fn expect_type(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// The next frame that answers `id`: a result, an error, or a confirmation. Others are passed over.
    pub async fn reply_to(&mut self, id: &str) -> Value {
        loop {
            let frame = self.next().await;
            if frame["reply_to"] == id {
                return frame;
            }
        }
    }

    /// Carries out a command; the `result` or `error` frame.
    pub async fn command(&mut self, name: &str, parameters: Value) -> Value {
        let id = new_id();
        self.send(&json!({ "type": "command", "id": id, "name": name, "params": parameters })).await;
        self.reply_to(&id).await
    }

    /// Subscribes from `resume`; the `subscribed` frame.
    pub async fn subscribe(&mut self, channel: &str, resume: Option<(&str, u64)>) -> Value {
        let mut frame = json!({ "type": "subscribe", "id": format!("sub {channel}"), "channel": channel });
        if let Some((epoch, after)) = resume {
            frame["epoch"] = json!(epoch);
            frame["after"] = json!(after);
        }
        self.send(&frame).await;
        let answer = self.reply_to(&format!("sub {channel}")).await;
        assert_eq!(answer["type"], "subscribed", "{answer}");
        answer
    }

    /// Reads until the server closes; the close code.
    pub async fn closed(&mut self) -> u16 {
        loop {
            if let Err(code) = self.next_text().await {
                return code;
            }
        }
    }
}

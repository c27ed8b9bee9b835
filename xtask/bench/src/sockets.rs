//! Many WebSocket clients in one process.

use std::collections::HashMap;
use std::time::Instant;

use futures_util::{SinkExt as _, StreamExt as _};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::Outcome;

/// One client.
pub struct Socket(WebSocketStream<MaybeTlsStream<TcpStream>>);

impl Socket {
    /// Connects, authenticated by header, and waits for the welcome.
    pub async fn open(address: &str, authorization: &str) -> Outcome<Self> {
        let mut request = format!("ws://{address}/api/v1/ws").into_client_request()?;
        request.headers_mut().insert("Authorization", authorization.parse()?);
        let (stream, _) = tokio_tungstenite::connect_async(request).await?;
        let mut socket = Self(stream);
        socket.send(&json!({ "type": "hello", "id": "1", "client": "bench/1.0" })).await?;
        socket.wait_for("welcome").await?;
        Ok(socket)
    }

    /// Subscribes to a channel and waits until it stands.
    pub async fn subscribe(&mut self, channel: &str) -> Outcome {
        self.send(&json!({ "type": "subscribe", "id": "2", "channel": channel })).await?;
        self.wait_for("subscribed").await
    }

    /// Reads until the run is over; gives how many deltas came.
    pub async fn count_deltas(&mut self) -> Outcome<u64> {
        let mut deltas = 0;
        loop {
            match self.next().await?["type"].as_str().unwrap_or_default() {
                "delta" => deltas += 1,
                "run.completed" | "run.failed" | "run.cancelled" | "run.interrupted" => return Ok(deltas),
                _ => {}
            }
        }
    }

    /// Reads until the run is over; gives when the event at each position came.
    pub async fn arrivals(&mut self) -> Outcome<HashMap<u64, Instant>> {
        let mut arrivals = HashMap::new();
        loop {
            let frame = self.next().await?;
            match (frame["type"].as_str().unwrap_or_default(), frame["position"].as_u64()) {
                ("delta", Some(position)) => {
                    arrivals.insert(position, Instant::now());
                }
                ("run.completed", _) => return Ok(arrivals),
                ("run.failed" | "run.cancelled" | "run.interrupted", _) => {
                    return Err(format!("the run did not complete: {frame}").into());
                }
                _ => {}
            }
        }
    }

    async fn send(&mut self, frame: &Value) -> Outcome {
        Ok(self.0.send(Message::text(frame.to_string())).await?)
    }

    async fn wait_for(&mut self, kind: &str) -> Outcome {
        loop {
            let frame = self.next().await?;
            match frame["type"].as_str().unwrap_or_default() {
                found if found == kind => return Ok(()),
                "error" => return Err(format!("instead of `{kind}`: {frame}").into()),
                _ => {}
            }
        }
    }

    async fn next(&mut self) -> Outcome<Value> {
        loop {
            match self.0.next().await.ok_or("the server closed the socket")?? {
                Message::Text(text) => return Ok(serde_json::from_str(&text)?),
                Message::Close(frame) => {
                    return Err(format!("the server closed the socket: {frame:?}").into());
                }
                _ => {}
            }
        }
    }
}

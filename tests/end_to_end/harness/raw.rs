//! WebSocket frames as raw bytes on a TCP connection: a client that may break every rule.

use std::net::SocketAddr;
use std::time::Duration;

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::{Client, DEADLINE};

/// First bytes of frames: FIN, reserved bits and the opcode (RFC 6455, section 5.2).
pub mod head {
    /// A whole text.
    pub const TEXT: u8 = 0x81;
    /// A text of which more follows.
    pub const TEXT_BEGINS: u8 = 0x01;
    /// More of a message, and still more follows.
    pub const CONTINUES: u8 = 0x00;
    /// The last fragment of a message.
    pub const ENDS: u8 = 0x80;
    /// A whole binary message.
    pub const BINARY: u8 = 0x82;
    /// Good-bye.
    pub const CLOSE: u8 = 0x88;
    /// Are you there?
    pub const PING: u8 = 0x89;
    /// I am.
    pub const PONG: u8 = 0x8A;
}

/// What a request that asks for a WebSocket says in its head, besides the host; a test changes what it is about.
pub const UPGRADE: [(&str, &str); 4] = [
    ("upgrade", "websocket"),
    ("connection", "Upgrade"),
    ("sec-websocket-version", "13"),
    ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
];

/// A TCP connection on which frames are written and read byte by byte.
pub struct RawSocket {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// The head of an answer to an upgrade.
#[derive(Debug)]
pub struct Handshake {
    /// The status code.
    pub status: u16,
    headers: Vec<(String, String)>,
}

/// A frame from the server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawFrame {
    /// FIN, reserved bits and the opcode.
    pub head: u8,
    /// The payload.
    pub payload: Vec<u8>,
}

impl Handshake {
    /// A header, or an empty text.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
            .unwrap_or_default()
    }
}

impl RawFrame {
    /// The payload of a text frame as JSON.
    pub fn json(&self) -> Value {
        assert_eq!(self.head, head::TEXT, "{self:?}");
        serde_json::from_slice(&self.payload).expect("JSON in a frame")
    }
}

/// A frame of a client: masked.
pub fn frame(head: u8, payload: &[u8]) -> Vec<u8> {
    const MASK: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];
    let mut bytes = header(head, payload.len() as u64);
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// The first bytes of a frame of a client, up to the masking key.
pub fn header(head: u8, length: u64) -> Vec<u8> {
    let mut bytes = vec![head];
    match (u8::try_from(length), u16::try_from(length)) {
        (Ok(length), _) if length < 126 => bytes.push(0x80 | length),
        (_, Ok(length)) => {
            bytes.push(0xFE);
            bytes.extend(length.to_be_bytes());
        }
        _ => {
            bytes.push(0xFF);
            bytes.extend(length.to_be_bytes());
        }
    }
    bytes
}

/// An application's question whether the server is there, as text; see [`RawSocket::expect_pong`].
pub fn question(id: &str) -> String {
    json!({ "type": "ping", "id": id }).to_string()
}

impl RawSocket {
    /// A TCP connection; with buffers of about so many bytes where that is given.
    pub async fn connect(address: SocketAddr, buffers: Option<u32>) -> Self {
        let socket = TcpSocket::new_v4().expect("a socket");
        if let Some(bytes) = buffers {
            socket.set_recv_buffer_size(bytes).expect("a receive buffer");
            socket.set_send_buffer_size(bytes).expect("a send buffer");
        }
        let stream = socket.connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Self { stream, buffer: Vec::new() }
    }

    /// An authenticated socket, with its `welcome` read.
    pub async fn open(client: &Client) -> Self {
        Self::open_with(client, None).await
    }

    /// The same with buffers of about so many bytes.
    pub async fn open_with(client: &Client, buffers: Option<u32>) -> Self {
        let mut socket = Self::connect(client.address(), buffers).await;
        let pairs = client.header_pairs();
        let headers: Vec<(&str, &str)> = UPGRADE
            .into_iter()
            .chain(pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .collect();
        let answer = socket.handshake("GET", "/api/v1/ws", &headers).await;
        assert_eq!(answer.status, 101, "{answer:?}");
        if !pairs.is_empty() {
            assert_eq!(socket.text().await["type"], "welcome");
        }
        socket
    }

    /// The head of a request.
    pub fn request(&self, method: &str, path: &str, headers: &[(&str, &str)]) -> Vec<u8> {
        let host = self.stream.peer_addr().expect("a peer");
        let mut lines = vec![format!("{method} {path} HTTP/1.1"), format!("host: {host}")];
        lines.extend(headers.iter().map(|(name, value)| format!("{name}: {value}")));
        format!("{}\r\n\r\n", lines.join("\r\n")).into_bytes()
    }

    /// Sends the head of a request and reads the head of its answer.
    pub async fn handshake(&mut self, method: &str, path: &str, headers: &[(&str, &str)]) -> Handshake {
        self.write(&self.request(method, path, headers)).await;
        self.handshake_answer().await
    }

    /// Reads the head of an answer.
    pub async fn handshake_answer(&mut self) -> Handshake {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.fill().await, "the connection ended within the head of an answer");
        };
        let head: Vec<u8> = self.buffer.drain(..end).collect();
        let head = String::from_utf8(head).expect("a head in ASCII");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let headers = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
            .collect();
        Handshake { status, headers }
    }

    /// Sends bytes in one go.
    pub async fn write(&mut self, bytes: &[u8]) {
        self.try_write(bytes).await.expect("an open connection");
    }

    /// Sends bytes to a server that may not take them any more.
    pub async fn try_write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        let writing = self.stream.write_all(bytes);
        tokio::time::timeout(DEADLINE, writing).await.expect("the server takes bytes in time")
    }

    /// Sends a frame.
    pub async fn send(&mut self, head: u8, payload: &[u8]) {
        self.write(&frame(head, payload)).await;
    }

    /// Sends a text in one frame.
    pub async fn send_json(&mut self, value: &Value) {
        self.send(head::TEXT, value.to_string().as_bytes()).await;
    }

    /// From now on nothing more is sent; the other direction stays open.
    pub async fn shut_down_writing(&mut self) {
        self.stream.shutdown().await.expect("an open connection");
    }

    /// The next frame; `None` when the connection has ended.
    pub async fn next(&mut self) -> Option<RawFrame> {
        loop {
            if let Some((frame, length)) = parse(&self.buffer) {
                self.buffer.drain(..length);
                return Some(frame);
            }
            if !self.fill().await {
                return None;
            }
        }
    }

    /// The next frame, read with a pause after every piece that arrives, as over a slow line.
    pub async fn next_slowly(&mut self, pause: Duration) -> Option<RawFrame> {
        loop {
            if let Some((frame, length)) = parse(&self.buffer) {
                self.buffer.drain(..length);
                return Some(frame);
            }
            if !self.fill().await {
                return None;
            }
            tokio::time::sleep(pause).await;
        }
    }

    /// The next frame, a text, as JSON.
    pub async fn text(&mut self) -> Value {
        self.next().await.expect("a frame").json()
    }

    /// Reads the answer to [`question`].
    pub async fn expect_pong(&mut self, id: &str) {
        let pong = self.text().await;
        assert_eq!((&pong["type"], &pong["reply_to"]), (&json!("pong"), &json!(id)), "{pong}");
    }

    /// Reads until the connection has ended: the `error` frame if there was one, and the payload of the close frame.
    /// From the close frame on, nothing more is sent.
    pub async fn farewell(&mut self) -> (Value, Vec<u8>) {
        let mut error = Value::Null;
        let mut close = None;
        while let Some(frame) = self.next().await {
            assert!(close.is_none(), "nothing may follow a close frame: {frame:?}");
            match frame.head {
                head::CLOSE => {
                    close = Some(frame.payload);
                    // The server may have ended the connection already.
                    let _ = self.stream.shutdown().await;
                }
                head::TEXT if frame.json()["type"] == "error" => error = frame.json(),
                _ => {}
            }
        }
        (error, close.expect("a close frame before the end"))
    }

    /// Reads until the connection has ended: the slug of the last problem, and the close code.
    pub async fn closed(&mut self) -> (String, u16) {
        let (error, close) = self.farewell().await;
        let slug = error["problem"]["type"].as_str().unwrap_or_default().trim_start_matches("/problems/");
        let code = close.first_chunk().map_or(0, |code| u16::from_be_bytes(*code));
        (slug.to_owned(), code)
    }

    /// Reads more; whether there was more. A reset is an end like any other.
    async fn fill(&mut self) -> bool {
        let reading = self.stream.read_buf(&mut self.buffer);
        let read = tokio::time::timeout(DEADLINE, reading).await.expect("bytes in time");
        read.is_ok_and(|bytes| bytes > 0)
    }
}

/// The first frame of what a server sent, and how long it is. Servers do not mask.
fn parse(buffer: &[u8]) -> Option<(RawFrame, usize)> {
    let (&head, rest) = buffer.split_first()?;
    let (&length, rest) = rest.split_first()?;
    assert!(length & 0x80 == 0, "a server must not mask");
    let (length, rest) = match length {
        126 => {
            let (length, rest) = rest.split_first_chunk()?;
            (u64::from(u16::from_be_bytes(*length)), rest)
        }
        127 => {
            let (length, rest) = rest.split_first_chunk()?;
            (u64::from_be_bytes(*length), rest)
        }
        short => (u64::from(short), rest),
    };
    let length = usize::try_from(length).expect("a length that fits into memory");
    let payload = rest.get(..length)?.to_vec();
    Some((RawFrame { head, payload }, buffer.len() - rest.len() + length))
}

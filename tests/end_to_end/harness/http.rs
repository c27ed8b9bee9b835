//! HTTP as raw bytes on a TCP connection: a client that may break every rule.

use std::net::SocketAddr;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::{Answer, DEADLINE};

/// A TCP connection on which requests are written byte by byte.
pub struct RawHttp {
    stream: TcpStream,
    buffer: Vec<u8>,
}

impl RawHttp {
    /// A new connection.
    pub async fn connect(address: SocketAddr) -> Self {
        let stream = TcpStream::connect(address).await.expect("a connection");
        stream.set_nodelay(true).expect("no delay");
        Self { stream, buffer: Vec::new() }
    }

    /// One request on a connection of its own; `None` when the server closes without an answer.
    pub async fn ask(address: SocketAddr, request: &[u8]) -> Option<Answer> {
        let mut connection = Self::connect(address).await;
        connection.write(request).await;
        connection.answer().await
    }

    /// Sends bytes. A server that has closed already has said, or is about to say, why.
    pub async fn write(&mut self, bytes: &[u8]) -> bool {
        let writing = self.stream.write_all(bytes);
        tokio::time::timeout(DEADLINE, writing).await.expect("the server takes bytes in time").is_ok()
    }

    /// The next answer, read to the end of its body; `None` when the connection has ended.
    pub async fn answer(&mut self) -> Option<Answer> {
        let end = loop {
            if let Some(at) = self.buffer.windows(4).position(|bytes| bytes == b"\r\n\r\n") {
                break at + 4;
            }
            if !self.fill().await {
                assert!(self.buffer.is_empty(), "the connection ended within the head of an answer");
                return None;
            }
        };
        let head: Vec<u8> = self.buffer.drain(..end).collect();
        let head = String::from_utf8(head).expect("a head in ASCII");
        let mut lines = head.lines();
        let status = lines.next().and_then(|line| line.split(' ').nth(1)?.parse().ok()).expect("a status");
        let headers: HeaderMap = lines
            .filter_map(|line| line.split_once(':'))
            .map(|(name, value)| {
                let name = HeaderName::try_from(name).expect("the name of a header");
                (name, HeaderValue::try_from(value.trim()).expect("the value of a header"))
            })
            .collect();
        let mut answer = Answer { status, headers, bytes: Vec::new() };
        let length: usize = answer.header("content-length").parse().unwrap_or(0);
        while self.buffer.len() < length {
            assert!(self.fill().await, "the connection ended within the body of an answer");
        }
        answer.bytes = self.buffer.drain(..length).collect();
        Some(answer)
    }

    /// Waits until the server closes; what it sent before goes unread.
    pub async fn closed(&mut self) {
        while self.fill().await {}
    }

    /// Reads more; whether there was more. A reset is an end like any other.
    async fn fill(&mut self) -> bool {
        let reading = self.stream.read_buf(&mut self.buffer);
        let read = tokio::time::timeout(DEADLINE, reading).await.expect("bytes in time");
        read.is_ok_and(|bytes| bytes > 0)
    }
}

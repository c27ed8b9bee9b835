//! From bytes to messages. The protocol itself (RFC 6455) is tungstenite's; here it runs without a socket of its own,
//! and a frame whose header declares more than the limit is refused before anything of it is buffered.

use std::io;

use bytes::Bytes;
use tungstenite::error::{CapacityError, Error};
use tungstenite::protocol::frame::Utf8Bytes;
use tungstenite::protocol::{Message, Role, WebSocketConfig, WebSocketContext};

use super::CloseCode;

/// How much is asked of the input at a time, in bytes; also what an idle decoder holds.
const READ_BUFFER: usize = 512;
/// The most that the protocol holds back of answers to control frames, in bytes; it never has to.
const MAX_HELD_BACK: usize = 4_096;

/// What a client sent.
#[derive(Debug, PartialEq, Eq)]
pub enum Received {
    /// A whole text message, of one frame or several.
    Text(Utf8Bytes),
    /// A whole binary message; the protocol has none.
    Binary,
    /// A control frame that answers itself.
    Control,
    /// The client says good-bye; the answer waits in [`Decoder::take_answers`].
    Close,
}

/// What makes a connection unusable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Violation {
    /// A frame, or a message of several frames, beyond the limit.
    #[error("the message is larger than allowed")]
    TooBig,
    /// Text that is not UTF-8.
    #[error("the text is not UTF-8")]
    NotUtf8,
    /// Anything else that RFC 6455 forbids.
    #[error("the frame breaks the WebSocket protocol")]
    Protocol,
}

impl Violation {
    /// The code that the connection is closed with.
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::TooBig => CloseCode::TooBig,
            Self::NotUtf8 => CloseCode::NotUtf8,
            Self::Protocol => CloseCode::Protocol,
        }
    }

    /// A stable name for programs.
    pub const fn slug(self) -> &'static str {
        match self {
            Self::TooBig => "frame_too_big",
            Self::NotUtf8 => "not_utf8",
            Self::Protocol => "protocol_violation",
        }
    }
}

/// Reads the frames of one client.
pub struct Decoder {
    context: WebSocketContext,
    input: Bytes,
    answers: Vec<u8>,
}

impl Decoder {
    /// A decoder for messages of at most `limit` bytes.
    pub fn new(limit: usize) -> Self {
        let config = WebSocketConfig::default()
            .read_buffer_size(READ_BUFFER)
            .write_buffer_size(0)
            .max_write_buffer_size(MAX_HELD_BACK)
            .max_frame_size(Some(limit))
            .max_message_size(Some(limit));
        Self {
            context: WebSocketContext::new(Role::Server, Some(config)),
            input: Bytes::new(),
            answers: Vec::new(),
        }
    }

    /// Adds bytes that arrived. Whatever was added before must have been read: [`Decoder::read`] gave `None`.
    pub fn feed(&mut self, bytes: Bytes) {
        self.input = bytes;
    }

    /// The next message; `None` when more bytes are needed. After a close or a violation there is nothing more.
    pub fn read(&mut self) -> Result<Option<Received>, Violation> {
        let mut link = Link { input: &mut self.input, answers: &mut self.answers };
        match self.context.read(&mut link) {
            Ok(Message::Text(text)) => Ok(Some(Received::Text(text))),
            Ok(Message::Binary(_)) => Ok(Some(Received::Binary)),
            Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_)) => Ok(Some(Received::Control)),
            Ok(Message::Close(_)) => {
                // The answer was queued by reading; it is written by flushing, which then reports the end.
                match self.context.flush(&mut link) {
                    Ok(()) | Err(Error::ConnectionClosed) => Ok(Some(Received::Close)),
                    Err(error) => Err(violation(&error)),
                }
            }
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                // Even empty bytes would keep the buffer that they were part of.
                self.input = Bytes::new();
                Ok(None)
            }
            Err(error) => Err(violation(&error)),
        }
    }

    /// What has to be sent in answer to control frames; empty when nothing.
    pub fn take_answers(&mut self) -> Bytes {
        if self.answers.is_empty() { Bytes::new() } else { Bytes::from(std::mem::take(&mut self.answers)) }
    }
}

fn violation(error: &Error) -> Violation {
    match error {
        Error::Capacity(CapacityError::MessageTooLong { .. }) => Violation::TooBig,
        Error::Utf8(_) => Violation::NotUtf8,
        _ => Violation::Protocol,
    }
}

/// The frame that closes a connection (RFC 6455, section 5.5.1).
pub fn close_frame(code: CloseCode) -> Bytes {
    let [high, low] = code.number().to_be_bytes();
    Bytes::copy_from_slice(&[0x88, 2, high, low])
}

/// What the protocol reads and writes instead of a socket.
struct Link<'a> {
    input: &'a mut Bytes,
    answers: &'a mut Vec<u8>,
}

impl io::Read for Link<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.input.is_empty() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let taken = self.input.split_to(buffer.len().min(self.input.len()));
        buffer[..taken.len()].copy_from_slice(&taken);
        Ok(taken.len())
    }
}

impl io::Write for Link<'_> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.answers.extend_from_slice(buffer);
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
#[path = "decoder_tests.rs"]
mod tests;

//! Frames as bytes: written once, then shared by all sockets and streams.

use bytes::{BufMut as _, Bytes, BytesMut};
use serde::Serialize;

/// The longest header of a frame from a server (RFC 6455, section 5.2): servers do not mask.
const LONGEST_HEADER: usize = 10;
/// FIN, and the opcode of text.
const TEXT: u8 = 0x81;

/// A frame as it goes over a socket: the header and the JSON text. Cloning shares the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Encoded(Bytes);

impl Encoded {
    /// Writes a frame.
    pub fn new(frame: &impl Serialize) -> Self {
        let mut buffer = BytesMut::with_capacity(256);
        buffer.put_bytes(0, LONGEST_HEADER);
        serde_json::to_writer((&mut buffer).writer(), frame)
            .expect("frames are structs with string keys, and memory does not fail to be written");
        let (header, length) = header(buffer.len() - LONGEST_HEADER);
        let start = LONGEST_HEADER - length;
        buffer[start..LONGEST_HEADER].copy_from_slice(&header[..length]);
        Self(buffer.freeze().slice(start..))
    }

    /// What [`Encoded::socket`] gave earlier.
    pub const fn from_socket(bytes: Bytes) -> Self {
        Self(bytes)
    }

    /// The bytes for a socket.
    pub fn socket(&self) -> Bytes {
        self.0.clone()
    }

    /// The JSON text alone.
    pub fn json(&self) -> Bytes {
        let header = match self.0[1] {
            126 => 4,
            127 => 10,
            _ => 2,
        };
        self.0.slice(header..)
    }
}

/// The header of an unfragmented text frame, and its length.
fn header(length: usize) -> ([u8; LONGEST_HEADER], usize) {
    let mut header = [0; LONGEST_HEADER];
    header[0] = TEXT;
    if let Ok(length) = u8::try_from(length)
        && length < 126
    {
        header[1] = length;
        (header, 2)
    } else if let Ok(length) = u16::try_from(length) {
        header[1] = 126;
        header[2..4].copy_from_slice(&length.to_be_bytes());
        (header, 4)
    } else {
        header[1] = 127;
        header[2..].copy_from_slice(&(length as u64).to_be_bytes());
        (header, 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_length_has_its_header() {
        // The JSON text of a string is two bytes longer than the string.
        for (length, header) in [
            (0, vec![0x81, 2]),
            (123, vec![0x81, 125]),
            (124, vec![0x81, 126, 0, 126]),
            (65_533, vec![0x81, 126, 0xFF, 0xFF]),
            (65_534, vec![0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let text = "a".repeat(length);
            let encoded = Encoded::new(&text);
            assert_eq!(encoded.socket()[..header.len()], header, "{length}");
            assert_eq!(encoded.json(), format!("\"{text}\"").as_bytes(), "{length}");
            assert_eq!(encoded.socket().len(), header.len() + length + 2);
        }
    }
}

//! The text of events, as the HTML standard's section on server-sent events defines it.

use std::fmt::{Display, Write as _};

use bytes::{BufMut as _, BytesMut};

/// What keeps an idle stream open.
pub const COMMENT: &[u8] = b":\n\n";

/// Appends one event. `data` is one line; JSON text always is.
pub fn write(buffer: &mut BytesMut, id: Option<impl Display>, name: &str, data: &[u8]) {
    buffer.reserve(data.len() + name.len() + 80);
    if let Some(id) = id {
        // Writing into a growing buffer does not fail.
        let _ = writeln!(buffer, "id: {id}");
    }
    buffer.put_slice(b"event: ");
    buffer.put_slice(name.as_bytes());
    buffer.put_slice(b"\ndata: ");
    buffer.put_slice(data);
    buffer.put_slice(b"\n\n");
}

/// The position in an id of a run's events, `<epoch>:<position>`; `None` for anything else.
pub fn read_id(id: &str) -> Option<(&str, u64)> {
    let (epoch, position) = id.rsplit_once(':')?;
    Some((epoch, position.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_written_with_and_without_an_id() {
        let mut buffer = BytesMut::new();
        write(&mut buffer, Some(format_args!("{}:{}", "ab", 7)), "delta", b"{}");
        write(&mut buffer, None::<u64>, "result", b"{\"a\":1}");
        assert_eq!(buffer, "id: ab:7\nevent: delta\ndata: {}\n\nevent: result\ndata: {\"a\":1}\n\n");
    }

    #[test]
    fn ids_are_read_back_and_nothing_else_is() {
        assert_eq!(read_id("ab:7"), Some(("ab", 7)));
        for text in ["", "7", "ab:", "ab:-1", "ab:x", "ab:99999999999999999999"] {
            assert_eq!(read_id(text), None, "{text}");
        }
    }
}

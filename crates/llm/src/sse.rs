//! An incremental parser of event streams (WHATWG HTML, section 9.2, "Server-sent events").
//!
//! It takes bytes in whatever pieces a network gives them and calls back for every event. Its memory is bounded: a
//! line, or the data of one event, above the limit is an error, and the parser stays in it. The stream is UTF-8;
//! a byte that is not becomes U+FFFD, as the standard says, so that one bad byte costs one character and not the
//! answer. An event that the end of the stream cuts off is never given, as the standard says too.

use std::borrow::Cow;
use std::time::Duration;

use memchr::memchr2;
use thiserror::Error;

/// The largest line, and the largest data of one event, in bytes, unless a caller says otherwise.
pub const DEFAULT_LIMIT: usize = 1024 * 1024;

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";

/// One event of the stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SseEvent<'a> {
    /// The type; `message` where the stream names none.
    pub kind: &'a str,
    /// The data; several lines are joined by `\n`.
    pub data: &'a str,
    /// The last identifier that the stream named, in this event or before; empty while there is none.
    pub last_id: &'a str,
}

/// Why a stream cannot be read on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SseError {
    /// One line is longer than the limit.
    #[error("a line of the event stream is longer than {limit} bytes")]
    LineTooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// The data lines of one event are together longer than the limit.
    #[error("an event of the stream is longer than {limit} bytes")]
    EventTooLong {
        /// The limit in bytes.
        limit: usize,
    },
}

/// The state between two pieces of a stream.
#[derive(Debug)]
pub struct SseParser {
    limit: usize,
    /// The beginning of a line whose end has not arrived.
    partial: Vec<u8>,
    /// Whether the first bytes of the stream, where a byte order mark may stand, are still to come.
    at_start: bool,
    /// Whether the last byte was CR, so that an LF right after it belongs to the same line end.
    after_return: bool,
    event: Event,
    failed: Option<SseError>,
}

/// The event that is being put together.
#[derive(Debug, Default)]
struct Event {
    kind: Vec<u8>,
    data: Vec<u8>,
    has_data: bool,
    last_id: Vec<u8>,
    retry: Option<Duration>,
}

impl Default for SseParser {
    fn default() -> Self {
        Self::new(DEFAULT_LIMIT)
    }
}

impl SseParser {
    /// A parser at the start of a stream, with the largest line and the largest event in bytes.
    pub fn new(limit: usize) -> Self {
        Self {
            limit,
            partial: Vec::new(),
            at_start: true,
            after_return: false,
            event: Event::default(),
            failed: None,
        }
    }

    /// Takes the next bytes and gives every event that they complete, in order. The first `false` of `on_event`
    /// ends the reading: the rest of the bytes is dropped.
    ///
    /// # Errors
    /// When the stream goes beyond the limit; from then on every call gives the same error.
    pub fn feed(
        &mut self,
        bytes: &[u8],
        mut on_event: impl FnMut(SseEvent<'_>) -> bool,
    ) -> Result<(), SseError> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let result = self.take(bytes, &mut on_event);
        if let Err(error) = result {
            self.failed = Some(error);
            self.partial = Vec::new();
            self.event = Event::default();
        }
        result
    }

    /// The time after which the stream asks a client to reconnect, where it says so.
    pub fn retry(&self) -> Option<Duration> {
        self.event.retry
    }

    fn take(
        &mut self,
        mut bytes: &[u8],
        on_event: &mut dyn FnMut(SseEvent<'_>) -> bool,
    ) -> Result<(), SseError> {
        while let Some(&first) = bytes.first() {
            if std::mem::take(&mut self.after_return) && first == b'\n' {
                bytes = &bytes[1..];
                continue;
            }
            let Some(end) = memchr2(b'\n', b'\r', bytes) else {
                self.check_line(self.partial.len() + bytes.len())?;
                self.partial.extend_from_slice(bytes);
                return Ok(());
            };
            let (head, rest) = (&bytes[..end], &bytes[end + 1..]);
            self.after_return = bytes[end] == b'\r';
            bytes = rest;
            self.check_line(self.partial.len() + head.len())?;
            let goes_on = if self.partial.is_empty() {
                self.line(head, on_event)?
            } else {
                let mut line = std::mem::take(&mut self.partial);
                line.extend_from_slice(head);
                let goes_on = self.line(&line, on_event)?;
                line.clear();
                self.partial = line;
                goes_on
            };
            if !goes_on {
                return Ok(());
            }
        }
        Ok(())
    }

    fn check_line(&self, length: usize) -> Result<(), SseError> {
        let mark = if self.at_start { BYTE_ORDER_MARK.len() } else { 0 };
        if length > self.limit.saturating_add(mark) {
            return Err(SseError::LineTooLong { limit: self.limit });
        }
        Ok(())
    }

    /// Takes one line without its end; `false` when the reader has had enough.
    fn line(
        &mut self,
        line: &[u8],
        on_event: &mut dyn FnMut(SseEvent<'_>) -> bool,
    ) -> Result<bool, SseError> {
        let line = if std::mem::take(&mut self.at_start) {
            line.strip_prefix(BYTE_ORDER_MARK).unwrap_or(line)
        } else {
            line
        };
        if line.is_empty() {
            return Ok(self.event.dispatch(on_event));
        }
        self.event.field(line, self.limit)?;
        Ok(true)
    }
}

impl Event {
    fn field(&mut self, line: &[u8], limit: usize) -> Result<(), SseError> {
        let (name, value) = match memchr::memchr(b':', line) {
            Some(colon) => {
                let value = &line[colon + 1..];
                (&line[..colon], value.strip_prefix(b" ").unwrap_or(value))
            }
            None => (line, &b""[..]),
        };
        match name {
            b"data" => {
                if self.data.len() + usize::from(self.has_data) + value.len() > limit {
                    return Err(SseError::EventTooLong { limit });
                }
                if self.has_data {
                    self.data.push(b'\n');
                }
                self.data.extend_from_slice(value);
                self.has_data = true;
            }
            b"event" => replace(&mut self.kind, value),
            b"id" if !value.contains(&0) => replace(&mut self.last_id, value),
            b"retry" if !value.is_empty() && value.iter().all(u8::is_ascii_digit) => {
                let digits = str::from_utf8(value).ok();
                self.retry =
                    digits.and_then(|digits| digits.parse().ok()).map(Duration::from_millis).or(self.retry);
            }
            _ => {}
        }
        Ok(())
    }

    fn dispatch(&mut self, on_event: &mut dyn FnMut(SseEvent<'_>) -> bool) -> bool {
        let goes_on = !self.has_data || {
            let kind = decode(&self.kind);
            on_event(SseEvent {
                kind: if kind.is_empty() { "message" } else { &kind },
                data: &decode(&self.data),
                last_id: &decode(&self.last_id),
            })
        };
        self.kind.clear();
        self.data.clear();
        self.has_data = false;
        goes_on
    }
}

fn replace(field: &mut Vec<u8>, value: &[u8]) {
    field.clear();
    field.extend_from_slice(value);
}

fn decode(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Seen = (Vec<(String, String, String)>, Option<SseError>);

    fn read(pieces: &[&[u8]], limit: usize) -> Seen {
        let mut parser = SseParser::new(limit);
        let mut events = Vec::new();
        let mut failed = None;
        for piece in pieces {
            let result = parser.feed(piece, |event| {
                events.push((event.kind.to_owned(), event.data.to_owned(), event.last_id.to_owned()));
                true
            });
            failed = failed.or(result.err());
        }
        (events, failed)
    }

    fn data(stream: &[u8]) -> Vec<String> {
        read(&[stream], DEFAULT_LIMIT).0.into_iter().map(|(_, data, _)| data).collect()
    }

    /// The standard's algorithm word by word over the whole decoded stream, slow and obvious.
    fn by_the_book(stream: &[u8]) -> Vec<(String, String, String)> {
        let text = String::from_utf8_lossy(stream).replace("\r\n", "\n").replace('\r', "\n");
        let text = text.strip_prefix('\u{FEFF}').unwrap_or(&text);
        let mut lines: Vec<&str> = text.split('\n').collect();
        lines.pop();
        let (mut kind, mut data, mut id, mut events) =
            (String::new(), String::new(), String::new(), Vec::new());
        for line in lines {
            if line.is_empty() {
                if let Some(data) = data.strip_suffix('\n') {
                    let kind = if kind.is_empty() { "message" } else { &kind };
                    events.push((kind.to_owned(), data.to_owned(), id.clone()));
                }
                data.clear();
                kind.clear();
                continue;
            }
            let (name, value) = line.split_once(':').unwrap_or((line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "data" => {
                    data.push_str(value);
                    data.push('\n');
                }
                "event" => value.clone_into(&mut kind),
                "id" if !value.contains('\0') => value.clone_into(&mut id),
                _ => {}
            }
        }
        events
    }

    #[test]
    fn all_line_ends_end_a_line() {
        assert_eq!(data(b"data: a\n\ndata: b\r\n\r\ndata: c\r\rdata:d\r\n\n"), ["a", "b", "c", "d"]);
    }

    #[test]
    fn only_the_first_space_after_the_colon_is_dropped() {
        assert_eq!(data(b"data:  two\n\ndata:none\n\ndata\n\n"), [" two", "none", ""]);
    }

    #[test]
    fn data_lines_are_joined_and_comments_and_unknown_fields_are_skipped() {
        assert_eq!(data(b": keep-alive\ndata: a\nwhatever: x\ndata:\ndata: b\n\n\n\n"), ["a\n\nb"]);
    }

    #[test]
    fn kind_and_id_and_retry_are_read() {
        let stream = b"event: ping\nid: 7\nretry: 1500\ndata: x\n\nid: a\0b\nretry: soon\ndata: y\n\n";
        let (events, _) = read(&[stream], DEFAULT_LIMIT);
        assert_eq!(events[0], ("ping".to_owned(), "x".to_owned(), "7".to_owned()));
        assert_eq!(events[1], ("message".to_owned(), "y".to_owned(), "7".to_owned()));
        let mut parser = SseParser::default();
        parser.feed(stream, |_| true).expect("the stream is small");
        assert_eq!(parser.retry(), Some(Duration::from_millis(1500)));
    }

    #[test]
    fn an_event_that_the_end_cuts_off_is_not_given() {
        assert_eq!(data(b"data: whole\n\ndata: cut\n"), ["whole"]);
    }

    #[test]
    fn a_byte_order_mark_counts_at_the_start_only() {
        assert_eq!(data(b"\xEF\xBB\xBFdata: a\n\n\xEF\xBB\xBFdata: b\n\n"), ["a"]);
    }

    #[test]
    fn a_character_split_across_packets_is_whole_and_a_bad_byte_costs_one_character() {
        let text = "data: Grüße 🦀\n\n".as_bytes();
        for cut in 0..text.len() {
            let (events, _) = read(&[&text[..cut], &text[cut..]], DEFAULT_LIMIT);
            assert_eq!(events[0].1, "Grüße 🦀");
        }
        assert_eq!(data(b"data: a\xFFb\xF0\x9F\n\n"), ["a\u{FFFD}b\u{FFFD}"]);
    }

    #[test]
    fn a_line_at_the_limit_passes_and_one_byte_more_is_an_error_for_ever() {
        let line = |length: usize| [b"data: ".as_slice(), &vec![b'x'; length - 6], b"\n\n"].concat();
        assert_eq!(read(&[&line(100)], 100).1, None);
        let (events, error) = read(&[b"data: before\n\n", &line(101), b"data: after\n\n"], 100);
        assert_eq!(error, Some(SseError::LineTooLong { limit: 100 }));
        assert_eq!(events.len(), 1);
    }

    #[test]
    fn memory_stays_bounded_when_a_line_or_an_event_never_ends() {
        let mut parser = SseParser::new(1000);
        let ends = (0..10_000).find_map(|_| parser.feed(b"data: no end in sight ", |_| true).err());
        assert_eq!(ends, Some(SseError::LineTooLong { limit: 1000 }));
        assert!(parser.partial.capacity() <= 2000);

        let mut parser = SseParser::new(1000);
        let ends = (0..10_000).find_map(|_| parser.feed(b"data: line\n", |_| true).err());
        assert_eq!(ends, Some(SseError::EventTooLong { limit: 1000 }));
        assert_eq!(parser.event.data.capacity(), 0);
    }

    #[test]
    fn a_reader_that_has_had_enough_sees_no_more() {
        let mut seen = Vec::new();
        let fed = SseParser::default().feed(b"data: a\n\ndata: b\n\ndata: c\n\n", |event| {
            seen.push(event.data.to_owned());
            seen.len() < 2
        });
        assert_eq!((fed, seen), (Ok(()), vec!["a".to_owned(), "b".to_owned()]));
    }

    /// Streams that hit the interesting bytes often.
    fn stream() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(b"\n".to_vec()),
            Just(b"\r".to_vec()),
            Just(b"\r\n".to_vec()),
            Just(b"data: ".to_vec()),
            Just(b"data:".to_vec()),
            Just(b"data".to_vec()),
            Just(b"event: e".to_vec()),
            Just(b"id: 1".to_vec()),
            Just(b":".to_vec()),
            Just(BYTE_ORDER_MARK.to_vec()),
            Just("ü🦀".as_bytes().to_vec()),
            proptest::collection::vec(any::<u8>(), 0..12),
        ];
        proptest::collection::vec(piece, 0..40).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        #[test]
        fn any_chunking_of_any_bytes_gives_the_same_events(
            stream in stream(),
            cuts in proptest::collection::vec(any::<prop::sample::Index>(), 0..20),
            limit in 1_usize..60,
        ) {
            let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(stream.len() + 1)).collect();
            cuts.sort_unstable();
            let mut pieces = Vec::new();
            let mut from = 0;
            for cut in cuts {
                pieces.push(&stream[from..cut]);
                from = cut;
            }
            pieces.push(&stream[from..]);
            let single: Vec<&[u8]> = stream.chunks(1).collect();
            let whole = read(&[&stream], limit);
            prop_assert_eq!(&read(&pieces, limit), &whole);
            prop_assert_eq!(&read(&single, limit), &whole);
        }

        #[test]
        fn the_events_are_those_of_the_standard(stream in stream()) {
            prop_assert_eq!(read(&[&stream], DEFAULT_LIMIT).0, by_the_book(&stream));
        }
    }
}

//! Any bytes in any pieces: the parser does not panic, keeps to its limit, and gives the events that it gives for the
//! whole.

#![no_main]

use libfuzzer_sys::fuzz_target;
use llm::sse::{SseError, SseParser};

type Seen = (Vec<(String, String, String)>, Option<SseError>);

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limit: usize) -> Seen {
    let mut parser = SseParser::new(limit);
    let mut events = Vec::new();
    let mut failed = None;
    for piece in pieces {
        let fed = parser.feed(piece, |event| {
            // A byte that is no UTF-8 becomes a character of three.
            assert!(event.data.len() <= 3 * limit);
            events.push((event.kind.to_owned(), event.data.to_owned(), event.last_id.to_owned()));
            true
        });
        failed = failed.or(fed.err());
    }
    (events, failed)
}

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (limit, size, stream) = input;
    let limit = usize::from(limit) + 1;
    let whole = read([stream], limit);
    assert_eq!(read(stream.chunks(usize::from(size) + 1), limit), whole);
    assert_eq!(read(stream.chunks(1), limit), whole);
});

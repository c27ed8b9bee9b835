//! Any bytes in any pieces: the decoder of sockets does not panic, keeps to its limit, and gives the messages that it
//! gives for the whole.

#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use server::ws::{Decoder, Received, Violation};

type Seen = (Vec<Received>, Vec<u8>, Option<Violation>);

fn read<'a>(pieces: impl IntoIterator<Item = &'a [u8]>, limit: usize) -> Seen {
    let mut decoder = Decoder::new(limit);
    let (mut received, mut answers) = (Vec::new(), Vec::new());
    for piece in pieces {
        decoder.feed(Bytes::copy_from_slice(piece));
        loop {
            let next = decoder.read();
            answers.extend(decoder.take_answers());
            match next {
                Ok(Some(Received::Close)) => {
                    received.push(Received::Close);
                    return (received, answers, None);
                }
                Ok(Some(message)) => {
                    if let Received::Text(text) = &message {
                        assert!(text.len() <= limit);
                    }
                    received.push(message);
                }
                Ok(None) => break,
                Err(violation) => return (received, answers, Some(violation)),
            }
        }
    }
    (received, answers, None)
}

fuzz_target!(|input: (u8, u8, &[u8])| {
    let (limit, size, stream) = input;
    // A control frame may always carry 125 bytes.
    let limit = usize::from(limit) + 125;
    let whole = read([stream], limit);
    assert_eq!(read(stream.chunks(usize::from(size) + 1), limit), whole);
    assert_eq!(read(stream.chunks(1), limit), whole);
});

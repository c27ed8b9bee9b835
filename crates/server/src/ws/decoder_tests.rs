//! Whatever arrives, and however it is cut.

use proptest::prelude::*;

use super::*;

const MASK: [u8; 4] = [7, 13, 254, 1];

/// A frame as clients send it.
fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![first];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | u8::try_from(length).expect("it is below 126")),
        length @ 126..=0xFFFF => {
            bytes.push(0x80 | 0x7E);
            bytes.extend(u16::try_from(length).expect("it fits").to_be_bytes());
        }
        length => {
            bytes.push(0x80 | 0x7F);
            bytes.extend((length as u64).to_be_bytes());
        }
    }
    bytes.extend(MASK);
    bytes.extend(payload.iter().zip(MASK.iter().cycle()).map(|(byte, mask)| byte ^ mask));
    bytes
}

/// Feeds the pieces and gives everything that comes out until the end, with the answers.
fn decode<'a>(
    limit: usize,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> (Vec<Received>, Option<Violation>, Vec<u8>) {
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
                    return (received, None, answers);
                }
                Ok(Some(message)) => received.push(message),
                Ok(None) => break,
                Err(violation) => return (received, Some(violation), answers),
            }
        }
    }
    (received, None, answers)
}

fn text(text: &str) -> Received {
    Received::Text(Utf8Bytes::from(text))
}

#[test]
fn a_header_that_declares_too_much_is_refused_at_once() {
    let two_gib = [0x81, 0x80 | 0x7F, 0, 0, 0, 0, 0x80, 0, 0, 0, 1, 2, 3, 4];
    assert_eq!(decode(65_536, [two_gib.as_slice()]), (vec![], Some(Violation::TooBig), vec![]));
    let longest = [0x82, 0x80 | 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3, 4];
    assert!(decode(65_536, [longest.as_slice()]).1.is_some());
    let just_too_big = frame(0x81, &[b'a'; 1_025]);
    assert_eq!(decode(1_024, [&just_too_big[..8]]).1, Some(Violation::TooBig));
    let just_right = frame(0x81, &[b'a'; 1_024]);
    assert_eq!(decode(1_024, [just_right.as_slice()]), (vec![text(&"a".repeat(1_024))], None, vec![]));
}

#[test]
fn the_limit_holds_for_a_message_of_many_fragments() {
    let mut bytes = frame(0x01, &[b'a'; 600]);
    bytes.extend(frame(0x00, &[b'a'; 600]));
    assert_eq!(decode(1_024, [bytes.as_slice()]).1, Some(Violation::TooBig));
}

#[test]
fn control_frames_between_fragments_are_answered_and_disturb_nothing() {
    let mut bytes = frame(0x01, "gr\u{fc}".as_bytes());
    bytes.extend(frame(0x89, b"are you there"));
    bytes.extend(frame(0x8A, b""));
    bytes.extend(frame(0x80, "\u{df}e".as_bytes()));
    let (received, violation, answers) = decode(1_024, [bytes.as_slice()]);
    assert_eq!(received, [Received::Control, Received::Control, text("gr\u{fc}\u{df}e")]);
    assert_eq!(violation, None);
    assert_eq!(answers, [b"\x8a\x0d".as_slice(), b"are you there"].concat());
}

#[test]
fn a_character_may_be_split_over_fragments() {
    let snowman = "\u{2603}".as_bytes();
    let bytes =
        [frame(0x01, &snowman[..1]), frame(0x00, &snowman[1..2]), frame(0x80, &snowman[2..])].concat();
    assert_eq!(decode(1_024, [bytes.as_slice()]).0, [text("\u{2603}")]);
}

#[test]
fn text_that_is_not_utf8_is_refused_even_before_the_message_is_whole() {
    assert_eq!(decode(1_024, [frame(0x81, b"a\xFFb").as_slice()]).1, Some(Violation::NotUtf8));
    assert_eq!(decode(1_024, [frame(0x81, b"a\xE2\x98").as_slice()]).1, Some(Violation::NotUtf8));
    assert_eq!(decode(1_024, [frame(0x01, b"a\xFF").as_slice()]).1, Some(Violation::NotUtf8));
    let surrogate = frame(0x81, b"\xED\xA0\x80");
    assert_eq!(decode(1_024, [surrogate.as_slice()]).1, Some(Violation::NotUtf8));
}

#[test]
fn what_the_protocol_forbids_is_refused() {
    let unmasked = [0x81, 1, b'a'];
    let reserved_bits = frame(0xC1, b"a");
    let unknown_opcode = frame(0x83, b"a");
    let long_ping = frame(0x89, &[b'a'; 126]);
    let fragmented_ping = frame(0x09, b"a");
    let continuation_of_nothing = frame(0x80, b"a");
    let two_beginnings = [frame(0x01, b"a"), frame(0x01, b"b")].concat();
    for bytes in [
        unmasked.as_slice(),
        &reserved_bits,
        &unknown_opcode,
        &long_ping,
        &fragmented_ping,
        &continuation_of_nothing,
        &two_beginnings,
    ] {
        assert_eq!(decode(1_024, [bytes]).1, Some(Violation::Protocol), "{bytes:?}");
    }
}

#[test]
fn a_close_is_answered_with_its_code() {
    let (received, violation, answers) = decode(1_024, [frame(0x88, &[0x0F, 0xA0, b'x']).as_slice()]);
    assert_eq!((received, violation), (vec![Received::Close], None));
    assert_eq!(answers[..4], [0x88, 3, 0x0F, 0xA0]);
    let (received, _, answers) = decode(1_024, [frame(0x88, b"").as_slice()]);
    assert_eq!((received, answers), (vec![Received::Close], vec![0x88, 0]));
}

#[test]
fn every_close_code_is_written_as_the_contract_names_it() {
    let codes = [
        (CloseCode::Restarting, 1012),
        (CloseCode::NotUtf8, 1007),
        (CloseCode::TooBig, 1009),
        (CloseCode::TooSlow, 4001),
        (CloseCode::NoPong, 4002),
        (CloseCode::BadFrame, 4400),
        (CloseCode::Unauthenticated, 4401),
        (CloseCode::Forbidden, 4403),
        (CloseCode::NoHello, 4408),
        (CloseCode::TooMany, 4429),
    ];
    for (code, number) in codes {
        let [high, low] = u16::to_be_bytes(number);
        assert_eq!(close_frame(code), [0x88, 2, high, low].as_slice());
    }
    assert_eq!(Violation::TooBig.close_code(), CloseCode::TooBig);
    assert_eq!(Violation::NotUtf8.close_code(), CloseCode::NotUtf8);
}

#[test]
fn an_idle_decoder_holds_on_to_nothing() {
    let mut decoder = Decoder::new(65_536);
    decoder.feed(Bytes::from(frame(0x81, b"a")));
    assert!(matches!(decoder.read(), Ok(Some(_))));
    assert_eq!(decoder.read(), Ok(None));
    assert!(decoder.input.is_empty() && decoder.answers.capacity() == 0);
}

fn messages() -> impl Strategy<Value = Vec<(String, usize, bool)>> {
    // A text, how many characters a fragment has, and whether a ping comes in between.
    proptest::collection::vec((".{0,200}", 1_usize..50, any::<bool>()), 0..8)
}

fn fragments(text: &str, characters: usize, with_ping: bool) -> Vec<u8> {
    let bytes = text.as_bytes();
    let pieces: Vec<&[u8]> = if bytes.is_empty() { vec![bytes] } else { bytes.chunks(characters).collect() };
    let last = pieces.len() - 1;
    let mut out = Vec::new();
    for (index, piece) in pieces.iter().enumerate() {
        let opcode = u8::from(index == 0);
        let fin = if index == last { 0x80 } else { 0 };
        out.extend(frame(fin | opcode, piece));
        if with_ping {
            out.extend(frame(0x89, b"?"));
        }
    }
    out
}

proptest! {
    #[test]
    fn any_split_of_the_bytes_gives_the_same_messages(messages in messages(), cuts in proptest::collection::vec(any::<proptest::sample::Index>(), 0..20)) {
        let bytes: Vec<u8> = messages.iter().flat_map(|(text, size, ping)| fragments(text, *size, *ping)).collect();
        let mut cuts: Vec<usize> = cuts.iter().map(|cut| cut.index(bytes.len() + 1)).collect();
        cuts.extend([0, bytes.len()]);
        cuts.sort_unstable();
        let pieces = cuts.windows(2).map(|pair| &bytes[pair[0]..pair[1]]);
        let (received, violation, _) = decode(65_536, pieces);
        prop_assert_eq!(violation, None);
        let texts: Vec<Received> = received.into_iter().filter(|message| *message != Received::Control).collect();
        let expected: Vec<Received> = messages.iter().map(|(sent, ..)| text(sent)).collect();
        prop_assert_eq!(texts, expected);
    }

    #[test]
    fn any_bytes_in_any_pieces_are_understood_alike_and_within_the_limit(frames in proptest::collection::vec(anything(), 0..12), cut in 1_usize..64) {
        let bytes = frames.concat();
        let whole = decode(300, [bytes.as_slice()]);
        prop_assert_eq!(&decode(300, bytes.chunks(cut)), &whole);
        for message in whole.0 {
            if let Received::Text(text) = message {
                prop_assert!(text.len() <= 300);
            }
        }
    }
}

/// Frames with any first byte, and bytes that are none.
fn anything() -> impl Strategy<Value = Vec<u8>> {
    let bytes = || proptest::collection::vec(any::<u8>(), 0..200);
    let opcode = prop_oneof![8 => prop_oneof![Just(0x01), Just(0x00), Just(0x80), Just(0x81), Just(0x82), Just(0x88), Just(0x89), Just(0x8A)], 1 => any::<u8>()];
    prop_oneof![
        4 => (opcode.clone(), ".{0,60}").prop_map(|(first, text)| frame(first, text.as_bytes())),
        2 => (opcode, bytes()).prop_map(|(first, payload)| frame(first, &payload)),
        1 => bytes(),
    ]
}

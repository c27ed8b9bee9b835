//! RFC 6455 with raw bytes: what the protocol allows works however it is cut, what it forbids ends the connection with
//! the right code and a reason, and never anything else.

use serde_json::json;

use crate::harness::raw::{UPGRADE, frame, head, header, question};
use crate::harness::{Client, RawSocket, Server, eventually};

/// The largest message that a client may send, as `welcome` says.
const LIMIT: usize = 65_536;

/// What the server says when a new, authenticated socket sends these bytes: the slug of its problem and the close code.
async fn after(client: &Client, bytes: &[u8]) -> (String, u16) {
    let mut socket = RawSocket::open(client).await;
    socket.write(bytes).await;
    socket.closed().await
}

/// A question of exactly so many bytes.
fn padded_question(id: &str, bytes: usize) -> String {
    let short = json!({ "type": "ping", "id": id, "padding": "" }).to_string().len();
    json!({ "type": "ping", "id": id, "padding": "a".repeat(bytes - short) }).to_string()
}

#[tokio::test]
async fn the_handshake_proves_that_the_key_was_read_and_agrees_to_nothing_that_is_not_there() {
    let server = Server::start().await;
    let mut socket = RawSocket::connect(server.address(), None).await;
    let offered =
        [("sec-websocket-extensions", "permessage-deflate"), ("sec-websocket-protocol", "chat, superchat")];
    let headers: Vec<_> = UPGRADE.into_iter().chain(offered).collect();
    let answer = socket.handshake("GET", "/api/v1/ws", &headers).await;
    assert_eq!(answer.status, 101);
    // The pair of key and answer is the example of RFC 6455, section 1.3.
    assert_eq!(answer.header("sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    assert_eq!(answer.header("upgrade").to_ascii_lowercase(), "websocket");
    assert_eq!(answer.header("connection").to_ascii_lowercase(), "upgrade");
    assert_eq!(answer.header("sec-websocket-extensions"), "");
    assert_eq!(answer.header("sec-websocket-protocol"), "");
    assert_eq!(answer.header("transfer-encoding"), "");
}

#[tokio::test]
async fn a_handshake_that_is_none_is_refused_as_a_request() {
    let server = Server::start().await;
    let changed = |name: &str, value: Option<&'static str>| {
        UPGRADE
            .into_iter()
            .filter_map(|(known, old)| match value {
                _ if known != name => Some((known, old)),
                Some(value) => Some((known, value)),
                None => None,
            })
            .collect::<Vec<_>>()
    };
    for (name, value, status) in [
        ("sec-websocket-version", Some("8"), 426),
        ("sec-websocket-version", None, 426),
        ("sec-websocket-key", None, 400),
        ("sec-websocket-key", Some("too short"), 400),
        ("upgrade", None, 426),
        ("upgrade", Some("h2c"), 426),
        ("connection", None, 426),
        ("connection", Some("keep-alive"), 426),
    ] {
        let mut socket = RawSocket::connect(server.address(), None).await;
        let answer = socket.handshake("GET", "/api/v1/ws", &changed(name, value)).await;
        assert_eq!(answer.status, status, "{name}: {value:?}: {answer:?}");
        assert_eq!(answer.header("content-type"), "application/problem+json");
        if status == 426 {
            assert_eq!(answer.header("sec-websocket-version"), "13");
            assert_eq!(answer.header("upgrade"), "websocket");
        }
    }
    let mut socket = RawSocket::connect(server.address(), None).await;
    let answer = socket.handshake("POST", "/api/v1/ws", &UPGRADE).await;
    assert_eq!(answer.status, 405);
}

#[tokio::test]
async fn what_the_protocol_forbids_is_closed_with_1002() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let mut forbidden: Vec<(&str, Vec<u8>)> = vec![
        ("a frame without a mask", b"\x81\x02{}".to_vec()),
        ("a control frame of 126 bytes", frame(head::PING, &[b'a'; 126])),
        ("a close frame of 126 bytes", frame(head::CLOSE, &[&[3, 232][..], &[b'a'; 124]].concat())),
        ("a control frame in fragments", frame(0x09, b"a")),
        ("a continuation of nothing", frame(head::ENDS, b"a")),
        ("another continuation of nothing", frame(head::CONTINUES, b"a")),
        (
            "a text within a text",
            [frame(head::TEXT_BEGINS, b"{"), frame(head::TEXT, question("x").as_bytes())].concat(),
        ),
        (
            "a continuation after the end",
            [frame(head::TEXT_BEGINS, b"{\"type\":"), frame(head::ENDS, b"\"x\"}"), frame(head::ENDS, b"a")]
                .concat(),
        ),
        ("a close code of one byte", frame(head::CLOSE, &[3])),
    ];
    for bit in [0x40, 0x20, 0x10] {
        forbidden.push(("a reserved bit in a text", frame(head::TEXT | bit, b"{}")));
        forbidden.push(("a reserved bit in a ping", frame(head::PING | bit, b"")));
    }
    for opcode in [0x03, 0x04, 0x05, 0x06, 0x07, 0x0B, 0x0C, 0x0D, 0x0E, 0x0F] {
        forbidden.push(("a reserved opcode", frame(0x80 | opcode, b"")));
    }
    for (what, bytes) in forbidden {
        assert_eq!(after(&owner, &bytes).await, ("protocol_violation".to_owned(), 1002), "{what}: {bytes:?}");
    }
}

#[tokio::test]
async fn a_message_may_come_in_any_fragments_with_control_frames_between() {
    let server = Server::start().await;
    let mut socket = RawSocket::open(&server.owner().await).await;
    let text = json!({ "type": "ping", "id": "frägmented 🐻" }).to_string();
    let fragments = text.as_bytes().chunks(1).collect::<Vec<_>>();
    let (last, others) = fragments.split_last().expect("a text");
    socket.send(head::TEXT_BEGINS, b"").await;
    for (index, fragment) in others.iter().enumerate() {
        socket.send(head::CONTINUES, fragment).await;
        socket.send(head::CONTINUES, b"").await;
        if index % 7 == 0 {
            let payload = format!("are you there {index}");
            socket.send(head::PING, payload.as_bytes()).await;
            let pong = socket.next().await.expect("a pong");
            assert_eq!((pong.head, pong.payload), (head::PONG, payload.into_bytes()));
            socket.send(head::PONG, b"nobody asked").await;
        }
    }
    socket.send(head::ENDS, last).await;
    socket.expect_pong("frägmented 🐻").await;
}

#[tokio::test]
async fn a_ping_is_answered_with_its_payload_of_any_length_that_it_may_have() {
    let server = Server::start().await;
    let mut socket = RawSocket::open(&server.owner().await).await;
    for length in [0, 1, 124, 125] {
        let payload: Vec<u8> = (0_u8..=255).rev().cycle().take(length).collect();
        socket.send(head::PING, &payload).await;
        let pong = socket.next().await.expect("a pong");
        assert_eq!((pong.head, pong.payload), (head::PONG, payload));
    }
    socket.send(head::PONG, b"unsolicited").await;
    socket.send(head::TEXT, question("still here").as_bytes()).await;
    socket.expect_pong("still here").await;
}

#[tokio::test]
async fn frames_are_found_whatever_the_packets_are() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let mut socket = RawSocket::open(&owner).await;
    let long = padded_question("byte by byte", 300);
    let bytes =
        [frame(head::PING, b"p"), frame(head::TEXT, long.as_bytes()), frame(head::PING, b"q")].concat();
    for byte in bytes {
        socket.write(&[byte]).await;
    }
    assert_eq!(socket.next().await.expect("a pong").payload, b"p");
    socket.expect_pong("byte by byte").await;
    assert_eq!(socket.next().await.expect("a pong").payload, b"q");

    let many: Vec<u8> =
        (0..1_000).flat_map(|number| frame(head::TEXT, question(&number.to_string()).as_bytes())).collect();
    socket.write(&many).await;
    for number in 0..1_000 {
        socket.expect_pong(&number.to_string()).await;
    }

    // The first frames may even be in the packet of the handshake.
    let mut eager = RawSocket::connect(server.address(), None).await;
    let authorization = format!("Bearer {}", owner.key());
    let headers: Vec<_> = UPGRADE.into_iter().chain([("authorization", authorization.as_str())]).collect();
    let request = eager.request("GET", "/api/v1/ws", &headers);
    eager.write(&[request, frame(head::TEXT, question("eager").as_bytes())].concat()).await;
    assert_eq!(eager.handshake_answer().await.status, 101);
    assert_eq!(eager.text().await["type"], "welcome");
    eager.expect_pong("eager").await;
}

#[tokio::test]
async fn text_that_is_not_utf8_is_closed_with_1007() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let not_utf8: [(&str, Vec<u8>); 8] = [
        ("a byte that never occurs", frame(head::TEXT, b"{\"type\":\"\xFF\"}")),
        ("an overlong slash", frame(head::TEXT, b"\xC0\xAF")),
        ("a surrogate", frame(head::TEXT, b"\xED\xA0\x80")),
        ("beyond the last character", frame(head::TEXT, b"\xF4\x90\x80\x80")),
        ("a character without its end", frame(head::TEXT, b"\xE2\x98")),
        (
            "a character whose end is wrong in the next fragment",
            [frame(head::TEXT_BEGINS, b"\xF0\x9F"), frame(head::ENDS, b"\xFFa")].concat(),
        ),
        (
            "a character whose end never comes",
            [frame(head::TEXT_BEGINS, b"\xF0\x9F"), frame(head::ENDS, b"\x90")].concat(),
        ),
        ("a reason for closing", frame(head::CLOSE, b"\x03\xE8\xFF\xFE")),
    ];
    for (what, bytes) in not_utf8 {
        assert_eq!(after(&owner, &bytes).await, ("not_utf8".to_owned(), 1007), "{what}");
    }
    // It is told as soon as it is known, before the message is whole.
    let early = frame(head::TEXT_BEGINS, b"\xED\xA0\x80 and then");
    assert_eq!(after(&owner, &early).await, ("not_utf8".to_owned(), 1007));
}

#[tokio::test]
async fn a_message_beyond_the_limit_is_closed_with_1009_before_it_is_sent() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let too_big = ("frame_too_big".to_owned(), 1009);
    for length in [LIMIT as u64 + 1, 0x8000_0000, u64::from(u32::MAX) + 7, u64::MAX >> 1] {
        let with_mask = [header(head::TEXT, length), vec![1, 2, 3, 4]].concat();
        assert_eq!(after(&owner, &with_mask).await, too_big, "{length}");
        let continued =
            [frame(head::TEXT_BEGINS, b"a"), header(head::ENDS, length), vec![1, 2, 3, 4]].concat();
        assert_eq!(after(&owner, &continued).await, too_big, "{length} in a continuation");
    }
    let first_bit = [header(head::TEXT, u64::MAX), vec![1, 2, 3, 4]].concat();
    let (_, code) = after(&owner, &first_bit).await;
    assert!(code == 1009 || code == 1002, "a length beyond 2^63 is either: {code}");

    let half = vec![b'a'; LIMIT / 2 + 1];
    let assembled = [frame(head::TEXT_BEGINS, &half), frame(head::CONTINUES, &half)].concat();
    assert_eq!(after(&owner, &assembled).await, too_big, "fragments that are too much together");

    let mut socket = RawSocket::open(&owner).await;
    socket.send(head::TEXT, padded_question("just right", LIMIT).as_bytes()).await;
    socket.expect_pong("just right").await;
    let whole = padded_question("in two", LIMIT);
    let (first, second) = whole.split_at(LIMIT / 2);
    socket.send(head::TEXT_BEGINS, first.as_bytes()).await;
    socket.send(head::ENDS, second.as_bytes()).await;
    socket.expect_pong("in two").await;
}

#[tokio::test]
async fn headers_that_declare_2_gib_cost_no_memory() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let before = server.resident_bytes();
    for _ in 0..50 {
        let mut socket = RawSocket::open(&owner).await;
        let mut bytes = [header(head::TEXT, 0x8000_0000), vec![1, 2, 3, 4]].concat();
        bytes.resize(32 * 1024, b'a');
        socket.write(&bytes).await;
        assert_eq!(socket.closed().await.1, 1009);
    }
    let grown = server.resident_bytes().saturating_sub(before);
    assert!(grown < 64 * 1024 * 1024, "the server grew by {grown} bytes");
}

#[tokio::test]
async fn a_good_bye_is_answered_with_its_code_and_the_connection_ends() {
    let server = Server::start().await;
    let owner = server.owner().await;
    for code in [1000_u16, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999] {
        let payload = [&code.to_be_bytes()[..], b"bye"].concat();
        assert_eq!(after(&owner, &frame(head::CLOSE, &payload)).await.1, code);
    }
    let mut socket = RawSocket::open(&owner).await;
    socket.send(head::CLOSE, b"").await;
    let (error, close) = socket.farewell().await;
    assert!(error.is_null() && (close.is_empty() || close == [0x03, 0xE8]), "{error} {close:?}");

    // What comes behind a good-bye is not read.
    let behind = [frame(head::CLOSE, &[3, 232]), frame(head::TEXT, question("late").as_bytes())].concat();
    assert_eq!(after(&owner, &behind).await, (String::new(), 1000));
}

#[tokio::test]
async fn a_good_bye_with_a_code_that_nobody_may_send_is_closed_with_1002() {
    let server = Server::start().await;
    let owner = server.owner().await;
    for code in [0_u16, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65_535] {
        assert_eq!(after(&owner, &frame(head::CLOSE, &code.to_be_bytes())).await.1, 1002, "{code}");
    }
}

#[tokio::test]
async fn a_binary_message_is_refused_as_no_frame_of_this_protocol() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let bytes = frame(head::BINARY, question("binary").as_bytes());
    assert_eq!(after(&owner, &bytes).await, ("binary_frame".to_owned(), 4400));
}

#[tokio::test]
async fn a_client_that_is_gone_in_any_way_leaves_nothing_behind() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let before = server.open_files();
    for bytes in [
        Vec::new(),
        vec![head::TEXT],
        header(head::TEXT, 1_000),
        frame(head::TEXT_BEGINS, b"{\"type\":"),
        frame(head::TEXT, question("x").as_bytes()),
    ] {
        let mut socket = RawSocket::open(&owner).await;
        socket.write(&bytes).await;
        drop(socket);

        let mut half_closed = RawSocket::open(&owner).await;
        half_closed.write(&bytes).await;
        half_closed.shut_down_writing().await;
        while half_closed.next().await.is_some() {}
    }
    eventually("the end of every connection", || {
        std::future::ready((server.open_files() <= before).then_some(()))
    })
    .await;
    assert_eq!(server.anonymous().get("/health/ready").await.status, 200);
}

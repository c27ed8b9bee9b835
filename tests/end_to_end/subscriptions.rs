//! Subscriptions that give way to one another.

use std::collections::BTreeMap;

use serde_json::json;

use crate::harness::raw::{frame, head};
use crate::harness::{RawSocket, Server};

#[tokio::test]
async fn every_frame_with_an_id_is_answered_even_where_the_next_one_takes_its_place() {
    let server = Server::start().await;
    let owner = server.owner().await;
    let conversation = owner.conversation().await;
    let mut socket = RawSocket::open(&owner).await;
    for channel in ["user:me".to_owned(), format!("conversation:{conversation}")] {
        let say = |kind: &str, id: &str| {
            let body = json!({ "type": kind, "id": id, "channel": channel }).to_string();
            frame(head::TEXT, body.as_bytes())
        };
        let expect = async |socket: &mut RawSocket, ids: &[&str]| {
            let mut answers = BTreeMap::new();
            while answers.len() < ids.len() {
                let frame = socket.text().await;
                if let Some(id) = frame["reply_to"].as_str() {
                    let said = frame["problem"]["type"]
                        .as_str()
                        .unwrap_or_else(|| frame["type"].as_str().expect("a type"))
                        .to_owned();
                    assert_eq!(answers.insert(id.to_owned(), said), None, "one answer to each");
                }
            }
            ids.iter().map(|id| answers.remove(*id).expect("an answer")).collect::<Vec<_>>()
        };
        socket.write(&[say("subscribe", "a"), say("subscribe", "b")].concat()).await;
        assert_eq!(expect(&mut socket, &["a", "b"]).await, ["/problems/superseded", "subscribed"]);
        socket.write(&[say("subscribe", "c"), say("unsubscribe", "d")].concat()).await;
        assert_eq!(expect(&mut socket, &["c", "d"]).await, ["/problems/superseded", "unsubscribed"]);
    }
}

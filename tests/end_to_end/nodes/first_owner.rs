//! Two nodes start on an empty database, and many people want to be the owner.

use futures_util::future::join_all;
use serde_json::json;

use crate::harness::{Cluster, OWNER_EMAIL, OWNER_PASSWORD, Server};

fn token(server: &Server) -> Option<String> {
    let printed = server.printed();
    printed.split("/setup#token=").nth(1).and_then(|rest| rest.split_whitespace().next()).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_set_ups_at_once_on_two_nodes_make_exactly_one_owner() {
    let server = Server::builder().without_owner().env("COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE", "1000");
    let cluster = Cluster::of(server).start().await;
    let tokens: Vec<String> = (0..2).filter_map(|node| token(cluster.node(node))).collect();
    assert!(!tokens.is_empty(), "a link is printed");
    let mut attempts = Vec::new();
    for number in 0..24 {
        let anonymous = cluster.node(number % 2).anonymous();
        let account = json!({
            "token": tokens[number / 2 % tokens.len()], "email": format!("person{number}@example.org"),
            "password": OWNER_PASSWORD, "display_name": "Somebody",
        });
        attempts.push(async move { anonymous.post("/api/v1/setup", &account).await });
    }
    let (made, refused): (Vec<_>, Vec<_>) =
        join_all(attempts).await.into_iter().partition(|answer| answer.status == 201);
    assert_eq!(made.len(), 1, "{made:?}");
    for answer in refused {
        assert!(matches!(answer.status, 403 | 409), "{answer:?}");
    }
    for node in 0..2 {
        let owner = cluster.node(node).anonymous().with_session(&made[0]);
        let people = owner.get("/api/v1/users").await.expect(200);
        assert_eq!(people["items"].as_array().map(Vec::len), Some(1), "{people}");
        assert_eq!(people["items"][0]["role"], "owner");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nodes_that_start_at_once_with_the_same_owner_make_them_once() {
    let mut cluster = Cluster::of(Server::builder()).nodes(3).prepare().await;
    let starting = (0..3).map(|node| cluster.builder(node).start_alone());
    for (node, server) in join_all(starting).await.into_iter().enumerate() {
        cluster.adopt(node, server);
    }
    for node in 0..3 {
        let owner = cluster.node(node).anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
        let people = owner.get("/api/v1/users").await.expect(200);
        assert_eq!(people["items"].as_array().map(Vec::len), Some(1), "{people}");
    }
}

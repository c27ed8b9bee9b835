//! What ends on one node has ended on all of them within five seconds, also while Redis is away.

use std::time::Duration;

use serde_json::json;
use tokio::time::Instant;

use super::SLACK;
use crate::harness::{Client, Cluster, OWNER_EMAIL, OWNER_PASSWORD, Server, Socket, eventually};

/// The contract.
const FELT_IN: Duration = Duration::from_secs(5);

/// What there is of Redis.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Redis {
    Running,
    Stopped,
    Frozen,
    Unknown,
}

async fn cluster(redis: Redis) -> Cluster {
    let server = Server::builder().env("COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE", "1000");
    let builder = Cluster::of(server);
    if redis == Redis::Unknown { builder.without_redis() } else { builder }.start().await
}

/// Ends what both nodes know well, on the first node; and waits for the other to know it.
async fn is_felt(redis: Redis) {
    let mut cluster = cluster(redis).await;
    let owner = cluster.owner().await;
    let owner = owner.in_browser();
    let doomed = owner.post("/api/v1/api-keys", &json!({ "name": "doomed" })).await.expect(201);
    let key = Client::new(cluster.node(1).address(), doomed["key"].as_str().map(str::to_owned));
    let session = cluster.node(1).anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await;
    let (mut by_key, mut by_session) = (key.socket().await, session.socket().await);
    for client in [&key, &session] {
        for node in [1, 0, 1] {
            cluster.at(node, client).get("/api/v1/me").await.expect(200);
        }
    }
    match redis {
        Redis::Running | Redis::Unknown => {}
        Redis::Stopped => cluster.redis().stop().await.expect("an end"),
        Redis::Frozen => cluster.redis().freeze().expect("a signal"),
    }
    for client in [&key, &session] {
        client.get("/api/v1/me").await.expect(200);
    }
    let ended = Instant::now();
    let path = format!("/api/v1/api-keys/{}", super::id(&doomed));
    owner.delete(&path).await.expect(204);
    cluster.at(0, &session).post("/api/v1/auth/logout", &json!({})).await.expect(204);
    for (client, socket) in [(&key, &mut by_key), (&session, &mut by_session)] {
        eventually("the end of a credential", || async {
            match client.get("/api/v1/me").await.status {
                401 => Some(()),
                200 => None,
                other => panic!("{other}"),
            }
        })
        .await;
        assert_eq!(closed(socket).await, 4401);
        assert!(ended.elapsed() < FELT_IN + SLACK, "{:?}", ended.elapsed());
    }
    owner.get("/api/v1/me").await.expect(200);
}

async fn closed(socket: &mut Socket) -> u16 {
    socket.closed().await
}

#[tokio::test]
async fn a_revoked_key_and_a_sign_out_are_felt_on_the_other_node() {
    is_felt(Redis::Running).await;
}

#[tokio::test]
async fn they_are_felt_while_redis_is_stopped() {
    is_felt(Redis::Stopped).await;
}

#[tokio::test]
async fn they_are_felt_while_redis_is_frozen() {
    is_felt(Redis::Frozen).await;
}

#[tokio::test]
async fn they_are_felt_without_any_redis() {
    is_felt(Redis::Unknown).await;
}

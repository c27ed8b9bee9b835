//! Limits hold across nodes; while Redis is away each node counts for itself, and never not at all.

use serde_json::json;

use crate::harness::{Cluster, Server};

const LIMIT: usize = 6;

/// Wrong passwords for an account, at one node after the other; how many were tried at each before somebody said no.
async fn attempts(cluster: &Cluster, email: &str, count: usize) -> [usize; 2] {
    let mut tried = [0, 0];
    for number in 0..count {
        let node = number % 2;
        let attempt = json!({ "email": email, "password": "wrong password" });
        let answer = cluster.node(node).anonymous().post("/api/v1/auth/login", &attempt).await;
        match answer.status {
            401 => tried[node] += 1,
            429 => assert!(!answer.header("retry-after").is_empty(), "{answer:?}"),
            _ => panic!("{answer:?}"),
        }
    }
    tried
}

#[tokio::test]
async fn a_limit_is_shared_by_the_nodes_and_kept_by_each_while_redis_is_away() {
    let server = Server::builder().env("COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE", &LIMIT.to_string());
    let mut cluster = Cluster::of(server).start().await;
    // One more may pass: a place becomes free every ten seconds.
    let shared = attempts(&cluster, "shared@example.org", 4 * LIMIT).await;
    assert!((LIMIT..=LIMIT + 2).contains(&(shared[0] + shared[1])), "{shared:?}");

    cluster.redis().stop().await.expect("an end");
    let alone = attempts(&cluster, "alone@example.org", 4 * LIMIT).await;
    for tried in alone {
        assert!((1..=LIMIT + 2).contains(&tried), "{alone:?}");
    }
    cluster.redis().start_again().await.expect("a start");
    crate::harness::eventually("a shared limit again", || async {
        let email = format!("{}@example.org", crate::harness::new_id());
        let again = attempts(&cluster, &email, 3 * LIMIT).await;
        (again[0] + again[1] <= LIMIT + 2).then_some(())
    })
    .await;

    cluster.redis().freeze().expect("a signal");
    let frozen = attempts(&cluster, "frozen@example.org", 4 * LIMIT).await;
    for tried in frozen {
        assert!((1..=LIMIT + 2).contains(&tried), "{frozen:?}");
    }
}

//! What every answer carries, and where the server cannot listen.

use super::run;
use crate::harness::{Answer, Folder, Server};

#[tokio::test]
async fn every_answer_carries_the_headers_that_keep_browsers_safe() {
    let server = Server::start().await;
    let (owner, anonymous) = (server.owner().await, server.anonymous());
    let answers = [
        owner.get("/api/v1/conversations").await,
        owner.get("/api/v1/conversations/0192f000-0000-7000-8000-000000000000").await,
        owner.post("/api/v1/conversations", &serde_json::json!({ "title": 7 })).await,
        owner.delete("/api/v1/conversations").await,
        anonymous.get("/api/v1/conversations").await,
        anonymous.get("/nowhere").await,
        anonymous.get("/docs").await,
        anonymous.get("/api/openapi.json").await,
        anonymous.get("/health/live").await,
        anonymous.get("/v1/models").await,
    ];
    for answer in answers {
        assert_eq!(answer.header("x-content-type-options"), "nosniff", "{answer:?}");
        assert_eq!(answer.header("x-frame-options"), "DENY", "{answer:?}");
        assert_eq!(answer.header("referrer-policy"), "no-referrer", "{answer:?}");
        assert_eq!(answer.header("cross-origin-resource-policy"), "same-origin", "{answer:?}");
        assert_eq!(answer.header("cross-origin-opener-policy"), "same-origin", "{answer:?}");
        assert!(answer.header("content-security-policy").contains("default-src 'none'"), "{answer:?}");
        assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{answer:?}");
        assert!(!answer.header("x-request-id").is_empty(), "{answer:?}");
        assert!(answer.header("cache-control").contains("no-"), "{answer:?}");
        for absent in ["server", "x-powered-by", "access-control-allow-origin", "strict-transport-security"] {
            assert_eq!(answer.header(absent), "", "{absent}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn browsers_stay_with_https_where_the_public_address_has_it() {
    let server =
        Server::builder().env("COLLOQUY_SERVER__PUBLIC_URL", "https://chat.example.org").start().await;
    let request = server.anonymous().request(reqwest::Method::GET, "/health/live");
    let answer = Answer::of(request.header("host", "chat.example.org")).await;
    assert!(answer.header("strict-transport-security").contains("max-age="), "{answer:?}");
}

#[tokio::test]
async fn a_port_that_is_taken_is_named_with_the_setting_that_chooses_it() {
    let server = Server::start().await;
    let folder = Folder::new().await;
    let address = server.address().to_string();
    let builder = Server::builder().env("COLLOQUY_SERVER__LISTEN", &address);
    let refused = run(&builder, &folder, &["serve"]).await;
    assert_eq!(refused.code, 75, "{refused:?}");
    let told = &refused.complained;
    assert!(told.contains(&address) && told.contains("COLLOQUY_SERVER__LISTEN"), "{told}");
    assert_eq!(server.anonymous().get("/health/ready").await.status, 200);
}

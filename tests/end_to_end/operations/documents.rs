//! What the interfaces say about themselves.

use serde_json::Value;

use super::run;
use crate::harness::{Folder, Server};

#[tokio::test]
async fn the_commands_print_the_documents_that_are_served() {
    let server = Server::start().await;
    let (anonymous, folder) = (server.anonymous(), Folder::without_database());
    for (command, path, version) in
        [("openapi", "/api/openapi.json", "3.1."), ("asyncapi", "/api/asyncapi.json", "3.")]
    {
        let printed = run(&Server::builder().without_owner(), &folder, &[command]).await;
        assert_eq!(printed.code, 0, "{printed:?}");
        let printed: Value = serde_json::from_str(&printed.printed).expect("JSON");
        let answer = anonymous.get(path).await;
        assert!(answer.header("content-type").starts_with("application/"), "{answer:?}");
        assert_eq!(answer.expect(200), printed, "{path}");
        assert!(printed[command].as_str().is_some_and(|text| text.starts_with(version)), "{command}");
    }
    assert!(!folder.path().join("data").exists(), "printing a document needs no database");
}

#[tokio::test]
async fn the_page_of_the_documentation_asks_no_other_host() {
    let server = Server::start().await;
    let page = server.anonymous().get("/docs").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-type").starts_with("text/html"), "{page:?}");
    let policy = page.header("content-security-policy").to_owned();
    assert!(
        policy.contains("default-src 'none'") && !policy.contains("unsafe-inline' 'unsafe-eval"),
        "{policy}"
    );
    assert!(!policy.contains("http:") && !policy.contains("https:") && !policy.contains('*'), "{policy}");
    let text = String::from_utf8(page.bytes).expect("UTF-8");
    for loading in
        ["src=\"http", "src=\"//", "src='http", "<link rel=\"stylesheet\" href=\"http", "@import", "url(http"]
    {
        assert!(!text.contains(loading), "the page loads something: {loading}");
    }
    assert!(
        text.contains("/api/v1/conversations") && text.contains("message.send"),
        "it documents the routes"
    );
}

#[tokio::test]
async fn what_is_not_there_is_not_found() {
    let server = Server::start().await;
    let owner = server.owner().await;
    for path in
        ["/metrics", "/api/v1/metrics", "/api/v1/", "/api/v2/conversations", "/graphql", "/.env", "/%00"]
    {
        for client in [&owner, &server.anonymous()] {
            let answer = client.get(path).await;
            assert_eq!(answer.status, 404, "{path}: {answer:?}");
            assert_eq!(answer.header("content-type"), "application/problem+json", "{path}");
        }
    }
}

//! Logs: one JSON object a line whatever anybody says, request ids to find things by, and never a secret.

use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};

use super::run_with_input;
use crate::harness::{Answer, Client, Folder, OWNER_PASSWORD, RawSocket, Server, eventually};

/// The lines of a log, each of which must be a JSON object without anything that acts on a terminal or a line reader.
fn lines(log: &str) -> Vec<Value> {
    let check = |line: &str| {
        assert!(
            !line.chars().any(|letter| letter.is_control() || "\u{2028}\u{2029}".contains(letter)),
            "{line:?}"
        );
        let line: Value = serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
        for field in ["timestamp", "level", "target", "message"] {
            assert!(line[field].is_string(), "{field}: {line}");
        }
        line
    };
    log.split_terminator('\n').map(check).collect()
}

async fn with_request_id(client: &Client, path: &str, id: &str) -> Answer {
    Answer::of(client.request(reqwest::Method::GET, path).header("x-request-id", id)).await
}

#[tokio::test]
async fn a_request_is_found_in_the_log_by_the_id_in_its_answer() {
    let server = Server::builder().env("COLLOQUY_SERVER__ACCESS_LOG", "true").start().await;
    let owner = server.owner().await;
    let given = with_request_id(&owner, "/api/v1/conversations?limit=7", "my-request-17").await;
    assert_eq!(given.header("x-request-id"), "my-request-17");
    let (one, other) = (owner.get("/api/v1/me").await, owner.get("/api/v1/me").await);
    let made = one.header("x-request-id").to_owned();
    assert!(made.len() >= 8 && made != other.header("x-request-id"), "{made}");
    let refused = with_request_id(&owner, "/api/v1/me", &"x".repeat(500)).await;
    assert!(refused.status == 200 && refused.header("x-request-id").len() <= 128, "{refused:?}");

    let traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
    let request = owner.request(reqwest::Method::GET, "/api/v1/runs/none").header("traceparent", traceparent);
    let problem = Answer::of(request).await.expect_problem(404, "not_found");
    assert_eq!(problem["trace_id"], "4bf92f3577b34da6a3ce929d0e0e4736");

    let log = eventually("both requests in the log", || {
        let log = server.log();
        let is_there =
            log.contains("my-request-17") && log.contains(&made) && log.contains("4bf92f3577b34da6");
        std::future::ready(is_there.then_some(log))
    })
    .await;
    let line = lines(&log).into_iter().find(|line| line["request_id"] == "my-request-17").expect("a line");
    assert_eq!(
        (&line["method"], &line["path"], &line["status"]),
        (&json!("GET"), &json!("/api/v1/conversations"), &json!(200))
    );
}

#[tokio::test]
async fn whatever_anybody_says_a_line_stays_one_json_object() {
    let upstream = Upstream::start().await;
    upstream.script("evil", Script::status(500, "broken\r\n{\"level\":\"ERROR\"}\u{1b}[2J\u{9b}31m\u{2028}"));
    let server = Server::builder()
        .provider("mock", &upstream, "evil")
        .env("COLLOQUY_TELEMETRY__FILTER", "trace")
        .env("COLLOQUY_SERVER__ACCESS_LOG", "true")
        .env("COLLOQUY_MODELS__RETRY__ATTEMPTS", "0")
        .start()
        .await;
    let owner = server.owner().await;
    let evil = "Ada\r\n{\"level\":\"ERROR\",\"message\":\"forged\"}\u{1b}[31m\u{7}\u{9b}2J\u{2028}";
    let account = json!({ "email": "ada@example.org", "display_name": evil, "role": "member",
        "password": OWNER_PASSWORD });
    assert_eq!(owner.in_browser().post("/api/v1/users", &account).await.status, 422);
    owner.post("/api/v1/auth/login", &json!({ "email": evil, "password": evil })).await;
    owner.post("/api/v1/conversations", &json!({ "title": evil })).await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/evil" })).await;
    let exchange = owner.send(&conversation, evil).await;
    let answer = owner.finished(exchange["reply"]["id"].as_str().expect("an id")).await;
    assert_eq!(answer["status"], "failed");
    owner.get("/api/v1/%0d%0a%1b%5b31m%e2%80%a8").await;
    let mut raw = RawSocket::connect(server.address(), None).await;
    let forged = ("x-request-id", "a\u{1b}[31m\u{9b}b");
    raw.handshake("GET", "/api/v1/me\u{9b}", &[forged, ("user-agent", "\u{1b}]0;title\u{7}")]).await;
    let mut socket = owner.socket().await;
    socket.command(evil, json!({})).await;

    let stopped = server.terminate().await;
    let log = std::fs::read_to_string(stopped.folder().join("stderr")).expect("a log");
    let lines = lines(&log);
    assert!(lines.len() > 20, "{log}");
    assert!(lines.iter().all(|line| line["message"] != "forged"), "{log}");
}

#[tokio::test]
async fn no_secret_reaches_the_log_or_the_database_even_where_everything_is_logged() {
    let upstream = Upstream::start().await;
    upstream.script("model", Script::answer("Fine."));
    let server = Server::builder()
        .provider("mock", &upstream, "model")
        .env("COLLOQUY_TELEMETRY__FILTER", "trace")
        .env("COLLOQUY_SERVER__ACCESS_LOG", "true")
        .without_owner()
        .start()
        .await;
    let printed = server.printed();
    let token =
        printed.split("#token=").nth(1).and_then(|rest| rest.split_whitespace().next()).expect("a link");
    let (email, password) = ("ada@example.org", "a password that nobody guesses 4711");
    let account = json!({ "token": token, "email": email, "password": password, "display_name": "Ada" });
    let made = server.anonymous().post("/api/v1/setup", &account).await;
    assert_eq!(made.status, 201, "{made:?}");
    let csrf_token = made.json()["csrf_token"].as_str().expect("a token").to_owned();
    let cookie = made.header("set-cookie").split(['=', ';']).nth(1).expect("a cookie").to_owned();
    let session = server.anonymous().with_session(&made);
    let owner = session.with_new_api_key().await;
    let conversation = owner.conversation_with(&json!({ "model": "mock/model" })).await;
    owner.ask(&conversation, "How are you?").await;
    let mut socket = session.socket().await;
    socket.send(&json!({ "type": "authenticate", "id": "a", "token": owner.key() })).await;
    socket.reply_to("a").await;
    server.anonymous().sign_in(email, password).await;
    let wrong = json!({ "email": email, "password": "a wrong password that may be right elsewhere" });
    server.anonymous().post("/api/v1/auth/login", &wrong).await;
    let key = owner.key().to_owned();
    let request = server.anonymous().request(reqwest::Method::GET, "/api/v1/me").header("x-api-key", &key);
    assert_eq!(Answer::of(request).await.status, 200);

    let token = token.to_owned();
    let stopped = server.terminate().await;
    let log = std::fs::read_to_string(stopped.folder().join("stderr")).expect("a log");
    assert!(lines(&log).len() > 50, "everything is logged");
    let stored = stopped.folder().stored();
    for (what, secret) in [
        ("the password", password),
        ("a wrong password", "a wrong password that may be right elsewhere"),
        ("the API key", &key),
        ("the session's cookie", &cookie),
        ("the CSRF token", &csrf_token),
        ("the set-up token", &token),
        ("the provider's key", "sk-test-upstream"),
        ("the password of the database", "tests-only"),
    ] {
        if let Some(at) = log.find(secret) {
            let line = log[..at].rsplit('\n').next().unwrap_or_default();
            panic!("{what} is in the log: {line}…");
        }
        let is_stored = stored.windows(secret.len()).any(|bytes| bytes == secret.as_bytes());
        assert!(!is_stored, "{what} is in the database");
    }
}

#[tokio::test]
async fn a_command_does_not_repeat_the_password_that_it_was_given() {
    let folder = Folder::new().await;
    let password = "a password that nobody guesses 4711";
    let builder = Server::builder().without_owner().env("COLLOQUY_TELEMETRY__FILTER", "trace");
    let create = ["user", "create", "--email", "ada@example.org"];
    let made = run_with_input(&builder, &folder, &create, &format!("{password}\n")).await;
    assert_eq!(made.code, 0, "{made:?}");
    assert!(!format!("{made:?}").contains(password));
}

//! The audit log, end to end: what it tells, how it is narrowed down, and how it is taken along.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};

use super::world::{account, hospitable};
use crate::harness::{Answer, Client, DEADLINE, OWNER_EMAIL, OWNER_PASSWORD, Server};

const AUDIT: &str = "/api/v1/audit";

async fn signed_in(server: &Server) -> Client {
    server.anonymous().sign_in(OWNER_EMAIL, OWNER_PASSWORD).await
}

/// The entries that fit, newest first, of all pages.
async fn entries(client: &Client, query: &str) -> Vec<Value> {
    let mut found = Vec::new();
    let mut path = format!("{AUDIT}?{query}");
    loop {
        let page = client.get(&path).await.expect(200);
        found.extend(page["items"].as_array().expect("items").iter().cloned());
        let Some(next) = page["next"].as_str() else { return found };
        path = format!("{AUDIT}?{query}&after={next}");
    }
}

/// The same as lines.
async fn lines(client: &Client, query: &str) -> Vec<Value> {
    let request = client.request(Method::GET, &format!("{AUDIT}?{query}"));
    let answer = Answer::of(request.header("accept", "application/jsonl")).await;
    assert_eq!((answer.status, answer.header("content-type")), (200, "application/jsonl"), "{answer:?}");
    let text = String::from_utf8(answer.bytes).expect("UTF-8");
    assert!(text.is_empty() || text.ends_with('\n'));
    text.lines().map(|line| serde_json::from_str(line).expect("JSON in a line")).collect()
}

fn names(entries: &[Value]) -> Vec<&str> {
    entries.iter().filter_map(|entry| entry["name"].as_str()).collect()
}

fn text(value: &Value) -> &str {
    value.as_str().expect("a text")
}

#[tokio::test]
async fn the_log_is_paged_narrowed_down_and_taken_along() {
    let server = hospitable().start().await;
    let owner = signed_in(&server).await;
    let member = account(&server, "ada", "member").await;
    let ada = member.get("/api/v1/me").await.expect(200);
    for name in ["One", "Two", "Three"] {
        owner.post("/api/v1/projects", &json!({ "name": name })).await.expect(201);
    }
    let paged = entries(&owner, "limit=2").await;
    let sequences: Vec<u64> = paged.iter().filter_map(|entry| entry["sequence"].as_u64()).collect();
    let whole: Vec<u64> = (1..=sequences.len() as u64).rev().collect();
    assert_eq!(sequences, whole, "every entry once, the newest first");
    assert!(names(&paged).ends_with(&["workspace.created"]), "{paged:?}");

    // As lines it is the same, and that it was taken along is the newest entry by then.
    let exported = lines(&owner, "limit=2").await;
    assert_eq!(exported[0]["name"], "audit.exported");
    assert_eq!(&exported[1..], &paged[..]);
    owner.get("/api/v1/me/export").await.expect(200);
    assert_eq!(names(&entries(&owner, "name=data.*").await), ["data.exported"]);
    assert_eq!(names(&entries(&owner, "name=audit.exported").await), ["audit.exported"]);

    let projects = entries(&owner, "name=project.created&limit=1").await;
    assert_eq!(projects.len(), 3);
    assert_eq!(lines(&owner, "name=project.*").await, projects);
    let about = entries(&owner, &format!("user={}", text(&ada["id"]))).await;
    assert!(about.len() >= 2 && names(&about).contains(&"user.created"), "{about:?}");
    let concerns = |entry: &Value| entry["user_id"] == ada["id"] || entry["actor_id"] == ada["id"];
    assert!(about.iter().all(concerns), "{about:?}");
    let (newest, oldest) = (text(&projects[0]["at"]), text(&projects[2]["at"]));
    let between = entries(&owner, &format!("name=project.created&since={oldest}&until={newest}")).await;
    assert_eq!(between, projects[1..], "from this moment on, and before that one");
    assert_eq!(entries(&owner, "name=nothing").await.len(), 0);
    assert_eq!(lines(&owner, "name=nothing").await.len(), 0);

    for (query, pointer) in [("since=yesterday", "/since"), ("until=1", "/until"), ("user=ada", "/user")] {
        let problem = owner.get(&format!("{AUDIT}?{query}")).await.expect(422);
        assert_eq!(problem["errors"][0]["pointer"], pointer, "{problem}");
    }
    for accept in ["application/json", "application/jsonl"] {
        let request = member.request(Method::GET, AUDIT).header("accept", accept);
        Answer::of(request).await.expect_problem(403, "forbidden");
    }
    assert_eq!(names(&entries(&owner, "name=audit.exported").await).len(), 3, "a refusal exports nothing");
}

#[tokio::test]
async fn what_shows_or_narrows_something_is_told() {
    let server = hospitable().start().await;
    let owner = signed_in(&server).await;
    let project = owner.post("/api/v1/projects", &json!({ "name": "Plans" })).await.expect(201);
    let conversation = owner.conversation().await;
    let path = format!("/api/v1/conversations/{conversation}");
    owner.patch(&path, &json!({ "project_id": project["id"] })).await.expect(200);
    owner.patch(&path, &json!({ "title": "Still there", "project_id": project["id"] })).await.expect(200);
    owner.patch(&path, &json!({ "project_id": null })).await.expect(200);
    let inside = owner.conversation_with(&json!({ "project_id": project["id"] })).await;
    let moved = entries(&owner, "name=conversation.moved").await;
    let told: Vec<(&str, &Value, &Value)> = moved
        .iter()
        .map(|entry| {
            let detail = &entry["detail"];
            (text(&entry["subject_id"]), &detail["project_id"], &detail["previous_project_id"])
        })
        .collect();
    let id = &project["id"];
    let expected = [
        (inside.as_str(), id, &Value::Null),
        (conversation.as_str(), &Value::Null, id),
        (conversation.as_str(), id, &Value::Null),
    ];
    assert_eq!(told, expected);

    let body = json!({
        "name": "narrow", "scopes": ["read"], "expires_at": "2099-01-01T00:00:00Z",
        "requests_per_minute": 7, "monthly_budget_microusd": 9,
    });
    owner.post("/api/v1/api-keys", &body).await.expect(201);
    let made = entries(&owner, "name=api_key.created").await;
    let detail = &made[0]["detail"];
    assert_eq!((&detail["requests_per_minute"], &detail["monthly_budget_microusd"]), (&json!(7), &json!(9)));
    assert!(text(&detail["expires_at"]).starts_with("2099-01-01T00:00:00"), "{detail}");
}

#[tokio::test]
async fn too_many_attempts_are_told_once() {
    let server = hospitable().env("COLLOQUY_APPLICATION__SIGN_INS_PER_MINUTE", "2").start().await;
    let attempt = json!({ "email": "nobody@example.org", "password": "wrong" });
    let mut statuses = Vec::new();
    for _ in 0..6 {
        statuses.push(server.anonymous().post("/api/v1/auth/login", &attempt).await.status);
    }
    assert_eq!(statuses, [401, 401, 429, 429, 429, 429]);
    let refused = entries(&signed_in(&server).await, "name=session.refused").await;
    let reasons: Vec<&str> = refused.iter().map(|entry| text(&entry["detail"]["reason"])).collect();
    assert_eq!(reasons, ["too_many_attempts", "unknown_account", "unknown_account"]);
}

/// A request whose answer is taken slowly: of what the server sends, little fits on the way.
async fn begin_slowly(client: &Client, path: &str, accept: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().expect("a socket");
    socket.set_recv_buffer_size(8 * 1024).expect("a small buffer");
    let mut stream = socket.connect(client.address()).await.expect("a connection");
    let head = format!("GET {path} HTTP/1.1\r\nhost: {}\r\naccept: {accept}\r\n", client.address());
    let proof = client
        .header_pairs()
        .into_iter()
        .map(|(name, value)| [name.as_str(), ": ", value.as_str(), "\r\n"].concat());
    let head = format!("{head}{}\r\n", proof.collect::<String>());
    stream.write_all(head.as_bytes()).await.expect("an open connection");
    let mut first = [0; 15];
    stream.read_exact(&mut first).await.expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200 OK");
    stream
}

/// Whether the rest of an answer in pieces comes to its end.
async fn is_whole(mut stream: TcpStream) -> bool {
    let mut rest = Vec::new();
    let mut buffer = vec![0; 64 * 1024];
    loop {
        let read = tokio::time::timeout(DEADLINE, stream.read(&mut buffer)).await.expect("bytes in time");
        match read {
            Ok(bytes @ 1..) => rest.extend_from_slice(&buffer[..bytes]),
            Ok(0) | Err(_) => return false,
        }
        if rest.ends_with(b"\r\n0\r\n\r\n") {
            return true;
        }
    }
}

#[tokio::test]
async fn exports_end_with_the_credential_that_began_them() {
    let server = hospitable().env("COLLOQUY_SERVER__WEBSOCKET__SEND_BUFFER_BYTES", "16384").start().await;
    let owner = signed_in(&server).await;
    let admin = account(&server, "ada", "admin").await;
    let me = admin.get("/api/v1/me").await.expect(200);
    // A log, and data, that do not fit on the way.
    let command = |number: usize| json!({ "id": number.to_string(), "name": "project.create", "params": { "name": "P".repeat(60) } });
    let batch = json!({ "commands": (0..100).map(command).collect::<Vec<_>>() });
    for _ in 0..20 {
        admin.post("/api/v1/batch", &batch).await.expect(200);
    }
    let messages = format!("/api/v1/conversations/{}/messages", admin.conversation().await);
    for _ in 0..40 {
        let long = json!({ "text": "w".repeat(60_000), "reply": false });
        admin.post(&messages, &long).await.expect(201);
    }
    let exports = [(AUDIT, "application/jsonl"), ("/api/v1/me/export", "application/json")];
    for (path, accept) in exports {
        assert!(is_whole(begin_slowly(&admin, path, accept).await).await, "{path}");
    }
    let mut begun = Vec::new();
    for (path, accept) in exports {
        begun.push((path, begin_slowly(&admin, path, accept).await));
    }
    let suspended = json!({ "state": "suspended" });
    owner.patch(&format!("/api/v1/users/{}", text(&me["id"])), &suspended).await.expect(200);
    tokio::time::sleep(Duration::from_secs(5)).await;
    for (path, stream) in begun {
        assert!(!is_whole(stream).await, "{path} went on to its end");
    }
}

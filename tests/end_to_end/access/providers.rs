//! Model providers that administrators connect: who may, where they lead, and that nobody sees their keys.

use std::net::ToSocketAddrs as _;

use reqwest::Method;
use serde_json::{Value, json};
use testing::upstream::{Script, Upstream};

use super::{NOTHING, account, hospitable, id, key_with};
use crate::harness::{Answer, Client, Folder, Server, ServerBuilder, eventually};

const ALL: &str = "/api/v1/providers";
/// What no answer, log or stored byte may hold.
const KEY: &str = "sk-nobody-may-see-this-0123456789";

/// A server whose operator lets administrators connect this machine.
fn open() -> ServerBuilder {
    hospitable().env("COLLOQUY_OUTBOUND__ALLOWED_HOSTS", "127.0.0.1")
}

fn provider(name: &str, base_url: &str) -> Value {
    json!({ "name": name, "kind": "openai-compatible", "base_url": base_url, "api_key": KEY })
}

async fn connect(client: &Client, name: &str, upstream: &Upstream) -> Value {
    client.post(ALL, &provider(name, &upstream.base_url())).await.expect(201)
}

fn one(provider: &Value) -> String {
    format!("{ALL}/{}", id(provider))
}

/// Everything that can be done with a provider that exists, or with none.
fn operations(provider_id: &str) -> Vec<(Method, String, Value)> {
    let one = format!("{ALL}/{provider_id}");
    vec![
        (Method::GET, ALL.to_owned(), json!({})),
        (Method::POST, ALL.to_owned(), json!({ "name": "x", "kind": "openai" })),
        (Method::GET, one.clone(), json!({})),
        (Method::PATCH, one.clone(), json!({ "enabled": false })),
        (Method::POST, format!("{one}/test"), json!({})),
        (Method::DELETE, one, json!({})),
    ]
}

async fn attempt(client: &Client, method: Method, path: &str, body: &Value) -> Answer {
    let mut request = client.request(method.clone(), path);
    if method != Method::GET {
        request = request.json(body);
    }
    Answer::of(request).await
}

async fn is_refused(name: &str, client: &Client, provider_id: &str) {
    for (method, path, body) in operations(provider_id) {
        let answer = attempt(client, method.clone(), &path, &body).await;
        assert_eq!(answer.status, 403, "{name}: {method} {path}: {answer:?}");
    }
}

#[tokio::test]
async fn only_administrators_manage_providers() {
    let upstream = Upstream::start().await;
    let server = open().start().await;
    let owner = server.owner().await;
    let made = connect(&owner, "mine", &upstream).await;
    for role in ["viewer", "member"] {
        let person = account(&server, role).await;
        is_refused(role, &person, id(&made)).await;
        is_refused(role, &person, NOTHING).await;
    }
    for scopes in [&["read"][..], &["write", "generate"]] {
        let (key, _) = key_with(&owner, scopes).await;
        is_refused("a narrow key", &key, id(&made)).await;
    }
    for (method, path, body) in operations(id(&made)) {
        let answer = attempt(&server.anonymous(), method, &path, &body).await;
        assert_eq!(answer.status, 401, "{answer:?}");
    }
    let admin = account(&server, "admin").await;
    assert_eq!(admin.get(&one(&made)).await.expect(200)["name"], "mine");
    admin.patch(&one(&made), &json!({ "models": ["echo"] })).await.expect(200);
    let mut socket = admin.socket().await;
    let created = socket.command("provider.create", provider("by-socket", &upstream.base_url())).await;
    assert_eq!(created["type"], "result", "{created}");
    admin.delete(&one(&made)).await.expect(204);
    admin.get(&one(&made)).await.expect_problem(404, "not_found");
}

#[tokio::test]
async fn administrators_of_other_workspaces_manage_none() {
    let upstream = Upstream::start().await;
    let server = open().start().await;
    let owner = server.owner().await;
    let made = connect(&owner, "mine", &upstream).await;
    let admin = account(&server, "admin").await;
    let workspace = admin.post("/api/v1/workspaces", &json!({ "name": "Another" })).await.expect(201);
    let body = json!({ "workspace_id": workspace["id"] });
    let answer = admin.post("/api/v1/me/workspace", &body).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let elsewhere =
        if answer.headers.contains_key("set-cookie") { admin.with_session(&answer) } else { admin };
    // What they name looks like what does not exist.
    for provider_id in [id(&made), NOTHING] {
        for (method, path, body) in operations(provider_id) {
            let status = if path == ALL { 403 } else { 404 };
            let answer = attempt(&elsewhere, method.clone(), &path, &body).await;
            assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        }
    }
    let models = elsewhere.get("/api/v1/models").await.expect(200).to_string();
    assert!(models.contains("mine/") || models.contains("builtin"), "all workspaces use them: {models}");
    assert_eq!(owner.get(ALL).await.expect(200)["items"].as_array().map(Vec::len), Some(1));
}

#[tokio::test]
async fn a_provider_is_used_at_once_changed_and_gone_at_once() {
    let (one_upstream, other) = (Upstream::start().await, Upstream::start().await);
    one_upstream.script("echo", Script::answer("from the first"));
    other.script("echo", Script::answer("from the second"));
    let server = open().provider("fixed", &other, "m").start().await;
    let owner = server.owner().await;
    let made = connect(&owner, "mine", &one_upstream).await;
    assert_eq!((&made["source"], &made["has_api_key"]), (&json!("administrator"), &json!(true)));
    let ask = async || {
        let conversation = owner.conversation_with(&json!({ "model": "mine/echo" })).await;
        owner.ask(&conversation, "hello").await["parts"][0]["text"].clone()
    };
    assert_eq!(ask().await, "from the first");
    let sent = one_upstream.requests();
    assert!(!sent.is_empty());

    let moved = json!({ "base_url": other.base_url(), "api_key": "sk-of-the-second" });
    let changed = owner.patch(&one(&made), &moved).await.expect(200);
    assert_eq!(changed["version"], 2);
    assert_eq!(ask().await, "from the second");
    let stale = owner.request(Method::PATCH, &one(&made)).header("if-match", "\"1\"");
    let stale = Answer::of(stale.json(&json!({ "enabled": false }))).await;
    assert_eq!(stale.status, 412, "{stale:?}");

    let listed = owner.get(ALL).await.expect(200);
    let sources: Vec<_> = listed["items"].as_array().expect("items").iter().map(|it| &it["source"]).collect();
    assert_eq!(sources, ["settings", "administrator"]);
    assert_eq!(listed["items"][0]["id"], Value::Null);
    owner.delete(&one(&made)).await.expect(204);
    let gone = json!({ "model": "mine/echo" });
    let refused = owner.post("/api/v1/conversations", &gone).await.expect_problem(422, "invalid_input");
    assert_eq!(refused["errors"][0]["code"], "unknown_model", "{refused}");
}

#[tokio::test]
async fn no_spelling_of_an_address_inside_gets_past_the_guard() {
    let upstream = Upstream::start().await;
    let port = upstream.address().port();
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let mut hosts: Vec<String> = [
        "127.0.0.1",
        "localhost",
        "LOCALHOST.",
        "a.localhost",
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0",
        "0.0.0.0",
        "[::]",
        "[::1]",
        "[::ffff:127.0.0.1]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "0xa9fea9fe",
        "[fd00:ec2::254]",
        "[fe80::1]",
        "[fc00::1]",
        "224.0.0.1",
        "255.255.255.255",
        "１２７.0.0.1",
    ]
    .map(str::to_owned)
    .to_vec();
    hosts.push(server.address().ip().to_string());
    for host in hosts {
        for scheme in ["http", "https"] {
            let body = provider("inside", &format!("{scheme}://{host}:{port}/v1"));
            let refused = owner.post(ALL, &body).await.expect_problem(422, "invalid_input");
            assert_eq!(refused["errors"][0]["pointer"], "/base_url", "{host}: {refused}");
            assert!(!refused.to_string().contains(KEY), "{refused}");
        }
    }
    for text in [
        "file:///etc/passwd",
        "ftp://example.org/",
        "gopher://example.org/",
        "unix:/run/docker.sock",
        "//example.org/",
        "example.org",
        "https://user:secret@example.org/v1",
        "https://example.org/v1?x=1",
        "https://example.org/v1#x",
        "",
        " ",
        "https://exa\nmple.org/",
    ] {
        owner.post(ALL, &provider("odd", text)).await.expect_problem(422, "invalid_input");
    }
    let ollama = json!({ "name": "usual", "kind": "ollama" });
    owner.post(ALL, &ollama).await.expect_problem(422, "invalid_input");
    assert_eq!(owner.get(ALL).await.expect(200)["items"], json!([]));
    assert_eq!(upstream.counts().requests, 0);
}

#[tokio::test]
async fn a_name_that_leads_inside_is_refused_when_it_is_connected_to() {
    let upstream = Upstream::start().await;
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default().trim().to_owned();
    let leads_inside = (name.as_str(), 0)
        .to_socket_addrs()
        .is_ok_and(|mut found| found.all(|it: std::net::SocketAddr| it.ip().is_loopback()));
    // Where this machine's name is none that leads to it, a name that leads nowhere is refused in the same place.
    let name = if leads_inside { name } else { "colloquy.invalid".to_owned() };
    let server = hospitable().start().await;
    let owner = server.owner().await;
    let url = format!("http://{name}:{}/v1", upstream.address().port());
    let made = owner.post(ALL, &provider("named", &url)).await.expect(201);
    let test = owner.post(&format!("{}/test", one(&made)), &json!({})).await.expect(200);
    assert_eq!(
        (&test["ok"], &test["problem"]["code"]),
        (&json!(false), &json!("provider_unreachable")),
        "{test}"
    );
    let detail = test["problem"]["detail"].as_str().expect("words");
    let expected = if leads_inside { "outbound.allowed_hosts" } else { "cannot be found" };
    assert!(detail.contains(expected), "{detail}");
    let conversation = owner.conversation_with(&json!({ "model": "named/echo" })).await;
    let answer = owner.ask(&conversation, "hello").await;
    assert_eq!(answer["status"], "failed", "{answer}");
    assert_eq!(upstream.counts().requests, 0);
}

#[tokio::test]
async fn a_redirect_takes_neither_the_request_nor_the_key_elsewhere() {
    let hidden = Upstream::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("an address");
    let target = hidden.base_url();
    let redirecting = async {
        use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut head = [0; 4096];
            let _ = stream.read(&mut head).await;
            let answer = format!(
                "HTTP/1.1 307 Temporary Redirect\r\nlocation: {target}/models\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"
            );
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    };
    let trying = async {
        let server = open().start().await;
        let owner = server.owner().await;
        let made = owner.post(ALL, &provider("moved", &format!("http://{address}/v1"))).await.expect(201);
        let test = owner.post(&format!("{}/test", one(&made)), &json!({})).await.expect(200);
        assert_eq!(test["ok"], false, "{test}");
        let conversation = owner.conversation_with(&json!({ "model": "moved/echo" })).await;
        assert_eq!(owner.ask(&conversation, "hello").await["status"], "failed");
    };
    tokio::select! {
        () = redirecting => unreachable!("it goes on for ever"),
        () = trying => {}
    }
    assert_eq!(hidden.counts().requests, 0);
}

#[tokio::test]
async fn a_key_goes_to_no_address_that_was_not_chosen_together_with_it() {
    let (mine, elsewhere) = (Upstream::start().await, Upstream::start().await);
    let server = open().start().await;
    let owner = server.owner().await;
    let made = connect(&owner, "mine", &mine).await;
    for change in [
        json!({ "base_url": elsewhere.base_url() }),
        json!({ "kind": "openai" }),
        json!({ "base_url": null }),
    ] {
        let refused = owner.patch(&one(&made), &change).await.expect_problem(422, "invalid_input");
        assert_eq!(refused["errors"][0]["pointer"], "/api_key", "{refused}");
    }
    owner.post(&format!("{}/test", one(&made)), &json!({})).await.expect(200);
    assert_eq!(elsewhere.counts().requests, 0);
    let moved = json!({ "base_url": elsewhere.base_url(), "api_key": null });
    assert_eq!(owner.patch(&one(&made), &moved).await.expect(200)["has_api_key"], false);
    owner.post(&format!("{}/test", one(&made)), &json!({})).await.expect(200);
    let sent = elsewhere.last_request().expect("a request");
    assert!(!format!("{sent:?}").contains(KEY), "{sent:?}");
}

#[tokio::test]
async fn names_are_taken_once_and_settings_come_first() {
    let upstream = Upstream::start().await;
    let server = open().provider("fixed", &upstream, "m").start().await;
    let owner = server.owner().await;
    let made = connect(&owner, "mine", &upstream).await;
    owner.post(ALL, &provider("mine", &upstream.base_url())).await.expect_problem(409, "provider_name_taken");
    for name in ["fixed", "builtin"] {
        let refused = owner.post(ALL, &provider(name, &upstream.base_url())).await;
        assert_eq!(refused.expect_problem(422, "invalid_input")["errors"][0]["pointer"], "/name");
        let renamed = owner.patch(&one(&made), &json!({ "name": name })).await;
        assert_eq!(renamed.expect_problem(422, "invalid_input")["errors"][0]["pointer"], "/name");
    }
    for (field, wrong) in [
        ("name", json!("Mine")),
        ("name", json!("")),
        ("name", json!("a/b")),
        ("kind", json!("telepathy")),
        ("kind", json!("anthropic")),
        ("api_key", json!("two words")),
        ("api_key", json!("")),
        ("api_key", json!("line\nend")),
        ("models", json!(["a b"])),
        ("workspace_id", json!(NOTHING)),
        ("sealed_api_key", json!([1, 2])),
        ("version", json!(7)),
    ] {
        let mut body = provider("other", &upstream.base_url());
        body[field] = wrong;
        let refused = owner.post(ALL, &body).await.expect_problem(422, "invalid_input").to_string();
        assert!(refused.contains(&format!("\"/{field}")), "{field}: {refused}");
    }
}

/// Fails where the key is in anything that a person, an operator or a thief of the database sees.
async fn key_is_nowhere(server: &Server, owner: &Client, provider: &Value) {
    let mut seen = Vec::new();
    for path in
        [ALL, &one(provider), "/api/v1/models", "/api/v1/events?limit=200", "/api/v1/audit", "/api/v1/me"]
    {
        let answer = owner.get(path).await;
        seen.push((path.to_owned(), String::from_utf8_lossy(&answer.bytes).into_owned()));
    }
    let test = owner.post(&format!("{}/test", one(provider)), &json!({})).await.expect(200);
    seen.push(("the test".to_owned(), test.to_string()));
    seen.push(("the log".to_owned(), server.log()));
    seen.push(("what is printed".to_owned(), server.printed()));
    seen.push(("the database".to_owned(), String::from_utf8_lossy(&server.folder().stored()).into_owned()));
    for (place, text) in seen {
        assert!(!text.contains(KEY), "the key is in {place}");
    }
}

#[tokio::test]
async fn the_key_is_shown_nowhere_and_stored_encrypted_and_works_after_a_restart_and_new_sealing_keys() {
    let upstream = Upstream::start().await;
    upstream.require_key(KEY);
    let builder = open().env("COLLOQUY_TELEMETRY__FILTER", "debug");
    let server = builder.start().await;
    let owner = server.owner().await;
    let body = provider("mine", &upstream.base_url());
    let made = owner.post_once("once", ALL, &body).await.expect(201);
    assert_eq!(owner.post_once("once", ALL, &body).await.expect(201)["id"], made["id"]);
    assert!(!made.to_string().contains(KEY), "{made}");
    let test = owner.post(&format!("{}/test", one(&made)), &json!({})).await.expect(200);
    assert_eq!((&test["ok"], &test["models"]), (&json!(true), &json!(["echo"])), "{test}");
    assert!(test["milliseconds"].is_u64(), "{test}");
    // A provider that repeats its key to whoever asks.
    let echoing = owner.patch(&one(&made), &json!({ "api_key": "sk-wrong" })).await;
    echoing.expect(200);
    let wrong = owner.post(&format!("{}/test", one(&made)), &json!({})).await.expect(200);
    assert_eq!(wrong["problem"]["code"], "provider_unauthorized", "{wrong}");
    owner.patch(&one(&made), &json!({ "api_key": KEY })).await.expect(200);
    key_is_nowhere(&server, &owner, &made).await;

    let stopped = server.terminate().await;
    let server = stopped.start().await;
    let owner = owner.at(server.address());
    let conversation = owner.conversation_with(&json!({ "model": "mine/echo" })).await;
    assert_eq!(owner.ask(&conversation, "hello").await["status"], "complete");
    key_is_nowhere(&server, &owner, &made).await;

    let stopped = server.terminate().await;
    rotate(stopped.folder()).await;
    let server = stopped.start().await;
    let owner = owner.at(server.address());
    let test = owner.post(&format!("{}/test", one(&made)), &json!({})).await.expect(200);
    assert_eq!(test["ok"], true, "{test}");
    assert_eq!(owner.get(&one(&made)).await.expect(200)["problem"], Value::Null);
    key_is_nowhere(&server, &owner, &made).await;
}

/// Encrypts everything with a new key, as an operator does.
async fn rotate(folder: &Folder) {
    let mut command = open().command(folder);
    let rotated = command.args(["secrets", "rotate", "--sealing"]).output().await.expect("the binary");
    let said = String::from_utf8_lossy(&rotated.stdout).into_owned();
    assert!(rotated.status.success(), "{said}{}", String::from_utf8_lossy(&rotated.stderr));
    assert!(said.contains("Encrypted 1 values anew"), "{said}");
}

#[tokio::test]
async fn answers_go_on_while_their_provider_changes_and_goes() {
    let upstream = Upstream::start().await;
    upstream.script("echo", Script::answer("to the very end").gated());
    let server = open().start().await;
    let owner = server.owner().await;
    let made = connect(&owner, "mine", &upstream).await;
    let conversation = owner.conversation_with(&json!({ "model": "mine/echo" })).await;
    let exchange = owner.send(&conversation, "hello").await;
    eventually("the request", || async { (upstream.counts().requests > 0).then_some(()) }).await;
    owner.patch(&one(&made), &json!({ "enabled": false })).await.expect(200);
    owner.delete(&one(&made)).await.expect(204);
    upstream.release(100);
    let answer = owner.finished(exchange["reply"]["id"].as_str().expect("an id")).await;
    assert_eq!(answer["status"], "complete", "{answer}");
    assert_eq!(answer["parts"][0]["text"], "to the very end", "{answer}");
}
